// `lk-factors`: one's second factors besides passkeys: an authenticator app and recovery codes. Announces `signed-out` if the session is gone.

import { LatchkeyError, activateTotp, beginTotp, listFactors, removeTotp, renewRecoveryCodes } from "../../sdk/latchkey.js";
import { ask } from "../ask.js";
import { announce, button, fill, need, of, say } from "../dom.js";
import { ago, day } from "../times.js";
import { wordsFor, wordsOf } from "../words.js";
import { AppSetup } from "./app-setup.js";

/** @typedef {import("../../types/api.js").Factors} Known */

/** The second factors of the account page. */
export class SecondFactors extends HTMLElement {
  /** @type {Known | undefined} */
  #known;

  connectedCallback() {
    button(this, "set-up", () => this.#try(() => this.#setUp()));
    button(this, "remove", () => this.#try(() => this.#remove()));
    button(this, "renew", () => this.#try(() => this.#renew()));
    button(this, "copy", () => this.#try(() => this.#copy()));
    button(this, "download", () => this.#download());
    button(this, "done", () => this.#putAway());
    this.addEventListener("cancelled", () => this.#cancel());
    this.addEventListener("begin-again", () => void this.#try(() => this.#setUp()));
    this.addEventListener("over", (event) => {
      this.#setup().close();
      say(this, wordsOf(/** @type {CustomEvent} */ (event).detail.code).text, "bad");
    });
  }

  /** Reads and shows them. */
  async load() {
    await this.#try(async () => this.#show(await listFactors()));
  }

  /** @param {Known} known */
  #show(known) {
    this.#known = known;
    const { totp, recovery_codes: list } = known;
    of(this, "app").textContent = app(totp);
    of(this, "app-off").hidden = !totp?.disabled;
    button(this, "set-up").textContent = totp ? "Replace" : "Set up";
    button(this, "set-up").setAttribute("aria-label", totp ? "Replace the authenticator app" : "Set up an authenticator app");
    button(this, "remove").hidden = !totp;
    of(this, "list").textContent = codes(list);
    of(this, "list-off").hidden = !list?.disabled;
    button(this, "renew").textContent = list ? "Make new codes" : "Make codes";
    need(this, "[data-part=factors]", HTMLElement).hidden = false;
  }

  async #setUp() {
    this.#putAway(false);
    this.#setup().show(await beginTotp(), async (code) => {
      this.#show(await activateTotp(code));
      this.#setup().close();
      this.#focus();
      const next = this.#known?.recovery_codes ? "" : " Make recovery codes now: they help when the app is lost.";
      say(this, `Your authenticator app is set up.${next}`, "good");
    });
  }

  #cancel() {
    this.#setup().close();
    this.#focus();
  }

  async #remove() {
    const alone = this.#known?.passkeys === 0 && this.#known.recovery_codes;
    const sure = await ask({
      title: "Remove the authenticator app?",
      text: `Its codes will no longer be asked for or taken.${alone ? " Your recovery codes go with it." : ""}`,
      yes: "Remove",
      danger: true,
    });
    if (sure === undefined) return;
    this.#setup().close();
    await removeTotp();
    this.#show(await listFactors());
    this.#focus();
    say(this, "Removed the authenticator app.", "good");
  }

  async #renew() {
    if (this.#known?.recovery_codes) {
      const sure = await ask({
        title: "Make new recovery codes?",
        text: "Those you have kept so far will no longer work.",
        yes: "Make new codes",
      });
      if (sure === undefined) return;
    }
    this.#setup().close();
    const made = await renewRecoveryCodes();
    fill(of(this, "codes"), made);
    this.#show(await listFactors());
    const kept = need(this, "[data-part=codes]", HTMLElement);
    kept.hidden = false;
    need(kept, "h3", HTMLElement).focus();
  }

  async #copy() {
    await navigator.clipboard.writeText(this.#made().join("\n"));
    say(this, "Copied the codes.", "good");
  }

  #download() {
    const text = `Recovery codes for ${location.host}\nEach works once. Keep them where nobody else looks.\n\n${this.#made().join("\n")}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = "recovery-codes.txt";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
  }

  /** They were shown once: afterwards the page has them no more. */
  #putAway(focus = true) {
    const kept = need(this, "[data-part=codes]", HTMLElement);
    if (kept.hidden) return;
    kept.hidden = true;
    fill(of(this, "codes"), []);
    say(this, "");
    if (focus) this.#focus();
  }

  /** The codes that are shown. */
  #made() {
    return [...of(this, "codes").children].map((item) => item.textContent ?? "");
  }

  #setup() {
    return need(this, "lk-app-setup", AppSetup);
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

/** @param {Known["totp"]} totp */
function app(totp) {
  if (!totp) return "Not set up. Its codes change every half minute and need no network.";
  const used = totp.last_used_at === totp.created_at ? "" : ` · used ${ago(totp.last_used_at)}`;
  return `Added ${day(totp.created_at)}${used}`;
}

/** @param {Known["recovery_codes"]} list */
function codes(list) {
  if (!list) return "None yet. Each works once, for the day your phone is lost.";
  return `${list.left} of 10 left · made ${day(list.created_at)}`;
}
