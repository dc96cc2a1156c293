// Passkeys: signing in with one, and looking after one's own.

import * as ceremony from "./ceremony.js";
import { LatchkeyError } from "./errors.js";
import { request } from "./http.js";
import { signalKnown, signalUnknown } from "./signal.js";

/** @typedef {import("../types/api.js").Passkey} Passkey */
/** @typedef {import("../types/api.js").PasskeyList} PasskeyList */
/** @typedef {import("../types/api.js").WithHandoff} WithHandoff */
/** @typedef {import("../types/api.js").WithSignal} WithSignal */

/** Whether this browser knows passkeys at all. */
export function canUsePasskeys() {
  return typeof globalThis.PublicKeyCredential === "function" && "credentials" in navigator;
}

/** Whether passkeys can be offered in a field's suggestions. */
export async function canAutofillPasskeys() {
  return canUsePasskeys() && (await PublicKeyCredential.isConditionalMediationAvailable?.()) === true;
}

/**
 * Signs in with a passkey. With `autofill` the browser offers it in fields marked `autocomplete="… webauthn"` and this waits until
 * one is picked or another ceremony begins (`passkey_superseded`); a challenge that grew old meanwhile is replaced.
 * @param {{ tenant?: string, email?: string, autofill?: boolean, signal?: AbortSignal }} [options]
 * @returns {Promise<WithHandoff>}
 */
export async function signInWithPasskey({ tenant, email, autofill = false, signal: outer } = {}) {
  supported();
  const signal = ceremony.begin(outer);
  const ask = { tenant, email };
  const response = autofill ? await offered(ask, signal) : await asked(ask, signal);
  try {
    return await request("POST", "/passkey/sign-in/verify", response);
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === "unknown_credential") {
      await signalUnknown(error.data);
    }
    throw error;
  }
}

/**
 * Makes a passkey for the person signed in.
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<Passkey & WithSignal>}
 */
export async function registerPasskey({ signal: outer } = {}) {
  supported();
  const signal = ceremony.begin(outer);
  const options = await request("POST", "/passkey/register/options", {}, signal);
  const response = await ceremony.create(options, signal);
  return told(await request("POST", "/passkey/register/verify", response));
}

/**
 * The passkeys of the person signed in.
 * @returns {Promise<PasskeyList>}
 */
export async function listPasskeys() {
  return told(await request("GET", "/passkey/credentials"));
}

/**
 * @param {string} id
 * @param {string} name
 * @returns {Promise<WithSignal>}
 */
export async function renamePasskey(id, name) {
  return told(await request("PATCH", `/passkey/credentials/${encodeURIComponent(id)}`, { name }));
}

/**
 * @param {string} id
 * @returns {Promise<WithSignal>}
 */
export async function removePasskey(id) {
  return told(await request("DELETE", `/passkey/credentials/${encodeURIComponent(id)}`));
}

/**
 * @param {object} ask
 * @param {AbortSignal} signal
 */
async function asked(ask, signal) {
  const options = await request("POST", "/passkey/sign-in/options", ask, signal);
  return ceremony.get(options, signal);
}

/**
 * Like {@link asked}, waiting in the field's suggestions. A challenge lives five minutes on our side, so it is renewed before.
 * @param {object} ask
 * @param {AbortSignal} signal
 */
async function offered(ask, signal) {
  for (;;) {
    const options = await request("POST", "/passkey/sign-in/options", ask, signal);
    const round = new AbortController();
    const end = () => round.abort(signal.reason);
    signal.addEventListener("abort", end, { once: true });
    const timer = setTimeout(() => round.abort(new DOMException("renewed", "TimeoutError")), RENEW);
    try {
      return await ceremony.get(options, round.signal, "conditional");
    } catch (error) {
      const old = round.signal.aborted && !signal.aborted;
      if (!old) throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
    await visible(signal);
  }
}

/**
 * A page nobody looks at asks for nothing.
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function visible(signal) {
  return new Promise((resolve) => {
    if (document.visibilityState === "visible" || signal.aborted) return resolve();
    document.addEventListener("visibilitychange", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/**
 * @template {Partial<WithSignal>} T
 * @param {T} answer
 * @returns {T}
 */
function told(answer) {
  void signalKnown(answer?.signal);
  return answer;
}

function supported() {
  if (!canUsePasskeys()) {
    throw new LatchkeyError("passkey_unsupported", "this browser knows no passkeys");
  }
}

/** Milliseconds after which a waiting challenge is replaced. */
const RENEW = 4 * 60_000;
