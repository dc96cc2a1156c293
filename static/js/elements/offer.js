// `lk-offer`: after signing in another way, a passkey for the next time; once in a while, never in the way.
// Announces `onward`.

import { canUsePasskeys, listPasskeys, registerPasskey } from "../../sdk/latchkey.js";
import { announce, button, say } from "../dom.js";
import { wordsFor } from "../words.js";

/** The passkey offer of the sign-in page. */
export class Offer extends HTMLElement {
  connectedCallback() {
    button(this, "create", () => this.#create());
    button(this, "skip", () => announce(this, "onward"));
  }

  /**
   * Whether this person should be asked now: has no passkey, could make one, and was not asked here lately.
   * @param {{ amr: string[] }} begun
   * @returns {Promise<boolean>}
   */
  async isDue({ amr }) {
    if (amr.includes("pop") || !canUsePasskeys() || askedLately()) return false;
    try {
      const { items } = await listPasskeys();
      if (items.length > 0) return false;
    } catch {
      return false;
    }
    remember();
    return true;
  }

  async #create() {
    say(this, "");
    try {
      await registerPasskey();
      announce(this, "onward");
    } catch (error) {
      const words = wordsFor(error);
      const cancelled = words.code === "passkey_cancelled";
      say(this, cancelled ? "No passkey was made. Try again, or go on without one." : words.text, cancelled ? "" : "bad");
    }
  }
}

function askedLately() {
  try {
    return Date.now() - Number(localStorage.getItem(KEY)) < REST;
  } catch {
    return false;
  }
}

function remember() {
  try {
    localStorage.setItem(KEY, String(Date.now()));
  } catch {
    // Without storage the question comes again next time.
  }
}

const KEY = "latchkey.passkey-offered";
/** 30 days, in milliseconds. */
const REST = 30 * 86_400_000;
