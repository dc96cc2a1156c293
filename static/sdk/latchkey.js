// Latchkey for front ends: sign people in, with few functions over `fetch` and the browser's own WebAuthn.
//
//   import { startMagicLink, pollAttempt, finish } from "/static/sdk/latchkey.js";
//
// Every function answers with the shapes of docs/API.md or throws a `LatchkeyError`, whose `code` is stable.

export { LatchkeyError } from "./errors.js";
export { listFactors, beginTotp, activateTotp, removeTotp, renewRecoveryCodes } from "./factors.js";
export { startMagicLink, pollAttempt, submitCode } from "./magic-link.js";
export {
  canUsePasskeys,
  canAutofillPasskeys,
  signInWithPasskey,
  registerPasskey,
  listPasskeys,
  renamePasskey,
  removePasskey,
} from "./passkeys.js";
export {
  finish,
  stepUpWithPasskey,
  stepUpWithCode,
  enrolToStepUp,
  beginTotpToStepUp,
  activateTotpToStepUp,
  session,
  signOut,
  listSessions,
  endSession,
  signOutEverywhere,
} from "./session.js";
