// `lk-step-up`: a second check. Announces `outcome` (of the whole sign-in), `over` {code} or `restart`.

import { LatchkeyError, canUsePasskeys, enrolToStepUp, stepUpWithPasskey } from "../../sdk/latchkey.js";
import { announce, button, fill, of, say } from "../dom.js";
import { wordsFor } from "../words.js";

/** @typedef {import("../../types/api.js").Reason} Reason */

/** The second check of the sign-in page. */
export class StepUp extends HTMLElement {
  connectedCallback() {
    button(this, "passkey", () => this.#answer(stepUpWithPasskey));
    button(this, "enrol", () => this.#answer(enrolToStepUp));
    button(this, "restart", () => announce(this, "restart"));
  }

  /**
   * Shows a challenge; false if nothing here can answer it.
   * @param {{ factors: string[], reasons: Reason[] }} challenge
   */
  ask({ factors, reasons }) {
    say(this, "");
    fill(of(this, "reasons"), reasons.map((reason) => reason.text));
    const passkey = button(this, "passkey");
    const enrol = button(this, "enrol");
    passkey.hidden = !canUsePasskeys() || !factors.includes("passkey");
    enrol.hidden = !canUsePasskeys() || !factors.includes("enrol_passkey");
    return !passkey.hidden || !enrol.hidden;
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
