// Second factors besides passkeys: an authenticator app and recovery codes.

import { request } from "./http.js";

/** @typedef {import("../types/api.js").Factors} Factors */
/** @typedef {import("../types/api.js").FactorsAndHandoff} FactorsAndHandoff */
/** @typedef {import("../types/api.js").TotpSecret} TotpSecret */

/**
 * What the person signed in has.
 * @returns {Promise<Factors>}
 */
export function listFactors() {
  return request("GET", "/step-up/factors");
}

/**
 * Begins to set up an authenticator app; what is shown here is shown once. Throws `step_up_required` if the session has one factor and the account more.
 * @returns {Promise<TotpSecret>}
 */
export function beginTotp() {
  return request("POST", "/step-up/totp", {});
}

/**
 * Confirms the app that is being set up with a code that it shows.
 * @param {string} code
 * @returns {Promise<FactorsAndHandoff>}
 */
export function activateTotp(code) {
  return request("POST", "/step-up/totp/verify", { code });
}

/** Removes the app; without a passkey the recovery codes go too. */
export async function removeTotp() {
  await request("DELETE", "/step-up/totp");
}

/**
 * Makes ten new recovery codes in the place of those before; what is answered here is answered once.
 * @returns {Promise<string[]>}
 */
export async function renewRecoveryCodes() {
  const { codes } = await request("POST", "/step-up/recovery-codes", {});
  return codes;
}
