// What can go wrong, by stable code: the API's own problems, the network, and what WebAuthn throws.

/** Something did not work; `code` says what, and stays the same. */
export class LatchkeyError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ status?: number, retryAfter?: number, data?: any, cause?: unknown }} [more]
   */
  constructor(code, message, more = {}) {
    super(message, { cause: more.cause });
    this.name = "LatchkeyError";
    /** Stable, `snake_case`. */
    this.code = code;
    /** The HTTP status, or 0 if there was no answer. */
    this.status = more.status ?? 0;
    /** Seconds to wait, when told. */
    this.retryAfter = more.retryAfter;
    /** The whole problem document. @type {any} */
    this.data = more.data;
  }
}

/**
 * What a WebAuthn call threw, as a stable code. The steps are those of WebAuthn Level 3:
 * create() https://www.w3.org/TR/webauthn-3/#sctn-createCredential, get() https://www.w3.org/TR/webauthn-3/#sctn-getAssertion
 *
 * @param {unknown} thrown
 * @param {"create" | "get"} call
 * @param {AbortSignal} [signal] the ceremony's own
 * @returns {LatchkeyError}
 */
export function fromWebAuthn(thrown, call, signal) {
  if (thrown instanceof LatchkeyError) {
    return thrown;
  }
  const name = thrown instanceof Error || thrown instanceof DOMException ? thrown.name : "";
  const error = (/** @type {string} */ code, /** @type {string} */ message) =>
    new LatchkeyError(code, message, { cause: thrown });
  // Both calls: "If options.signal is present and aborted, throw the options.signal's abort reason."
  if (signal?.aborted) {
    return error("passkey_superseded", "another passkey request took its place");
  }
  switch (name) {
    case "AbortError":
      return error("passkey_superseded", "another passkey request took its place");
    // Both calls, last step: the person declined, the time ran out, or no authenticator would do; a page may not learn which.
    case "NotAllowedError":
      return error("passkey_cancelled", "no passkey was used: it was declined, or took too long");
    // create(), "If any credential of excludeCredentials is known to the authenticator": one of this person's is on it already.
    case "InvalidStateError":
      return call === "create"
        ? error("passkey_exists", "this device already has a passkey for this account")
        : error("passkey_failed", "the device could not answer");
    // Both calls: "If effectiveDomain is not a valid domain", "If rpId is not a registrable domain suffix of effectiveDomain".
    case "SecurityError":
      return error("passkey_wrong_site", "passkeys of this service do not work on this address");
    // create(): "If credTypesAndPubKeyAlgs is empty": the device makes no kind of key that we take.
    case "NotSupportedError":
      return error("passkey_unsupported", "this device makes no passkey of a kind that this service takes");
    // create(): "If requireUserVerification is true and the authenticator cannot": no PIN, fingerprint or face is set up.
    case "ConstraintError":
      return error("passkey_unsupported", "this device has no screen lock, which a passkey needs");
    // create(), "If the length of options.user.id is not between 1 and 64 bytes", and unreadable JSON: our mistake, not the person's.
    case "TypeError":
    case "EncodingError":
      return error("passkey_failed", "the passkey request was not understood");
    default:
      return error("passkey_failed", "the device could not answer");
  }
}
