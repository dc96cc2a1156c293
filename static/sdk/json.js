// WebAuthn's JSON forms (WebAuthn Level 3, section 5.1.8 and 5.1.9): the browser's own functions, or ours where it has none.

/**
 * @param {any} json `PublicKeyCredentialCreationOptionsJSON`
 * @returns {PublicKeyCredentialCreationOptions}
 */
export function decodeCreation(json) {
  const native = /** @type {any} */ (PublicKeyCredential).parseCreationOptionsFromJSON;
  if (typeof native === "function") {
    return native.call(PublicKeyCredential, json);
  }
  return {
    ...json,
    challenge: bytes(json.challenge),
    user: { ...json.user, id: bytes(json.user.id) },
    excludeCredentials: json.excludeCredentials?.map(descriptor),
  };
}

/**
 * @param {any} json `PublicKeyCredentialRequestOptionsJSON`
 * @returns {PublicKeyCredentialRequestOptions}
 */
export function decodeRequest(json) {
  const native = /** @type {any} */ (PublicKeyCredential).parseRequestOptionsFromJSON;
  if (typeof native === "function") {
    return native.call(PublicKeyCredential, json);
  }
  return { ...json, challenge: bytes(json.challenge), allowCredentials: json.allowCredentials?.map(descriptor) };
}

/**
 * @param {PublicKeyCredential} credential
 * @returns {object} `RegistrationResponseJSON` or `AuthenticationResponseJSON`
 */
export function encode(credential) {
  if (typeof credential.toJSON === "function") {
    return credential.toJSON();
  }
  const { id, rawId, type, authenticatorAttachment } = credential;
  const response = /** @type {any} */ (credential.response);
  return {
    id,
    rawId: text(rawId),
    type,
    authenticatorAttachment: authenticatorAttachment ?? undefined,
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: response.getTransports?.(),
      authenticatorData: text(response.authenticatorData ?? response.getAuthenticatorData?.()),
      signature: text(response.signature),
      userHandle: text(response.userHandle),
    },
  };
}

/** @param {any} json */
function descriptor(json) {
  return { ...json, id: bytes(json.id) };
}

/**
 * base64url to bytes.
 * @param {string} base64url
 */
function bytes(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

/**
 * Bytes to base64url.
 * @param {ArrayBuffer | null | undefined} buffer
 * @returns {string | undefined}
 */
function text(buffer) {
  if (!buffer) return undefined;
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
