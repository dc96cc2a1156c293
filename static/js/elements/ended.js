// `lk-ended`: the sign-in came to an end that is none; says why and what to do next. Announces `restart`.

import { announce, button, fill, of } from "../dom.js";
import { sentence } from "../words.js";

/** @typedef {import("../words.js").Words} Words */
/** @typedef {import("../../types/api.js").Reason} Reason */

/** An unhappy end. */
export class Ended extends HTMLElement {
  connectedCallback() {
    button(this, "restart", () => announce(this, "restart"));
  }

  /**
   * @param {Words & { code?: string }} words
   * @param {Reason[]} [reasons]
   */
  tell({ title, text, code }, reasons = []) {
    this.dataset.code = code;
    of(this, "title").textContent = title;
    of(this, "text").textContent = text;
    fill(of(this, "reasons"), reasons.map((reason) => sentence(reason.text)));
  }
}
