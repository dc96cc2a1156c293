// `lk-passkeys`: one's passkeys: add, rename, remove. Announces `signed-out` if the session is gone.

import {
  LatchkeyError,
  canUsePasskeys,
  listPasskeys,
  registerPasskey,
  removePasskey,
  renamePasskey,
} from "../../sdk/latchkey.js";
import { ask } from "../ask.js";
import { announce, button, copy, need, of, say } from "../dom.js";
import { ago, day } from "../times.js";
import { wordsFor } from "../words.js";

/** @typedef {import("../../types/api.js").Passkey} Passkey */

/** The passkeys of the account page. */
export class Passkeys extends HTMLElement {
  connectedCallback() {
    const add = button(this, "add", () => this.#try(() => this.#add()));
    add.hidden = !canUsePasskeys();
  }

  /** Reads and shows them. */
  async load() {
    await this.#try(() => this.#show());
  }

  async #show() {
    const { items } = await listPasskeys();
    const rows = of(this, "rows");
    rows.replaceChildren(...items.map((passkey) => this.#row(passkey)));
    rows.hidden = items.length === 0;
    of(this, "empty").hidden = items.length > 0;
  }

  /** @param {Passkey} passkey */
  #row(passkey) {
    const row = copy("passkey-row");
    of(row, "name").textContent = passkey.name;
    of(row, "detail").textContent = detail(passkey);
    const rename = button(row, "rename", () => this.#try(() => this.#rename(passkey)));
    rename.setAttribute("aria-label", `Rename ${passkey.name}`);
    const remove = button(row, "remove", () => this.#try(() => this.#remove(passkey)));
    remove.setAttribute("aria-label", `Remove ${passkey.name}`);
    return row;
  }

  async #add() {
    const { name } = await registerPasskey();
    await this.#show();
    say(this, `Added “${name}”. Next time, sign in with it.`, "good");
  }

  /** @param {Passkey} passkey */
  async #rename({ id, name }) {
    const given = await ask({
      title: "Rename this passkey",
      text: "Choose a name by which you recognise where it is kept.",
      yes: "Save",
      value: name,
    });
    if (!given || given === name) return;
    await renamePasskey(id, given);
    await this.#show();
    this.#focus();
    say(this, `Renamed to “${given}”.`, "good");
  }

  /** @param {Passkey} passkey */
  async #remove({ id, name }) {
    const sure = await ask({
      title: `Remove “${name}”?`,
      text: "It will no longer sign you in. You can add a new one at any time.",
      yes: "Remove",
      danger: true,
    });
    if (sure === undefined) return;
    await removePasskey(id);
    await this.#show();
    this.#focus();
    say(this, `Removed “${name}”.`, "good");
  }

  /** The row that had the focus is gone. */
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
      const words = wordsFor(error);
      if (words.code === "passkey_superseded") return;
      const cancelled = words.code === "passkey_cancelled";
      say(this, cancelled ? "No passkey was added." : words.text, cancelled ? "" : "bad");
    }
  }
}

/** @param {Passkey} passkey */
function detail({ name, provider, created_at, last_used_at, backed_up }) {
  const parts = [
    provider && !name.startsWith(provider) ? provider : undefined,
    `Added ${day(created_at)}`,
    last_used_at ? `used ${ago(last_used_at)}` : undefined,
    backed_up ? "backed up" : "on one device only",
  ];
  return parts.filter(Boolean).join(" · ");
}
