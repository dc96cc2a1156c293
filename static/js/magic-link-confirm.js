// The page behind a magic link. Takes the token out of the address at once and posts it when the button is pressed, never by itself:
// scanners open links and run scripts.

import { LatchkeyError } from "../sdk/errors.js";
import { request } from "../sdk/http.js";
import { form, need, of, say } from "./dom.js";
import { wordsFor } from "./words.js";

/** `lk-confirm`: the button, and in another browser than the starting one the two digits. */
export class Confirm extends HTMLElement {
  connectedCallback() {
    const token = this.#token();
    token.value = handedOver() ?? token.value;
    token.disabled = false;
    if (!token.value) {
      this.#end("The link is incomplete", "Open it from the mail again, or copy it whole.");
      return;
    }
    form(this, () => this.#press());
  }

  async #press() {
    const digits = this.#digits();
    say(this, "");
    digits.removeAttribute("aria-invalid");
    try {
      const match = (this.#asksForDigits() && digits.value.trim()) || undefined;
      const answer = await request("POST", "/magic-link/confirm", { token: this.#token().value, match });
      if (answer.handoff) {
        // The sign-in page takes it from here; the fragment never leaves the browser.
        location.replace(`/sign-in#handoff=${encodeURIComponent(answer.handoff)}`);
      } else {
        this.#end("Confirmed", "Go on where you started; you can close this page.");
      }
    } catch (error) {
      if (error instanceof LatchkeyError && error.code === "match_wrong") return this.#askForDigits();
      const words = wordsFor(error);
      if (error instanceof LatchkeyError && error.status === 410) return this.#end(words.title, words.text);
      say(this, words.text, "bad");
    }
  }

  /** Shown the first time, refused after that. */
  #askForDigits() {
    const digits = this.#digits();
    if (this.#asksForDigits()) {
      const wrong = digits.value ? "Those are not the digits. " : "";
      say(this, `${wrong}Type the two digits that the screen shows on which you started.`, "bad");
      digits.setAttribute("aria-invalid", "true");
    } else {
      of(this, "text").textContent =
        "You started on another device or browser. Type the two digits that its screen shows; if you did not start this, close the page.";
      of(this, "digits").hidden = false;
    }
    digits.focus();
    digits.select();
  }

  /**
   * Nothing more can be done on this page.
   * @param {string} title
   * @param {string} text
   */
  #end(title, text) {
    say(this, "");
    need(this, "form", HTMLFormElement).hidden = true;
    const heading = need(this, "h1", HTMLElement);
    heading.textContent = title;
    of(this, "text").textContent = text;
    document.title = `${title} · Latchkey`;
    heading.focus();
  }

  #asksForDigits() {
    return !of(this, "digits").hidden;
  }

  #token() {
    return need(this, "input[type=hidden][name=token]", HTMLInputElement);
  }

  #digits() {
    return need(this, "input[name=match]", HTMLInputElement);
  }
}

/** The token of the fragment or query; it is gone from the address, and so from the history, at once. */
function handedOver() {
  const found = location.hash.slice(1) || new URLSearchParams(location.search).get("token");
  if (found) {
    history.replaceState(null, "", location.pathname);
  }
  return found || undefined;
}

customElements.define("lk-confirm", Confirm);
