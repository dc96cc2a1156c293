// `lk-step-up`: a second check, by whichever factor the person has. Announces `outcome` (of the whole sign-in), `over` {code} or `restart`.

import {
  LatchkeyError,
  activateTotpToStepUp,
  beginTotpToStepUp,
  canUsePasskeys,
  enrolToStepUp,
  stepUpWithCode,
  stepUpWithPasskey,
} from "../../sdk/latchkey.js";
import { announce, button, fill, form, need, of, say } from "../dom.js";
import { sentence, wordsFor } from "../words.js";
import { AppSetup } from "./app-setup.js";

/** @typedef {import("../../types/api.js").Reason} Reason */
/** @typedef {"passkey" | "totp" | "recovery_code"} Way */

/** The ways, the one to prefer first, with what is said about each. @type {Record<Way, { text: string, label?: string, wrong: string }>} */
const WAYS = {
  passkey: { text: "Please confirm that it is you.", wrong: "Try again with a passkey of this account." },
  totp: {
    text: "Open your authenticator app and type the code that it shows for this account.",
    label: "Code from your app",
    wrong: "That code was not taken. Wait until your app shows the next one, and type that.",
  },
  recovery_code: {
    text: "Type one of the recovery codes you have kept. Each works once.",
    label: "Recovery code",
    wrong: "That is none of your codes, or it was used before. Try another.",
  },
};

/** The second check of the sign-in page. */
export class StepUp extends HTMLElement {
  /** @type {Way[]} */
  #ways = [];
  /** @type {Way} */
  #way = "passkey";

  connectedCallback() {
    button(this, "passkey", () => this.#answer(stepUpWithPasskey));
    button(this, "enrol", () => this.#answer(() => this.#enrol()));
    button(this, "enrol-app", () => this.#answer(() => this.#enrolApp()));
    button(this, "restart", () => announce(this, "restart"));
    form(need(this, "[data-part=code]", HTMLElement), () => this.#answer(() => this.#code()));
    for (const way of ways()) {
      button(this, `use-${way}`, () => this.#use(way, true));
    }
    this.addEventListener("cancelled", () => this.#offer(this.#ways));
    this.addEventListener("begin-again", () => void this.#answer(() => this.#enrolApp()));
  }

  /**
   * Shows a challenge; false if nothing here can answer it.
   * @param {{ factors: string[], enrol: boolean, reasons: Reason[] }} challenge
   */
  ask({ factors, enrol, reasons }) {
    say(this, "");
    this.#setup().close();
    fill(of(this, "reasons"), reasons.map((reason) => sentence(reason.text)));
    this.#ways = ways().filter((way) => factors.includes(way) && (way !== "passkey" || canUsePasskeys()));
    const [first] = this.#ways;
    if (!first) return false;
    if (enrol) {
      this.#offer(this.#ways);
    } else {
      this.#use(first, false);
    }
    return true;
  }

  /**
   * Answers by one way, and offers the others.
   * @param {Way} way
   * @param {boolean} asked whether the person chose it
   */
  #use(way, asked) {
    this.#way = way;
    const { text, label } = WAYS[way];
    say(this, "");
    of(this, "text").textContent = text;
    const typed = need(this, "[data-part=code]", HTMLElement);
    typed.hidden = way === "passkey";
    button(this, "passkey").hidden = way !== "passkey";
    button(this, "enrol").hidden = true;
    button(this, "enrol-app").hidden = true;
    for (const other of ways()) {
      button(this, `use-${other}`).hidden = other === way || !this.#ways.includes(other);
    }
    if (way === "passkey") {
      if (asked) button(this, "passkey").focus();
      return;
    }
    need(typed, "label", HTMLLabelElement).textContent = label ?? "";
    const field = this.#field();
    field.value = "";
    field.removeAttribute("aria-invalid");
    field.inputMode = way === "totp" ? "numeric" : "text";
    field.autocomplete = way === "totp" ? "one-time-code" : "off";
    if (asked) field.focus();
  }

  /**
   * Nothing is there yet: one of these is to be set up.
   * @param {Way[]} offered
   */
  #offer(offered) {
    this.#setup().close();
    const passkey = offered.includes("passkey");
    of(this, "text").textContent = passkey
      ? "Make a passkey to go on. It takes a moment, and from then on a touch is enough."
      : APP;
    need(this, "[data-part=code]", HTMLElement).hidden = true;
    button(this, "passkey").hidden = true;
    button(this, "enrol").hidden = !passkey;
    const app = button(this, "enrol-app");
    app.hidden = !offered.includes("totp");
    app.classList.toggle("primary", !passkey);
    for (const way of ways()) {
      button(this, `use-${way}`).hidden = true;
    }
  }

  /** Makes the passkey, then asks it at once; if that is declined, it is there to be asked again. */
  async #enrol() {
    await enrolToStepUp();
    this.#ways = ["passkey"];
    this.#use("passkey", true);
    return stepUpWithPasskey();
  }

  /** Shows the secret; the code that confirms it is the answer. */
  async #enrolApp() {
    const shown = await beginTotpToStepUp();
    of(this, "text").textContent = APP;
    button(this, "enrol").hidden = true;
    button(this, "enrol-app").hidden = true;
    this.#setup().show(shown, async (code) => {
      announce(this, "outcome", await activateTotpToStepUp(code));
      this.#setup().close();
    });
    return undefined;
  }

  #code() {
    const way = this.#way === "recovery_code" ? "recovery_code" : "totp";
    return stepUpWithCode(way, this.#field().value.trim());
  }

  /** @param {() => Promise<object | undefined>} act */
  async #answer(act) {
    say(this, "");
    try {
      const outcome = await act();
      if (outcome) announce(this, "outcome", outcome);
    } catch (error) {
      const words = wordsFor(error);
      if (words.code === "passkey_superseded") return;
      if (words.code === "factor_disabled") return this.#withoutThis(words.text);
      const gone = !(error instanceof LatchkeyError) || (!words.here && error.status > 0);
      if (gone) return announce(this, "over", { code: words.code });
      const cancelled = words.code === "passkey_cancelled";
      const text = words.code === "factor_refused" ? WAYS[this.#way].wrong : words.text;
      say(this, cancelled ? "No passkey was used. Try again when you are ready." : text, cancelled ? "" : "bad");
      if (!need(this, "[data-part=code]", HTMLElement).hidden) {
        this.#field().setAttribute("aria-invalid", "true");
        this.#field().select();
      }
    }
  }

  /**
   * This way was switched off; the next one, if there is one.
   * @param {string} text
   */
  #withoutThis(text) {
    this.#ways = this.#ways.filter((way) => way !== this.#way);
    const [next] = this.#ways;
    if (!next) return announce(this, "over", { code: "factor_disabled" });
    this.#use(next, true);
    say(this, text, "bad");
  }

  #setup() {
    return need(this, "lk-app-setup", AppSetup);
  }

  #field() {
    const field = need(this, "[data-part=code] input", HTMLInputElement);
    field.addEventListener("input", () => field.removeAttribute("aria-invalid"), { once: true });
    return field;
  }
}

const APP = "Set up an authenticator app on your phone to go on. From then on its codes confirm your sign-ins.";

function ways() {
  return /** @type {Way[]} */ (Object.keys(WAYS));
}
