//! A software authenticator: it answers the options that a server sends as a browser with a synced passkey would (ES256, attestation
//! `none`, user present and verified). For tests and benches; its keys follow from a seed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A passkey in its keeping.
#[derive(Clone)]
pub struct Passkey {
    key: SigningKey,
    id: Vec<u8>,
    rp_id: String,
    handle: Vec<u8>,
    origin: String,
}

/// User present, user verified, backup eligible, backed up.
const FLAGS: u8 = 0b0001_1101;
/// With attested credential data.
const ATTESTED: u8 = 0b0100_0000;

impl Passkey {
    /// Makes a passkey for these `PublicKeyCredentialCreationOptionsJSON`; the answer is a `RegistrationResponseJSON`. `None` if the options
    /// lack what a browser needs.
    pub fn create(options: &Value, origin: &str, seed: [u8; 32]) -> Option<(Self, Value)> {
        let key = SigningKey::from_slice(&Sha256::digest(seed)).ok()?;
        let passkey = Self {
            key,
            id: Sha256::digest([&seed[..], b"id"].concat()).to_vec(),
            rp_id: options.pointer("/rp/id")?.as_str()?.to_owned(),
            handle: B64.decode(options.pointer("/user/id")?.as_str()?).ok()?,
            origin: origin.to_owned(),
        };
        let client_data = passkey.client_data("webauthn.create", options.get("challenge")?.as_str()?);
        let point = passkey.key.verifying_key().to_sec1_point(false);
        let (x, y) = (point.x()?, point.y()?);
        // COSE: kty EC2, alg ES256, crv P-256 (RFC 9053 section 7.1.1)
        let mut cose = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        cose.extend_from_slice(x);
        cose.extend_from_slice(b"\x22\x58\x20");
        cose.extend_from_slice(y);
        let mut data = passkey.authenticator_data(FLAGS | ATTESTED);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&u16::try_from(passkey.id.len()).ok()?.to_be_bytes());
        data.extend_from_slice(&passkey.id);
        data.extend_from_slice(&cose);
        // {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut object = b"\xa3cfmtdnonegattStmt\xa0hauthData\x58".to_vec();
        object.push(u8::try_from(data.len()).ok()?);
        object.extend_from_slice(&data);
        let answer = json!({
            "id": B64.encode(&passkey.id),
            "rawId": B64.encode(&passkey.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": B64.encode(&client_data),
                "attestationObject": B64.encode(&object),
                "authenticatorData": B64.encode(&data),
                "transports": ["internal", "hybrid"],
                "publicKeyAlgorithm": -7,
            },
        });
        Some((passkey, answer))
    }

    /// Answers these `PublicKeyCredentialRequestOptionsJSON` with an `AuthenticationResponseJSON`.
    pub fn sign_in(&self, options: &Value) -> Option<Value> {
        let client_data = self.client_data("webauthn.get", options.get("challenge")?.as_str()?);
        let data = self.authenticator_data(FLAGS);
        let signature: Signature = self.key.sign(&[&data[..], &Sha256::digest(&client_data)].concat());
        Some(json!({
            "id": B64.encode(&self.id),
            "rawId": B64.encode(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": B64.encode(&client_data),
                "authenticatorData": B64.encode(&data),
                "signature": B64.encode(signature.to_der()),
                "userHandle": B64.encode(&self.handle),
            },
        }))
    }

    /// The credential id, base64url.
    pub fn id(&self) -> String {
        B64.encode(&self.id)
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(flags);
        // Synced passkeys keep no counter.
        data.extend_from_slice(&[0; 4]);
        data
    }
}
