// `lk-waiting`: a mail is out. Shows the number to compare, takes the typed code, and goes on by itself when the link is pressed.
// Announces `proved` {handoff}, `over` {code} or `restart`.

import { LatchkeyError, pollAttempt, startMagicLink, submitCode } from "../../sdk/latchkey.js";
import { announce, button, form, need, of, say } from "../dom.js";
import { wordsFor } from "../words.js";

/** @typedef {{ email: string, tenant?: string, return_to?: string }} Ask */
/** @typedef {import("../../types/api.js").AttemptStarted} AttemptStarted */

/** The waiting step of the sign-in page. */
export class Waiting extends HTMLElement {
  /** @type {Ask | undefined} */
  #ask;
  /** @type {AbortController | undefined} */
  #waits;
  #countdown = 0;

  connectedCallback() {
    form(this, () => this.#code());
    button(this, "restart", () => announce(this, "restart"));
    // Not by `button`: this one's rest is longer than the request.
    button(this, "resend").addEventListener("click", () => this.#resend());
  }

  /**
   * Waits for an attempt that was just started.
   * @param {Ask} ask
   * @param {AttemptStarted} started
   */
  wait(ask, started) {
    this.stop();
    this.#ask = ask;
    of(this, "email").textContent = ask.email;
    of(this, "minutes").textContent = minutes(started.expires_in);
    of(this, "match").textContent = started.match;
    this.#field().value = "";
    this.#mark(false);
    say(this, "");
    this.#rest();
    void this.#poll();
  }

  /** Waits no longer. */
  stop() {
    this.#waits?.abort();
    this.#waits = undefined;
    clearInterval(this.#countdown);
  }

  async #poll() {
    const waits = new AbortController();
    this.#waits = waits;
    try {
      const state = await pollAttempt({ signal: waits.signal, online: (online) => this.#online(online) });
      if (state.status === "confirmed") {
        announce(this, "proved", { handoff: state.handoff });
      } else {
        this.#over("link_expired");
      }
    } catch (error) {
      if (waits.signal.aborted) return;
      this.#over(wordsFor(error).code);
    }
  }

  async #code() {
    const field = this.#field();
    say(this, "");
    if (!/\d/.test(field.value)) {
      this.#refuse("Type the code from the mail: it is made of digits.");
      return;
    }
    this.#mark(false);
    try {
      announce(this, "proved", await submitCode(field.value));
    } catch (error) {
      const words = wordsFor(error);
      if (error instanceof LatchkeyError && error.status === 429) return this.#over("too_many_codes");
      if (error instanceof LatchkeyError && error.status === 422) return this.#refuse(WRONG);
      if (!words.here) return this.#over(words.code);
      this.#refuse(words.text);
    }
  }

  /** @param {string} text */
  #refuse(text) {
    say(this, text, "bad");
    this.#mark(true);
    this.#field().focus();
    this.#field().select();
  }

  async #resend() {
    const ask = this.#ask;
    const resend = button(this, "resend");
    if (!ask || resend.getAttribute("aria-disabled") === "true") return;
    resend.setAttribute("aria-disabled", "true");
    try {
      this.wait(ask, await startMagicLink(ask));
      say(this, "Sent again. Only the newest mail works, and the number is a new one.", "good");
    } catch (error) {
      resend.removeAttribute("aria-disabled");
      say(this, wordsFor(error).text, "bad");
    }
  }

  /** Mails take a moment: the button rests first. */
  #rest() {
    const resend = button(this, "resend");
    resend.setAttribute("aria-disabled", "true");
    let left = REST;
    const tick = () => {
      resend.textContent = left > 0 ? `Send it again in ${left} s` : "Send it again";
      if (left === 0) {
        resend.removeAttribute("aria-disabled");
        clearInterval(this.#countdown);
      }
      left -= 1;
    };
    tick();
    this.#countdown = window.setInterval(tick, 1_000);
  }

  /** @param {boolean} online */
  #online(online) {
    const status = need(this, "[role=status]", HTMLElement);
    if (!online) {
      say(this, OFFLINE, "bad");
    } else if (status.textContent === OFFLINE) {
      say(this, "");
    }
  }

  /** @param {string} code */
  #over(code) {
    this.stop();
    announce(this, "over", { code });
  }

  /** @param {boolean} wrong */
  #mark(wrong) {
    if (wrong) this.#field().setAttribute("aria-invalid", "true");
    else this.#field().removeAttribute("aria-invalid");
  }

  #field() {
    return need(this, "input[name=code]", HTMLInputElement);
  }
}

/** @param {number} seconds */
function minutes(seconds) {
  const whole = Math.max(1, Math.round(seconds / 60));
  return whole === 1 ? "one minute" : `${whole} minutes`;
}

const WRONG = "That is not the code. Use the one from the newest mail.";
const OFFLINE = "No connection right now. We keep trying.";
/** Seconds before another mail can be asked for. */
const REST = 30;
