// WebAuthn calls from and to JSON, one at a time per page: a new ceremony ends the one before.

import { LatchkeyError, fromWebAuthn } from "./errors.js";
import { decodeCreation, decodeRequest, encode } from "./json.js";

/** @type {AbortController | undefined} */
let current;

/** Ends the ceremony under way, if any. */
export function stop() {
  current?.abort(new DOMException("another ceremony begins", "AbortError"));
  current = undefined;
}

/**
 * A controller for the next ceremony; the one before is over.
 * @param {AbortSignal} [outer] ends it too
 */
export function begin(outer) {
  stop();
  const controller = new AbortController();
  current = controller;
  outer?.addEventListener("abort", () => controller.abort(outer.reason), { once: true });
  if (outer?.aborted) controller.abort(outer.reason);
  return controller.signal;
}

/**
 * @param {object} options `PublicKeyCredentialCreationOptionsJSON`
 * @param {AbortSignal} signal
 * @returns {Promise<object>} `RegistrationResponseJSON`
 */
export async function create(options, signal) {
  try {
    return answer(await navigator.credentials.create({ publicKey: decodeCreation(options), signal }));
  } catch (thrown) {
    throw fromWebAuthn(thrown, "create", signal);
  }
}

/**
 * @param {object} options `PublicKeyCredentialRequestOptionsJSON`
 * @param {AbortSignal} signal
 * @param {CredentialMediationRequirement} [mediation] `conditional` for autofill
 * @returns {Promise<object>} `AuthenticationResponseJSON`
 */
export async function get(options, signal, mediation) {
  try {
    return answer(await navigator.credentials.get({ publicKey: decodeRequest(options), signal, mediation }));
  } catch (thrown) {
    throw fromWebAuthn(thrown, "get", signal);
  }
}

/** @param {Credential | null} credential */
function answer(credential) {
  if (!(credential instanceof PublicKeyCredential)) {
    throw new LatchkeyError("passkey_cancelled", "no passkey was used");
  }
  return encode(credential);
}
