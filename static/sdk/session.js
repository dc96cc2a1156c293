// From a handoff to a session, and looking after sessions.

import * as ceremony from "./ceremony.js";
import { LatchkeyError } from "./errors.js";
import { activateTotp, beginTotp } from "./factors.js";
import { request } from "./http.js";
import { registerPasskey } from "./passkeys.js";

/** @typedef {import("../types/api.js").Assessment} Assessment */
/** @typedef {import("../types/api.js").Device} Device */
/** @typedef {import("../types/api.js").Factor} Factor */
/** @typedef {import("../types/api.js").Reason} Reason */
/** @typedef {import("../types/api.js").Session} Session */
/** @typedef {import("../types/api.js").SessionBegun} SessionBegun */
/** @typedef {import("../types/api.js").TotpSecret} TotpSecret */

/**
 * Where a sign-in stands after its first factor.
 * @typedef {{ state: "signed_in", session: SessionBegun }
 *   | { state: "challenge", factors: Factor[], enrol: boolean, reasons: Reason[] }
 *   | { state: "blocked", reasons: Reason[] }} Outcome
 */

/**
 * Takes a handoff the rest of the way: judged, and if allowed a session. A `challenge` is answered by {@link stepUpWithPasskey} or {@link stepUpWithCode}.
 * @param {string} handoff
 * @param {{ remember_device?: boolean }} [options]
 * @returns {Promise<Outcome>}
 */
export async function finish(handoff, options = {}) {
  /** @type {Assessment} */
  const judged = await request("POST", "/step-up/assess", { handoff });
  const { decision, reasons, factors = [], enrol = false } = judged;
  if (decision === "allow" && judged.handoff) {
    return begin(judged.handoff, options);
  }
  return decision === "challenge" ? { state: "challenge", factors, enrol, reasons } : { state: "blocked", reasons };
}

/**
 * Answers a challenge with a passkey the person has.
 * @param {{ remember_device?: boolean, signal?: AbortSignal }} [options]
 * @returns {Promise<Outcome>}
 */
export async function stepUpWithPasskey({ signal: outer, ...options } = {}) {
  const signal = ceremony.begin(outer);
  const asked = await request("POST", "/step-up/passkey/options", {}, signal);
  const response = await ceremony.get(asked, signal);
  const { handoff } = await request("POST", "/step-up/verify", { factor: "passkey", response });
  return begin(handoff, options);
}

/**
 * Answers a challenge with a code: an authenticator app's, or a recovery code.
 * @param {"totp" | "recovery_code"} factor
 * @param {string} code
 * @param {{ remember_device?: boolean }} [options]
 * @returns {Promise<Outcome>}
 */
export async function stepUpWithCode(factor, code, options = {}) {
  const { handoff } = await request("POST", "/step-up/verify", { factor, code });
  return begin(handoff, options);
}

/**
 * Makes the first passkey of a person whose challenge offers to `enrol` one; {@link stepUpWithPasskey} then answers with it.
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<void>}
 */
export async function enrolToStepUp(options) {
  // A session that is still here ends with this sign-in in any case; while it stands, the passkey would become its account's.
  await signOut();
  await registerPasskey(options);
}

/**
 * Begins to set up an app as the first factor of a person whose challenge offers to `enrol` one; {@link activateTotpToStepUp} then answers.
 * @returns {Promise<TotpSecret>}
 */
export async function beginTotpToStepUp() {
  // As for a passkey: not into the account of a session that is still here.
  await signOut();
  return beginTotp();
}

/**
 * Confirms that app, and answers the challenge with the same code.
 * @param {string} code
 * @param {{ remember_device?: boolean }} [options]
 * @returns {Promise<Outcome>}
 */
export async function activateTotpToStepUp(code, options = {}) {
  const { handoff } = await activateTotp(code);
  if (!handoff) throw new LatchkeyError("transaction_gone", "no step-up waits for this");
  return begin(handoff, options);
}

/**
 * Who is signed in; throws `unauthorized` if nobody is.
 * @returns {Promise<Session>}
 */
export function session() {
  return request("GET", "/session");
}

/** Signs out here. */
export async function signOut() {
  await request("DELETE", "/session");
}

/**
 * Where the person is signed in.
 * @returns {Promise<{ items: Device[], next?: string }>}
 */
export function listSessions() {
  return request("GET", "/session/all");
}

/**
 * Ends one session.
 * @param {string} id
 */
export async function endSession(id) {
  await request("DELETE", `/session/${encodeURIComponent(id)}`);
}

/** Signs out everywhere, here too. */
export async function signOutEverywhere() {
  await request("DELETE", "/session/all");
}

/**
 * @param {string} handoff a cleared one
 * @param {{ remember_device?: boolean }} options
 * @returns {Promise<Outcome>}
 */
async function begin(handoff, { remember_device }) {
  const session = await request("POST", "/session", { handoff, remember_device });
  return { state: "signed_in", session };
}
