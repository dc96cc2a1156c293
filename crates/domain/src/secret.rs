//! Secrets: handed out once in clear, kept as hashes, compared in constant time.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};
use std::{fmt, marker::PhantomData};
use subtle::ConstantTimeEq;

/// A secret on its way to the one who asked for it. It prints as `Plain(..)`; only [`Plain::reveal`] shows it.
#[derive(Clone)]
pub struct Plain<T>(T);

impl<T> Plain<T> {
    /// Wraps a secret.
    pub const fn new(secret: T) -> Self {
        Self(secret)
    }

    /// The secret itself, for the one answer, cookie or mail that carries it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plain(..)")
    }
}

/// A SHA-256 of something secret. Equality is decided in constant time.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these parts, each ended by its length so that no two lists of parts run together.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// A digest that was read from somewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest as bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&B64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        let bytes = B64.decode(text.as_bytes()).map_err(D::Error::custom)?;
        bytes.try_into().map(Self).map_err(|_| D::Error::custom("a digest has 32 bytes"))
    }
}

/// What a token is for: a token of one kind is never taken for another (PROTOCOLS, attack case 4).
pub trait TokenKind {
    /// What leaked tokens are recognised by, underscore included.
    const PREFIX: &'static str;
}

macro_rules! token_kinds {
    ($($(#[$doc:meta])* $kind:ident $prefix:literal)*) => {$(
        $(#[$doc])*
        pub enum $kind {}
        impl TokenKind for $kind { const PREFIX: &'static str = $prefix; }
    )*};
}

token_kinds! {
    /// The token inside a magic link.
    LinkToken "lkm_"
    /// A handoff that step-up has not judged yet.
    HandoffToken "lkh_"
    /// A handoff that step-up has cleared.
    ClearedToken "lkd_"
    /// A session cookie.
    SessionToken "lks_"
    /// The cookie of a browser in the middle of a magic link (`attempt`).
    AttemptToken "lka_"
    /// The cookie of a browser in the middle of a passkey ceremony (`ceremony`).
    CeremonyToken "lkc_"
    /// The cookie of a browser in the middle of a step-up (`transaction`).
    TransactionToken "lkt_"
    /// The cookie by which a browser is known again (`device`).
    DeviceToken "lkv_"
    /// The secret of a client (`client_secret`).
    ClientSecret "lkx_"
}

/// A token as its bearer shows it: where its record lies (`locator`, no secret) and what it hashes to. The secret itself is not kept.
pub struct Token<K> {
    locator: Vec<u8>,
    digest: Digest,
    kind: PhantomData<K>,
}

impl<K: TokenKind> Token<K> {
    /// Makes a token: `prefix base64url(locator ‖ 32 random bytes ‖ checksum)`.
    pub fn issue(locator: &[u8], random: [u8; 32]) -> (Self, Plain<String>) {
        let mut bytes = locator.to_vec();
        bytes.extend_from_slice(&random);
        let digest = Self::digest_of(&bytes);
        bytes.extend_from_slice(&checksum::<K>(&bytes));
        let plain = Plain::new(format!("{}{}", K::PREFIX, B64.encode(bytes)));
        (Self { locator: locator.to_vec(), digest, kind: PhantomData }, plain)
    }

    /// Reads a token; `None` for any text that this kind was never issued as (wrong kind, cut, changed).
    pub fn parse(text: &str) -> Option<Self> {
        let coded = text.strip_prefix(K::PREFIX)?;
        if coded.len() > 256 {
            return None;
        }
        let bytes = B64.decode(coded).ok()?;
        let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        let locator = body.get(..body.len().checked_sub(32)?)?.to_vec();
        (sum == checksum::<K>(body)).then(|| Self {
            locator,
            digest: Self::digest_of(body),
            kind: PhantomData,
        })
    }

    /// Where the record lies.
    pub fn locator(&self) -> &[u8] {
        &self.locator
    }

    /// What is stored of it.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    fn digest_of(body: &[u8]) -> Digest {
        Digest::of(&[K::PREFIX.as_bytes(), body])
    }
}

impl<K> fmt::Debug for Token<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Tells a token from a typing error and lets leak scanners be sure; it protects nothing.
fn checksum<K: TokenKind>(body: &[u8]) -> [u8; 4] {
    let digest = Digest::of(&[b"checksum", K::PREFIX.as_bytes(), body]);
    let mut sum = [0; 4];
    for (into, from) in sum.iter_mut().zip(digest.bytes()) {
        *into = *from;
    }
    sum
}

/// The key under which user input becomes part of a storage key: who reads the store cannot list whose addresses are in it,
/// and who sends requests cannot choose keys.
#[derive(Clone)]
pub struct IndexKey(Vec<u8>);

impl IndexKey {
    /// A key from the variable's bytes; `None` if it is shorter than 16 bytes.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= 16).then(|| Self(bytes.to_vec()))
    }

    /// HMAC-SHA-256 over the purpose and the parts.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> Digest {
        // HMAC takes keys of any length, so this never fails; were it to, an unkeyed hash must not stand in silently.
        let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(&self.0) else { return Digest([0; 32]) };
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        Digest(mac.finalize().into_bytes().into())
    }

    /// Half of that MAC in hexadecimal: a segment of a storage key.
    pub fn segment(&self, purpose: &str, parts: &[&[u8]]) -> String {
        self.mac(purpose, parts).0.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_round_trips() {
        let (issued, plain) = Token::<LinkToken>::issue(&[1, 2, 3], [9; 32]);
        let read = Token::<LinkToken>::parse(plain.reveal()).unwrap();
        assert_eq!(read.locator(), [1, 2, 3]);
        assert_eq!(read.digest(), issued.digest());
        assert_eq!(format!("{plain:?} {read:?} {:?}", read.digest()), "Plain(..) Token(..) Digest(..)");
    }

    /// PROTOCOLS: attack cases 4 and 9.
    #[test]
    fn a_cut_changed_or_foreign_token_is_refused() {
        let (_, plain) = Token::<LinkToken>::issue(&[1, 2, 3], [9; 32]);
        let text = plain.reveal();
        assert!(Token::<SessionToken>::parse(text).is_none());
        assert!(Token::<SessionToken>::parse(&text.replace("lkm_", "lks_")).is_none());
        for cut in 0..text.len() {
            assert!(Token::<LinkToken>::parse(&text[..cut]).is_none(), "cut to {cut}");
        }
        assert!(Token::<LinkToken>::parse(&format!("{text}A")).is_none());
        assert!(Token::<LinkToken>::parse(&format!("lkm_{}", "A".repeat(100_000))).is_none());
    }

    #[test]
    fn the_index_key_separates_purposes_and_parts() {
        let key = IndexKey::new(&[7; 32]).unwrap();
        assert_ne!(key.segment("a", &[b"bc"]), key.segment("ab", &[b"c"]));
        assert_ne!(key.segment("a", &[b"b", b"c"]), key.segment("a", &[b"bc"]));
        assert_eq!(key.segment("a", &[b"b"]).len(), 32);
        assert!(IndexKey::new(&[7; 15]).is_none(), "too short to be a secret");
    }
}
