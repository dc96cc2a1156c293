// Signing in by mail: the link is pressed anywhere, the code is typed here, and the page that started it goes on.

import { LatchkeyError } from "./errors.js";
import { request } from "./http.js";

/** @typedef {import("../types/api.js").AttemptStarted} AttemptStarted */
/** @typedef {import("../types/api.js").AttemptState} AttemptState */
/** @typedef {import("../types/api.js").WithHandoff} WithHandoff */

/**
 * Sends a mail with a link and a code, if that address can sign in; the answer does not tell.
 * @param {{ email: string, tenant?: string, return_to?: string }} ask
 * @returns {Promise<AttemptStarted>}
 */
export function startMagicLink({ email, tenant, return_to }) {
  return request("POST", "/magic-link", { email, tenant, return_to });
}

/**
 * Waits until the link was pressed or the attempt is over. Asks often at first, then more rarely; at once when the page comes
 * back into view or online.
 * @param {{ signal: AbortSignal, online?: (online: boolean) => void }} options `online` is told when the network goes and comes
 * @returns {Promise<AttemptState>} never the pending one
 */
export async function pollAttempt({ signal, online }) {
  let wait = FIRST_WAIT;
  for (;;) {
    await pause(wait, signal);
    try {
      /** @type {AttemptState} */
      const state = await request("GET", "/magic-link/attempt", undefined, signal);
      online?.(true);
      if (state.status !== "pending") {
        return state;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LatchkeyError) || !passes(error)) {
        throw error;
      }
      online?.(error.code !== "offline");
      wait = Math.max(wait, (error.retryAfter ?? 0) * 1000);
    }
    wait = Math.min(wait * 1.25, LONGEST_WAIT);
  }
}

/**
 * Redeems the code typed from the mail.
 * @param {string} code spaces and dashes do not matter
 * @returns {Promise<WithHandoff>}
 */
export function submitCode(code) {
  return request("POST", "/magic-link/code", { code: code.replace(/[\s-]/g, "") });
}

/** @param {LatchkeyError} error whether asking again may help */
function passes(error) {
  return error.code === "offline" || error.status === 429 || error.status >= 500;
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const stop = (/** @type {() => void} */ then) => {
      clearTimeout(timer);
      done.abort();
      then();
    };
    const timer = setTimeout(() => stop(resolve), ms);
    const wake = () => document.visibilityState === "visible" && stop(resolve);
    document.addEventListener("visibilitychange", wake, { signal: done.signal });
    window.addEventListener("online", wake, { signal: done.signal });
    signal.addEventListener("abort", () => stop(() => reject(signal.reason)), { signal: done.signal });
    if (signal.aborted) stop(() => reject(signal.reason));
  });
}

const FIRST_WAIT = 1_500;
const LONGEST_WAIT = 10_000;
