//! Secrets that must be read again, wrapped: AES-256-GCM (RustCrypto's) under a key that is a setting, so that the store alone tells none.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use domain::IndexKey;
use ports::Ports;
use serde::{Deserialize, Serialize};

/// A wrapped secret: nonce and ciphertext.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sealed(String);

impl Sealed {
    /// Wraps a secret that belongs to `context`; `None` never happens with what fits into memory.
    ///
    /// The nonce is 96 bits of chance, which is enough for many more secrets than one key will ever wrap.
    pub(crate) fn wrap(ports: &Ports<'_>, key: &IndexKey, context: &str, secret: &[u8]) -> Option<Self> {
        let nonce: [u8; NONCE] = ports.entropy.bytes();
        let payload = Payload { msg: secret, aad: context.as_bytes() };
        let sealed = cipher(key)?.encrypt(&Nonce::from(nonce), payload).ok()?;
        Some(Self(B64.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// The secret; `None` if it was wrapped under another key, for another context, or changed.
    pub(crate) fn unwrap(&self, key: &IndexKey, context: &str) -> Option<Vec<u8>> {
        let bytes = B64.decode(&self.0).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        cipher(key)?.decrypt(&Nonce::from(*nonce), payload).ok()
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(..)")
    }
}

/// The setting is a text of any length; HMAC makes 256 bits of it that serve for nothing else.
fn cipher(key: &IndexKey) -> Option<Aes256Gcm> {
    Aes256Gcm::new_from_slice(key.mac("sealed", &[b"aes-256-gcm"]).bytes()).ok()
}

const NONCE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_read_it() {
        let world = testkit::World::default();
        let (key, other) = (IndexKey::new(&[1; 32]).unwrap(), IndexKey::new(&[2; 32]).unwrap());
        let ports = world.ports();
        let sealed = Sealed::wrap(&ports, &key, "a", b"secret").unwrap();
        assert_eq!(sealed.unwrap(&key, "a").as_deref(), Some(b"secret".as_slice()));
        assert_eq!(sealed.unwrap(&other, "a"), None, "another key");
        assert_eq!(sealed.unwrap(&key, "b"), None, "another context");
        let again = Sealed::wrap(&ports, &key, "a", b"secret").unwrap();
        assert_ne!(sealed.0, again.0, "another nonce");
        let mut bytes = B64.decode(&sealed.0).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(Sealed(B64.encode(&bytes)).unwrap(&key, "a"), None, "byte {at} changed");
            bytes[at] ^= 1;
        }
        assert_eq!(Sealed("AAAA".into()).unwrap(&key, "a"), None, "cut");
        assert_eq!(format!("{sealed:?}"), "Sealed(..)");
    }
}
