//! JSON Web Signatures and Keys (RFC 7515, 7517, 7519, 7638), as much of them as we sign and take: compact, ES256, keys on P-256.
//!
//! The signatures are RustCrypto's `p256`, which the verification of passkeys brings along anyway. `jwt-simple` would add RSA, three more curves,
//! BLAKE2 and a second clock to every component that reads a token, and its checks are made for convenience: fifteen minutes of tolerance, any
//! issuer, any audience, any `*+jwt` (reference: PROTOCOLS 0.9). Here nothing is checked by default and nothing can be left out: a token cannot be read
//! before an [`Expected`] says issuer, audience, type, time and lifetime.
//!
//! The algorithm is the key's, never the header's: there is no `none`, and no way to use a public key as a secret.

mod jwk;
mod jws;

pub use jwk::{Jwk, JwkError, JwkSet};
pub use jws::{Audience, Expected, Refused, Registered, SigningKey, Unverified};
