// The Signal API (WebAuthn Level 3, section 5.1.10): tells the passkey provider what the service knows, so that it does not offer
// passkeys that no longer work. Best effort: no answer of ours depends on it.

/** @typedef {import("../types/api.js").Signal} Signal */

/**
 * The complete list and the current names of a signed-in person. Providers drop what is missing, so it must never be part of a list.
 * @param {Signal | undefined} signal
 */
export async function signalKnown(signal) {
  if (!signal) return;
  const { rpId, userId, allAcceptedCredentialIds, name, displayName } = signal;
  await call("signalAllAcceptedCredentials", { rpId, userId, allAcceptedCredentialIds });
  await call("signalCurrentUserDetails", { rpId, userId, name, displayName });
}

/**
 * A passkey that the service does not know, for anyone.
 * @param {{ rpId: string, credentialId: string } | undefined} unknown
 */
export async function signalUnknown(unknown) {
  if (unknown?.rpId && unknown.credentialId) {
    await call("signalUnknownCredential", { rpId: unknown.rpId, credentialId: unknown.credentialId });
  }
}

/**
 * @param {string} name
 * @param {object} options
 */
async function call(name, options) {
  try {
    await /** @type {any} */ (globalThis.PublicKeyCredential)?.[name]?.(options);
  } catch {
    // A provider that cannot be told keeps what it has.
  }
}
