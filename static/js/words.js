// What people are told, by error code: what happened and what to do next. The API's own sentences are for developers.

import { LatchkeyError } from "../sdk/latchkey.js";

/**
 * @typedef {object} Words
 * @property {string} title
 * @property {string} text
 * @property {boolean} [here] it can be tried again where one is; otherwise the sign-in starts anew
 */

/** @type {Record<string, Words>} */
const WORDS = {
  offline: { title: "No connection", text: "We could not reach the service. Check your connection and try again.", here: true },
  misconfigured: { title: "This service is not set up completely", text: "Tell whoever runs it; its log says what is missing." },
  cross_site: { title: "This came from another site", text: "For your safety we stopped. Open the sign-in page from its own address and start again." },
  invalid_field: { title: "Check the address", text: "This does not look like an e-mail address. Check it and try again.", here: true },
  link_expired: { title: "This sign-in has expired", text: "Links and codes work for a short time only. Start again and use the newest mail." },
  link_used: { title: "This link was used already", text: "Each link works once, and only for who can sign in here. Start again to get a new mail." },
  code_wrong: { title: "Wrong code", text: "That is not the code. Use the one from the newest mail.", here: true },
  too_many_codes: { title: "Too many wrong codes", text: "The code no longer works. Start again to get a new mail." },
  passkey_cancelled: { title: "No passkey used", text: "No passkey was used. Try again, or continue with e-mail.", here: true },
  passkey_unsupported: { title: "No passkeys here", text: "This browser or device cannot use passkeys. Continue with e-mail.", here: true },
  passkey_wrong_site: { title: "Wrong address", text: "Passkeys do not work on this address. Open the sign-in page from its own address.", here: true },
  passkey_exists: { title: "You have one here", text: "This device already has a passkey for your account.", here: true },
  passkey_failed: { title: "The passkey did not work", text: "Your device could not answer. Try again, or continue with e-mail.", here: true },
  unknown_credential: { title: "Passkey not known", text: "This passkey was removed from its account or never belonged to one. Use another, or continue with e-mail.", here: true },
  sign_in_refused: { title: "The passkey was not accepted", text: "Try again, or continue with e-mail.", here: true },
  factor_refused: { title: "That was not accepted", text: "Try again with a factor of this account.", here: true },
  factor_disabled: { title: "Switched off", text: "There were too many wrong codes, so this was switched off. Use another way, or ask your administrator." },
  enrolment_gone: { title: "That took too long", text: "Begin again: the picture works for a quarter of an hour.", here: true },
  step_up_required: { title: "One more check is needed", text: "For this, sign out and sign in again with the second factor you have." },
  method_disabled: { title: "Not offered here", text: "This way of signing in is switched off here. Use another one.", here: true },
  match_wrong: { title: "Other digits", text: "Those are not the digits. Type the two that the screen shows on which you started.", here: true },
  registration_refused: { title: "The passkey was not added", text: "This passkey could not be added. Try again.", here: true },
  too_many_passkeys: { title: "That is all we keep", text: "Remove a passkey first: you have as many as one account can have.", here: true },
  not_found: { title: "It is gone", text: "It is not there any more. Reload the page to see how things stand.", here: true },
  blocked: { title: "This sign-in was stopped", text: "Something about it looked unsafe. Ask your administrator if it goes on." },
};

const TOO_MANY = { title: "Too many tries", text: "Wait a few minutes, then try again.", here: true };
const OURS = { title: "Something broke on our side", text: "It is not your doing. Try again in a moment.", here: true };
const UNKNOWN = {
  title: "This sign-in is no longer good",
  text: "It took too long, was used already, or began in another browser. Start again; it takes a moment.",
};

/**
 * @param {unknown} error
 * @returns {Words & { code: string }}
 */
export function wordsFor(error) {
  if (!(error instanceof LatchkeyError)) {
    console.error(error);
    return { code: "server_error", title: "Something broke on our side", text: "Reload the page and try again." };
  }
  if (Object.hasOwn(WORDS, error.code)) return wordsOf(error.code);
  if (error.status === 429) return { code: error.code, ...TOO_MANY };
  if (error.status >= 500) return { code: error.code, ...OURS };
  return { code: error.code, ...UNKNOWN };
}

/**
 * A reason of the API as people read it: a capital at the start, a full stop at the end.
 * @param {string} text
 */
export function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/**
 * @param {string} code
 * @returns {Words & { code: string }}
 */
export function wordsOf(code) {
  return { code, ...(WORDS[code] ?? UNKNOWN) };
}
