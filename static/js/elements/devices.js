// `lk-devices`: where one is signed in, and ending it there. Announces `signed-out` if that was here.

import { LatchkeyError, endSession, listSessions } from "../../sdk/latchkey.js";
import { ask } from "../ask.js";
import { announce, button, copy, need, of, say } from "../dom.js";
import { ago, day } from "../times.js";
import { wordsFor } from "../words.js";

/** @typedef {import("../../types/api.js").Device} Device */

/** The devices of the account page. */
export class Devices extends HTMLElement {
  /** @type {Device[]} */
  #items = [];

  connectedCallback() {
    button(this, "others", () => this.#try(() => this.#endOthers()));
  }

  /** Reads and shows them. */
  async load() {
    await this.#try(() => this.#show());
  }

  async #show() {
    const { items } = await listSessions();
    this.#items = items.toSorted((one, other) => Number(other.current) - Number(one.current));
    of(this, "rows").replaceChildren(...this.#items.map((device) => this.#row(device)));
    button(this, "others").hidden = this.#others().length === 0;
  }

  /** @param {Device} device */
  #row(device) {
    const row = copy("device-row");
    const name = device.device;
    of(row, "name").textContent = name;
    of(row, "current").hidden = !device.current;
    const how = device.amr.includes("pop") ? "by passkey" : "by e-mail";
    of(row, "detail").textContent = `Signed in ${how} on ${day(device.began)} · active ${ago(device.seen)}`;
    const end = button(row, "end", () => this.#try(() => this.#end(device, name)));
    end.setAttribute("aria-label", device.current ? `Sign out ${name}, this device` : `Sign out ${name}`);
    return row;
  }

  /**
   * @param {Device} device
   * @param {string} name
   */
  async #end({ id, current }, name) {
    await endSession(id);
    if (current) return announce(this, "signed-out");
    await this.#show();
    this.#focus();
    say(this, `Signed out ${name}.`, "good");
  }

  async #endOthers() {
    const others = this.#others();
    const sure = await ask({
      title: "Sign out all other devices?",
      text: "You stay signed in here.",
      yes: "Sign out others",
      danger: true,
    });
    if (sure === undefined) return;
    for (const { id } of others) {
      await endSession(id).catch(gone);
    }
    await this.#show();
    this.#focus();
    say(this, others.length === 1 ? "Signed out one other device." : `Signed out ${others.length} other devices.`, "good");
  }

  #others() {
    return this.#items.filter((device) => !device.current);
  }

  #focus() {
    need(this, "h2", HTMLElement).focus();
  }

  /** @param {() => Promise<void>} act */
  async #try(act) {
    say(this, "");
    try {
      await act();
    } catch (error) {
      if (error instanceof LatchkeyError && error.status === 401) return announce(this, "signed-out");
      say(this, wordsFor(error).text, "bad");
    }
  }
}

/**
 * A session that ended by itself meanwhile is signed out, too.
 * @param {unknown} error
 */
function gone(error) {
  if (!(error instanceof LatchkeyError && error.status === 404)) throw error;
}
