//! Public keys as JSON (RFC 7517, RFC 7518 section 6.2).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use p256::ecdsa::VerifyingKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A set of public keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A public key for ES256. One is only made of a point that lies on the curve, and never carries a private part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Loose")]
pub struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    kid: String,
    alg: String,
    #[serde(rename = "use")]
    use_: String,
}

/// Why a JSON value is no key that we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwkError {
    /// It has a private part.
    Private,
    /// It is of another kind, or for another use.
    OtherKind,
    /// Its point is not on the curve, or not written as the specification says.
    NoPoint,
    /// Its id is empty or too long.
    WrongKid,
}

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "takes public keys; this one has a private part, which nobody else may ever see",
            Self::OtherKind => {
                "takes keys with `kty` `EC`, `crv` `P-256`, and if given `use` `sig`, `alg` `ES256`"
            }
            Self::NoPoint => "`x` and `y` are no point of P-256 in base64url",
            Self::WrongKid => "a `kid` has 1 to 128 characters",
        })
    }
}
impl std::error::Error for JwkError {}

impl Jwk {
    /// The key of this point; its id is its thumbprint.
    pub(crate) fn of(key: &VerifyingKey) -> Option<Self> {
        let point = key.to_sec1_point(false);
        let (x, y) = (B64.encode(point.x()?), B64.encode(point.y()?));
        let kid = thumbprint(&x, &y);
        Some(Self::with(x, y, kid))
    }

    /// Its id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn verifying_key(&self) -> Result<VerifyingKey, JwkError> {
        let coordinate = |text: &str| {
            B64.decode(text).ok().filter(|bytes| bytes.len() == COORDINATE).ok_or(JwkError::NoPoint)
        };
        // Uncompressed, as SEC 1 writes it; the library checks that it lies on the curve.
        let mut point = vec![4];
        point.extend(coordinate(&self.x)?);
        point.extend(coordinate(&self.y)?);
        VerifyingKey::from_sec1_bytes(&point).map_err(|_| JwkError::NoPoint)
    }

    fn with(x: String, y: String, kid: String) -> Self {
        let [kty, crv, alg, use_] = [KTY, CRV, ALG, USE].map(str::to_owned);
        Self { kty, crv, x, y, kid, alg, use_ }
    }
}

/// As somebody else wrote it.
#[derive(Deserialize)]
struct Loose {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
    #[serde(default)]
    d: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    use_: Option<String>,
}

impl TryFrom<Loose> for Jwk {
    type Error = JwkError;

    fn try_from(loose: Loose) -> Result<Self, JwkError> {
        if loose.d.is_some() {
            return Err(JwkError::Private);
        }
        let other = |told: Option<&String>, ours: &str| told.is_some_and(|told| told != ours);
        if loose.kty != KTY
            || loose.crv != CRV
            || other(loose.alg.as_ref(), ALG)
            || other(loose.use_.as_ref(), USE)
        {
            return Err(JwkError::OtherKind);
        }
        // RFC 7638: the id of a key that has none.
        let kid = loose.kid.unwrap_or_else(|| thumbprint(&loose.x, &loose.y));
        if kid.is_empty() || kid.len() > MOST_KID {
            return Err(JwkError::WrongKid);
        }
        let key = Self::with(loose.x, loose.y, kid);
        key.verifying_key()?;
        Ok(key)
    }
}

/// RFC 7638: SHA-256 over the required members in their order.
fn thumbprint(x: &str, y: &str) -> String {
    let canonical = format!(r#"{{"crv":"{CRV}","kty":"{KTY}","x":"{x}","y":"{y}"}}"#);
    B64.encode(Sha256::digest(canonical.as_bytes()))
}

const KTY: &str = "EC";
const CRV: &str = "P-256";
pub(crate) const ALG: &str = "ES256";
const USE: &str = "sig";
const COORDINATE: usize = 32;
const MOST_KID: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// RFC 7515 appendix A.3, without its private part.
    fn public() -> Value {
        json!({ "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" })
    }

    fn refusal(change: impl FnOnce(&mut Value)) -> String {
        let mut key = public();
        change(&mut key);
        serde_json::from_value::<Jwk>(key).unwrap_err().to_string()
    }

    #[test]
    fn a_key_is_read_and_written() {
        let key: Jwk = serde_json::from_value(public()).unwrap();
        // As two independent libraries compute it.
        assert_eq!(key.kid(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
        let written = serde_json::to_value(&key).unwrap();
        assert_eq!((&written["use"], &written["alg"]), (&json!("sig"), &json!("ES256")));
        assert_eq!(serde_json::from_value::<Jwk>(written).unwrap(), key);
    }

    #[test]
    fn private_keys_are_refused() {
        let d = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
        assert_eq!(refusal(|key| key["d"] = d.into()), JwkError::Private.to_string());
    }

    #[test]
    fn other_kinds_are_refused() {
        for (name, value) in [
            ("kty", "oct"),
            ("kty", "RSA"),
            ("crv", "P-384"),
            ("crv", "secp256k1"),
            ("use", "enc"),
            ("alg", "HS256"),
        ] {
            assert_eq!(
                refusal(|key| key[name] = value.into()),
                JwkError::OtherKind.to_string(),
                "{name} {value}"
            );
        }
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        let wrong = |x: &str| refusal(|key| key["x"] = x.into());
        for x in [
            "",
            "AA",
            "g83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=",
        ] {
            assert_eq!(wrong(x), JwkError::NoPoint.to_string(), "{x}");
        }
    }

    #[test]
    fn wrong_ids_are_refused() {
        for kid in [String::new(), "k".repeat(129)] {
            assert_eq!(refusal(|key| key["kid"] = kid.into()), JwkError::WrongKid.to_string());
        }
    }
}
