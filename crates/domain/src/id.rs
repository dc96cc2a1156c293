//! Identifiers: a prefix that says of what, and a ULID inside (`ten_01J…`). Opaque to everyone outside.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};
use std::{fmt, marker::PhantomData, str::FromStr};

use crate::Moment;

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A ULID: 48 bits of milliseconds and 80 random bits, 26 characters of Crockford's base 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ulid(u128);

impl Ulid {
    /// A ULID of this moment and these ten random bytes.
    pub fn new(now: Moment, random: [u8; 10]) -> Self {
        let tail = random.iter().fold(0u128, |acc, byte| (acc << 8) | u128::from(*byte));
        Self(((u128::from(now.millis()) & 0xFFFF_FFFF_FFFF) << 80) | tail)
    }

    /// As 16 bytes.
    pub const fn bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// From 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The ULID made of a moment and of what `parts` hash to: the same for everyone who knows the parts.
    pub fn derived(at: Moment, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
            hash.update([0]);
        }
        let mut random = [0u8; 10];
        for (into, from) in random.iter_mut().zip(hash.finalize()) {
            *into = from;
        }
        Self::new(at, random)
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for at in (0..26).rev() {
            let digit = usize::try_from((self.0 >> (at * 5)) & 31).unwrap_or_default();
            let letter = CROCKFORD.get(digit).copied().unwrap_or(b'0');
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

impl FromStr for Ulid {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        // 26 digits of 5 bits are 130: the first digit may only carry 3.
        if text.len() != 26 || !text.starts_with(|c: char| ('0'..='7').contains(&c)) {
            return Err(IdError);
        }
        text.bytes()
            .try_fold(0u128, |acc, byte| {
                let digit = CROCKFORD.iter().position(|c| *c == byte)?;
                Some((acc << 5) | u128::try_from(digit).ok()?)
            })
            .map(Self)
            .ok_or(IdError)
    }
}

/// What an identifier is of; gives the prefix.
pub trait Kind {
    /// The prefix without the underscore.
    const PREFIX: &'static str;
}

/// An identifier of one kind of thing.
pub struct Id<K>(Ulid, PhantomData<K>);

impl<K> Id<K> {
    /// The identifier with this ULID inside.
    pub const fn of(ulid: Ulid) -> Self {
        Self(ulid, PhantomData)
    }

    /// The ULID inside, without the prefix: what keys are made of.
    pub const fn ulid(&self) -> Ulid {
        self.0
    }
}

/// The text is not an identifier of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdError;

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an identifier of this kind")
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let rest = text.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_')).ok_or(IdError)?;
        Ok(Self::of(rest.parse()?))
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.0)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// Derived, these would ask the kind for traits that it does not need.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $alias:ident $prefix:literal)*) => {$(
        $(#[$doc])*
        pub enum $kind {}
        impl Kind for $kind { const PREFIX: &'static str = $prefix; }
        $(#[$doc])*
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    /// A tenant: an organisation in the tree.
    Tenant TenantId "ten"
    /// An account: one person (or machine) that can sign in.
    Account AccountId "acc"
    /// A session, as the person sees it in the list of devices. Not the secret.
    Session SessionId "ses"
    /// A client: an application or a machine that asks for tokens.
    Client ClientId "cli"
}

impl TenantId {
    /// The root of the tenant tree, which exists before anything was written.
    pub const ROOT: Self = Self::of(Ulid(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        let id = AccountId::of(Ulid::new(Moment::from_secs(1_795_512_600), [7; 10]));
        let text = id.to_string();
        assert!(text.starts_with("acc_01M"), "{text}");
        assert_eq!(text.parse::<AccountId>(), Ok(id));
        assert_eq!(text.parse::<TenantId>(), Err(IdError), "another kind");
    }

    #[test]
    fn refuses_what_is_not_one() {
        for text in [
            "",
            "ten_",
            "ten_0",
            "ten_80000000000000000000000000",
            "ten_0000000000000000000000000U",
            "ten-00000000000000000000000000",
        ] {
            assert_eq!(text.parse::<TenantId>(), Err(IdError), "{text}");
        }
        assert_eq!("ten_00000000000000000000000000".parse::<TenantId>(), Ok(TenantId::ROOT));
    }

    #[test]
    fn derived_is_the_same_for_the_same_parts() {
        let at = Moment::from_secs(9);
        assert_eq!(Ulid::derived(at, &[b"a", b"b"]), Ulid::derived(at, &[b"a", b"b"]));
        assert_ne!(Ulid::derived(at, &[b"a", b"b"]), Ulid::derived(at, &[b"ab", b""]));
    }
}
