// `lk-app-setup`: an authenticator app is set up: a picture to scan, the key to type instead, and the code that confirms it.
// Whoever shows it says what confirming is. Announces `cancelled`, `begin-again` (it took too long), `signed-out`, or `over` {code}.

import { LatchkeyError } from "../../sdk/latchkey.js";
import { announce, button, form, need, of, say } from "../dom.js";
import { wordsFor } from "../words.js";

/** @typedef {import("../../types/api.js").TotpSecret} TotpSecret */

/** Setting up an app. */
export class AppSetup extends HTMLElement {
  /** @type {(code: string) => Promise<unknown>} */
  #confirm = async () => {};

  connectedCallback() {
    form(this, () => this.#send());
    button(this, "copy-key", () => this.#copy());
    button(this, "cancel", () => announce(this, "cancelled"));
  }

  /**
   * Shows a secret.
   * @param {TotpSecret} shown
   * @param {(code: string) => Promise<unknown>} confirm
   */
  show({ uri, secret, qr_svg }, confirm) {
    this.#confirm = confirm;
    say(this, "");
    const picture = need(this, "img", HTMLImageElement);
    // As a picture it is drawn and nothing else: nothing in it could run.
    picture.src = `data:image/svg+xml,${encodeURIComponent(qr_svg)}`;
    of(this, "key").textContent = secret.replace(/(.{4})(?=.)/g, "$1 ");
    need(this, "a", HTMLAnchorElement).href = uri;
    this.#field().value = "";
    this.hidden = false;
    need(this, "h2, h3", HTMLElement).focus();
  }

  /** Forgets what it showed. */
  close() {
    this.hidden = true;
    need(this, "img", HTMLImageElement).removeAttribute("src");
    of(this, "key").textContent = "";
    need(this, "a", HTMLAnchorElement).removeAttribute("href");
  }

  async #send() {
    say(this, "");
    try {
      await this.#confirm(this.#field().value.trim());
    } catch (error) {
      const words = wordsFor(error);
      if (words.code === "enrolment_gone") return announce(this, "begin-again");
      if (error instanceof LatchkeyError && error.status === 401) return announce(this, "signed-out");
      if (!words.here) return announce(this, "over", { code: words.code });
      say(this, words.code === "factor_refused" ? "That code does not match. Wait for the next one and type it." : words.text, "bad");
      this.#field().setAttribute("aria-invalid", "true");
      this.#field().select();
      this.#field().focus();
    }
  }

  async #copy() {
    await navigator.clipboard.writeText(of(this, "key").textContent?.replaceAll(" ", "") ?? "");
    say(this, "Copied the key.", "good");
  }

  #field() {
    const field = need(this, "input", HTMLInputElement);
    field.addEventListener("input", () => field.removeAttribute("aria-invalid"), { once: true });
    return field;
  }
}
