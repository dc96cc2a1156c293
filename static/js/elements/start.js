// `lk-start`: the first step. An address, or a passkey: by button, or picked from the field's suggestions.
// Announces `started` {ask, started} or `proved` {handoff}.

import {
  LatchkeyError,
  canAutofillPasskeys,
  canUsePasskeys,
  signInWithPasskey,
  startMagicLink,
} from "../../sdk/latchkey.js";
import { announce, button, form, need, say } from "../dom.js";
import { wordsFor } from "../words.js";

/** The first step of the sign-in page. */
export class Start extends HTMLElement {
  connectedCallback() {
    form(this, () => this.#mail());
    const passkey = button(this, "passkey", () => this.#passkey());
    passkey.hidden = !canUsePasskeys();
    need(this, ".with-passkey", HTMLElement).hidden = passkey.hidden;
  }

  /** Ready for someone: passkeys are offered in the address field from now on. */
  begin() {
    say(this, "");
    void this.#autofill();
  }

  async #mail() {
    say(this, "");
    const { email, tenant, return_to } = this.#fields();
    const ask = { email: email ?? "", tenant, return_to };
    try {
      const started = await startMagicLink(ask);
      announce(this, "started", { ask, started });
    } catch (error) {
      this.#tell(error);
      if (error instanceof LatchkeyError && error.data?.field === "email") {
        this.#field().setAttribute("aria-invalid", "true");
        this.#field().focus();
      }
    }
  }

  async #passkey() {
    say(this, "");
    try {
      announce(this, "proved", await signInWithPasskey({ tenant: this.#fields().tenant }));
    } catch (error) {
      this.#tell(error);
      void this.#autofill();
    }
  }

  async #autofill() {
    if (!(await canAutofillPasskeys())) return;
    try {
      announce(this, "proved", await signInWithPasskey({ tenant: this.#fields().tenant, autofill: true }));
    } catch (error) {
      const code = error instanceof LatchkeyError ? error.code : "";
      // Nobody asked for this one, so only what became of a passkey that was picked is told.
      if (code === "unknown_credential" || code === "sign_in_refused") {
        this.#tell(error);
        void this.#autofill();
      }
    }
  }

  /** @param {unknown} error */
  #tell(error) {
    const words = wordsFor(error);
    if (words.code === "passkey_superseded") return;
    say(this, words.text, words.code === "passkey_cancelled" ? "" : "bad");
  }

  #field() {
    const field = need(this, "input[name=email]", HTMLInputElement);
    field.addEventListener("input", () => field.removeAttribute("aria-invalid"), { once: true });
    return field;
  }

  /** @returns {Record<string, string | undefined>} */
  #fields() {
    const values = new FormData(need(this, "form", HTMLFormElement));
    return Object.fromEntries([...values].map(([name, value]) => [name, String(value).trim() || undefined]));
  }
}
