// The sign-in page: shows one step at a time and leads from a proof to a session.

import { finish, session } from "../sdk/latchkey.js";
import { of } from "./dom.js";
import { AppSetup } from "./elements/app-setup.js";
import { Ended } from "./elements/ended.js";
import { Offer } from "./elements/offer.js";
import { Start } from "./elements/start.js";
import { StepUp } from "./elements/step-up.js";
import { Waiting } from "./elements/waiting.js";
import { ours } from "./return-to.js";
import { wordsFor, wordsOf } from "./words.js";

/** @typedef {import("../sdk/session.js").Outcome} Outcome */
/** @typedef {import("../types/api.js").SessionBegun} SessionBegun */

const query = new URLSearchParams(location.search);
/** Other tabs of this browser: the link may be pressed in one of them. */
const tabs = new BroadcastChannel("latchkey");

customElements.define("lk-start", Start);
customElements.define("lk-waiting", Waiting);
customElements.define("lk-app-setup", AppSetup);
customElements.define("lk-step-up", StepUp);
customElements.define("lk-offer", Offer);
customElements.define("lk-ended", Ended);

const start = step("start", Start);
const waiting = step("waiting", Waiting);
const stepUp = step("step-up", StepUp);
const offer = step("offer", Offer);
const ended = step("ended", Ended);

on("started", ({ ask, started }) => {
  waiting.wait(ask, started);
  show("waiting");
});
on("proved", ({ handoff }) => go(() => finish(handoff)));
on("outcome", (outcome) => go(async () => outcome));
on("over", ({ code }) => over(code));
on("onward", () => onward());
on("restart", () => {
  waiting.stop();
  start.begin();
  show("start");
});

tabs.addEventListener("message", ({ data }) => {
  if (data === "signed-in" && (visible() === "waiting" || visible() === "ended")) elsewhere();
});

const handoff = handedOver();
if (handoff) {
  void go(() => finish(handoff));
} else {
  start.begin();
}

/**
 * Takes a sign-in on from a proof.
 * @param {() => Promise<Outcome>} next
 */
async function go(next) {
  waiting.stop();
  show("busy");
  try {
    const outcome = await next();
    switch (outcome.state) {
      case "signed_in":
        tabs.postMessage("signed-in");
        return await signedIn(outcome.session);
      case "challenge":
        if (!stepUp.ask(outcome)) {
          ended.tell(wordsOf("blocked"), outcome.reasons);
          return show("ended");
        }
        return show("step-up");
      case "blocked":
        ended.tell(wordsOf("blocked"), outcome.reasons);
        return show("ended");
    }
  } catch (error) {
    ended.tell(wordsFor(error));
    show("ended");
  }
}

/** @param {SessionBegun} begun */
async function signedIn(begun) {
  link().href = ours(begun.return_to) ?? ours(query.get("return_to")) ?? "/account";
  if (await offer.isDue(begun)) return show("offer");
  onward();
}

function onward() {
  show("done");
  location.replace(link().href);
}

/**
 * The attempt ended without a proof here. If it was used in another tab, that tab has the session.
 * @param {string} code
 */
async function over(code) {
  if (code === "link_expired" && (await session().catch(() => undefined))) return elsewhere();
  ended.tell(wordsOf(code));
  show("ended");
}

function elsewhere() {
  waiting.stop();
  link().href = ours(query.get("return_to")) ?? "/account";
  show("done");
  const text = link().parentElement?.firstChild;
  if (text) text.textContent = "You did so in another tab and can close this one. ";
}

/** The handoff that a redirect or the confirm page leaves in the fragment; it is gone from the address at once. */
function handedOver() {
  const found = new URLSearchParams(location.hash.slice(1)).get("handoff");
  if (found) {
    history.replaceState(null, "", location.pathname + location.search);
  }
  return found;
}

/**
 * Shows one step, names the page after it, and moves the focus to its heading so that a screen reader begins there.
 * @param {string} name
 */
function show(name) {
  for (const section of document.querySelectorAll("[data-step]")) {
    section.toggleAttribute("hidden", section.getAttribute("data-step") !== name);
  }
  const heading = document.querySelector(`[data-step="${name}"] h1`);
  if (heading instanceof HTMLElement) {
    document.title = `${heading.textContent} · Latchkey`;
    heading.focus();
  }
}

/** The step that is shown. */
function visible() {
  return document.querySelector("[data-step]:not([hidden])")?.getAttribute("data-step");
}

/** @returns {HTMLAnchorElement} */
function link() {
  return /** @type {HTMLAnchorElement} */ (of(document, "onward"));
}

/**
 * @template {HTMLElement} T
 * @param {string} name
 * @param {{ new (): T }} kind
 * @returns {T}
 */
function step(name, kind) {
  const found = document.querySelector(`[data-step="${name}"]`);
  if (!(found instanceof kind)) throw new TypeError(`the page has no step ${name}`);
  return found;
}

/**
 * @param {string} name
 * @param {(detail: any) => unknown} act
 */
function on(name, act) {
  document.addEventListener(name, (event) => void act(/** @type {CustomEvent} */ (event).detail));
}
