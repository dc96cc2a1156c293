// `lk-step-up`: a second check. Announces `outcome` (of the whole sign-in), `over` {code} or `restart`.

import { LatchkeyError, canUsePasskeys, enrolToStepUp, stepUpWithPasskey } from "../../sdk/latchkey.js";
import { announce, button, fill, of, say } from "../dom.js";
import { sentence, wordsFor } from "../words.js";

/** @typedef {import("../../types/api.js").Reason} Reason */

/** The second check of the sign-in page. */
export class StepUp extends HTMLElement {
  connectedCallback() {
    button(this, "passkey", () => this.#answer(stepUpWithPasskey));
    button(this, "enrol", () => this.#answer(() => this.#enrol()));
    button(this, "restart", () => announce(this, "restart"));
  }

  /**
   * Shows a challenge; false if nothing here can answer it.
   * @param {{ factors: string[], enrol: boolean, reasons: Reason[] }} challenge
   */
  ask({ factors, enrol, reasons }) {
    say(this, "");
    fill(of(this, "reasons"), reasons.map((reason) => sentence(reason.text)));
    this.#offer(enrol);
    return canUsePasskeys() && factors.includes("passkey");
  }

  /** Makes the passkey, then asks it at once; if that is declined, it is there to be asked again. */
  async #enrol() {
    await enrolToStepUp();
    this.#offer(false);
    return stepUpWithPasskey();
  }

  /** @param {boolean} enrol whether a passkey has to be made first */
  #offer(enrol) {
    of(this, "text").textContent = enrol
      ? "Make a passkey to go on. It takes a moment, and from then on a touch is enough."
      : "Please confirm that it is you.";
    button(this, "passkey").hidden = enrol;
    button(this, "enrol").hidden = !enrol;
  }

  /** @param {() => Promise<object>} act */
  async #answer(act) {
    say(this, "");
    try {
      announce(this, "outcome", await act());
    } catch (error) {
      const words = wordsFor(error);
      if (words.code === "passkey_superseded") return;
      const gone = !(error instanceof LatchkeyError) || (!words.here && error.status > 0);
      if (gone) return announce(this, "over", { code: words.code });
      const cancelled = words.code === "passkey_cancelled";
      say(this, cancelled ? "No passkey was used. Try again when you are ready." : words.text, cancelled ? "" : "bad");
    }
  }
}
