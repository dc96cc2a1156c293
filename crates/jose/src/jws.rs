//! Compact JSON Web Signatures over claims (RFC 7515 section 7.1, RFC 7519), checked in the order in which they stand here.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use domain::{Moment, Secs};
use p256::ecdsa::{
    Signature,
    signature::{Signer as _, Verifier as _},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Jwk, jwk::ALG};

/// A private key that signs. It has no `Debug`: there is nothing to show.
pub struct SigningKey {
    key: p256::ecdsa::SigningKey,
    public: Jwk,
}

impl SigningKey {
    /// The key of 32 unpredictable bytes; `None` for the few (one in 2³²) that are no key.
    pub fn of(secret: &[u8; 32]) -> Option<Self> {
        let key = p256::ecdsa::SigningKey::from_slice(secret).ok()?;
        let public = Jwk::of(key.verifying_key())?;
        Some(Self { key, public })
    }

    /// Its public half.
    pub const fn public(&self) -> &Jwk {
        &self.public
    }

    /// Signs claims as a token of this type (`at+jwt`, `JWT`); `None` if they cannot be written as JSON.
    ///
    /// The nonce is derived from key and message (RFC 6979): no chance is needed, and none can fail.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Option<String> {
        let header = serde_json::json!({ "alg": ALG, "typ": typ, "kid": self.public.kid() });
        let body = B64.encode(serde_json::to_vec(claims).ok()?);
        let signed = format!("{}.{body}", B64.encode(header.to_string()));
        let signature: Signature = self.key.try_sign(signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", B64.encode(signature.to_bytes())))
    }
}

/// Why a token is refused. Outside these are one refusal; the difference is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is no compact token, or a part of it cannot be read.
    Malformed,
    /// Its header names another algorithm than the key's, `none` included.
    OtherAlgorithm,
    /// It is of another type: an ID token is no access token.
    OtherType,
    /// It relies on an extension (`crit`), and we know none.
    Critical,
    /// The key is not the one that it names.
    OtherKey,
    /// The signature is not this key's over this text.
    WrongSignature,
    /// Somebody else issued it.
    OtherIssuer,
    /// It is meant for somebody else.
    OtherAudience,
    /// It is over.
    Expired,
    /// It begins later, or says that it was issued later than now.
    NotYet,
    /// It lives longer than such a token may.
    TooLong,
}

/// What a token must be. Everything has to be said.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Its type, without `application/`; `None` where the specification asks for none.
    pub typ: Option<&'a str>,
    /// Who issued it.
    pub issuer: &'a str,
    /// For whom it is.
    pub audience: Audience<'a>,
    /// The moment at which it is shown.
    pub now: Moment,
    /// By how much clocks may differ.
    pub tolerance: Secs,
    /// How long it may live.
    pub most: Secs,
}

/// For whom a token must be.
#[derive(Debug, Clone, Copy)]
pub enum Audience<'a> {
    /// This one, maybe among others.
    Among(&'a str),
    /// This one alone, and as a text: with a list an attacker's server could be named beside ours (RFC 7523, audience injection).
    Only(&'a str),
}

/// A token as somebody showed it: nothing in it is true yet, and only what chooses the key can be asked for.
pub struct Unverified<'a> {
    text: &'a str,
    header: Header,
    claims: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde::de::IgnoredAny>,
}

/// The registered claims of a token that was verified (RFC 7519 section 4.1).
#[derive(Debug, Clone, Deserialize)]
pub struct Registered {
    /// Who issued it.
    pub iss: String,
    /// About whom it is.
    #[serde(default)]
    pub sub: Option<String>,
    aud: OneOrMany,
    /// When it ends, in seconds since 1970.
    pub exp: u64,
    #[serde(default)]
    nbf: Option<u64>,
    /// When it was issued, in seconds since 1970.
    #[serde(default)]
    pub iat: Option<u64>,
    /// Its own name.
    #[serde(default)]
    pub jti: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl<'a> Unverified<'a> {
    /// Reads the form of a token.
    pub fn parse(text: &'a str) -> Result<Self, Refused> {
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refused::Malformed);
        };
        if text.len() > MOST_BYTES {
            return Err(Refused::Malformed);
        }
        let decoded = |part: &str| B64.decode(part).map_err(|_| Refused::Malformed);
        let header = serde_json::from_slice(&decoded(header)?).map_err(|_| Refused::Malformed)?;
        Ok(Self { text, header, claims: decoded(claims)? })
    }

    /// The key that it names.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// About whom it claims to be, to look for that one's keys.
    pub fn claimed_subject(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Subject {
            sub: String,
        }
        serde_json::from_slice::<Subject>(&self.claims).ok().map(|claims| claims.sub)
    }

    /// The claims, if all is as expected: those that RFC 7519 registers, and the caller's own.
    pub fn verify<T: DeserializeOwned>(
        self,
        key: &Jwk,
        expected: &Expected<'_>,
    ) -> Result<(Registered, T), Refused> {
        // The header chooses nothing: RFC 8725 sections 3.1 and 3.11, RFC 7515 section 4.1.11.
        if self.header.alg != ALG {
            return Err(Refused::OtherAlgorithm);
        }
        if let Some(wanted) = expected.typ {
            let typ = self.header.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
            if typ.strip_prefix("application/").unwrap_or(&typ) != wanted {
                return Err(Refused::OtherType);
            }
        }
        if self.header.crit.is_some() {
            return Err(Refused::Critical);
        }
        if self.header.kid.as_deref().is_some_and(|kid| kid != key.kid()) {
            return Err(Refused::OtherKey);
        }
        let (signed, signature) = self.text.rsplit_once('.').ok_or(Refused::Malformed)?;
        let signature = B64.decode(signature).map_err(|_| Refused::Malformed)?;
        let signature = Signature::from_slice(&signature).map_err(|_| Refused::WrongSignature)?;
        let verifier = key.verifying_key().map_err(|_| Refused::OtherKey)?;
        verifier.verify(signed.as_bytes(), &signature).map_err(|_| Refused::WrongSignature)?;
        // From here on it is the key's owner who speaks.  RFC 7519 section 4.1
        let claims: Registered = serde_json::from_slice(&self.claims).map_err(|_| Refused::Malformed)?;
        if claims.iss != expected.issuer {
            return Err(Refused::OtherIssuer);
        }
        let meant = match (expected.audience, &claims.aud) {
            (Audience::Among(us) | Audience::Only(us), OneOrMany::One(one)) => one == us,
            (Audience::Among(us), OneOrMany::Many(many)) => many.iter().any(|one| one == us),
            (Audience::Only(_), OneOrMany::Many(_)) => false,
        };
        if !meant {
            return Err(Refused::OtherAudience);
        }
        claims.lives_at(expected)?;
        let own = serde_json::from_slice(&self.claims).map_err(|_| Refused::Malformed)?;
        Ok((claims, own))
    }
}

impl Registered {
    fn lives_at(&self, expected: &Expected<'_>) -> Result<(), Refused> {
        let (now, tolerance) = (expected.now.secs(), expected.tolerance.0);
        if now >= self.exp.saturating_add(tolerance) {
            return Err(Refused::Expired);
        }
        let later = |at: Option<u64>| at.is_some_and(|at| at > now.saturating_add(tolerance));
        if later(self.nbf) || later(self.iat) {
            return Err(Refused::NotYet);
        }
        // Without `iat` it counts from now on: else it could live for ever by not saying since when.
        if self.exp.saturating_sub(self.iat.unwrap_or(now)) > expected.most.0 {
            return Err(Refused::TooLong);
        }
        Ok(())
    }
}

const MOST_BYTES: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, json};

    const NOW: u64 = 1_795_512_600;

    fn expected() -> Expected<'static> {
        Expected {
            typ: Some("at+jwt"),
            issuer: "https://id.example",
            audience: Audience::Among("https://api.example"),
            now: Moment::from_secs(NOW),
            tolerance: Secs(30),
            most: Secs(3_600),
        }
    }

    fn claims() -> Value {
        json!({ "iss": "https://id.example", "aud": "https://api.example", "sub": "me", "iat": NOW, "exp": NOW + 60, "x": 7 })
    }

    fn key() -> SigningKey {
        SigningKey::of(&[7; 32]).unwrap()
    }

    fn read(token: &str, expected: &Expected<'_>) -> Result<(Registered, Map<String, Value>), Refused> {
        Unverified::parse(token)?.verify(key().public(), expected)
    }

    fn refusal(claims: &Value) -> Refused {
        read(&key().sign("at+jwt", claims).unwrap(), &expected()).unwrap_err()
    }

    fn changed(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    /// With another header, and a signature that fits it.
    fn with_header(header: &Value) -> String {
        let signed = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims().to_string()));
        let signature: Signature = key().key.sign(signed.as_bytes());
        format!("{signed}.{}", B64.encode(signature.to_bytes()))
    }

    #[test]
    fn what_is_signed_is_read() {
        let token = key().sign("at+jwt", &claims()).unwrap();
        let (registered, own) = read(&token, &expected()).unwrap();
        assert_eq!((registered.sub.as_deref(), &own["x"]), (Some("me"), &json!(7)));
        assert_eq!(Unverified::parse(&token).unwrap().kid(), Some(key().public().kid()));
        let many = changed("aud", json!(["https://other.example", "https://api.example"]));
        assert!(read(&key().sign("at+jwt", &many).unwrap(), &expected()).is_ok());
    }

    /// RFC 7515 appendix A.3: a signature by somebody else's code.
    #[test]
    fn the_specification_s_own_signature_is_right() {
        let key: Jwk = serde_json::from_value(json!({ "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }))
        .unwrap();
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let expected = Expected { typ: None, ..expected() };
        let told =
            |token: &str| Unverified::parse(token).unwrap().verify::<Value>(&key, &expected).unwrap_err();
        // Past the signature: only then are the claims looked at, and there is no audience among them.
        assert_eq!(told(token), Refused::Malformed);
        assert_eq!(told(&token.replace(".DtEhU3", ".DtEhU4")), Refused::WrongSignature);
    }

    #[test]
    fn malformed() {
        let token = key().sign("at+jwt", &claims()).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        for text in [
            String::new(),
            "a.b".into(),
            format!("{token}."),
            format!("{token}.x"),
            format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
            format!("{}.{}=.{}", parts[0], parts[1], parts[2]),
            format!("{}.{}.{}=", parts[0], parts[1], parts[2]),
            format!("{}.{}.{}", B64.encode("[]"), parts[1], parts[2]),
            format!("{}.{}.{}", B64.encode(r#"{"alg":"ES256","alg":"ES256"}"#), parts[1], parts[2]),
            "a".repeat(10_000),
        ] {
            assert_eq!(read(&text, &expected()).unwrap_err(), Refused::Malformed, "{text:.40}");
        }
        for (name, value) in
            [("exp", Value::Null), ("exp", json!("soon")), ("aud", json!(7)), ("iss", Value::Null)]
        {
            assert_eq!(refusal(&changed(name, value)), Refused::Malformed, "{name}");
        }
    }

    /// PROTOCOLS: attack case 36.
    #[test]
    fn other_algorithm() {
        for alg in ["none", "None", "HS256", "RS256", "ES384", "es256"] {
            let token = with_header(&json!({ "alg": alg, "typ": "at+jwt" }));
            assert_eq!(read(&token, &expected()).unwrap_err(), Refused::OtherAlgorithm, "{alg}");
        }
        let unsigned = format!(
            "{}.{}.",
            B64.encode(json!({ "alg": "none", "typ": "at+jwt" }).to_string()),
            B64.encode(claims().to_string())
        );
        assert_eq!(read(&unsigned, &expected()).unwrap_err(), Refused::OtherAlgorithm);
    }

    /// PROTOCOLS: attack case 36.
    #[test]
    fn other_type() {
        for typ in ["JWT", "logout+jwt", "jwt", "at", "application/jwt", ""] {
            let token = key().sign(typ, &claims()).unwrap();
            assert_eq!(read(&token, &expected()).unwrap_err(), Refused::OtherType, "{typ}");
        }
        assert_eq!(
            read(&with_header(&json!({ "alg": "ES256" })), &expected()).unwrap_err(),
            Refused::OtherType
        );
        for typ in ["at+JWT", "application/at+jwt"] {
            assert!(read(&key().sign(typ, &claims()).unwrap(), &expected()).is_ok(), "{typ}");
        }
    }

    #[test]
    fn critical() {
        let token = with_header(&json!({ "alg": "ES256", "typ": "at+jwt", "crit": ["b64"], "b64": false }));
        assert_eq!(read(&token, &expected()).unwrap_err(), Refused::Critical);
    }

    #[test]
    fn other_key() {
        let token = with_header(&json!({ "alg": "ES256", "typ": "at+jwt", "kid": "another" }));
        assert_eq!(read(&token, &expected()).unwrap_err(), Refused::OtherKey);
    }

    #[test]
    fn wrong_signature() {
        let other = SigningKey::of(&[8; 32]).unwrap();
        let body = B64.encode(claims().to_string());
        let head = B64.encode(json!({ "alg": "ES256", "typ": "at+jwt" }).to_string());
        let signature: Signature = other.key.sign(format!("{head}.{body}").as_bytes());
        let der = signature.to_bytes().iter().rev().copied().collect::<Vec<u8>>();
        for wrong in [B64.encode(signature.to_bytes()), B64.encode(der), B64.encode([0; 64]), String::new()] {
            let token = format!("{head}.{body}.{wrong}");
            assert_eq!(read(&token, &expected()).unwrap_err(), Refused::WrongSignature, "{wrong}");
        }
        // The key that a header brings along is nobody's.
        let brought =
            json!({ "alg": "ES256", "typ": "at+jwt", "jwk": other.public(), "jku": "https://evil.example" });
        let signed = format!("{}.{body}", B64.encode(brought.to_string()));
        let signature: Signature = other.key.sign(signed.as_bytes());
        let token = format!("{signed}.{}", B64.encode(signature.to_bytes()));
        assert_eq!(read(&token, &expected()).unwrap_err(), Refused::WrongSignature);
    }

    #[test]
    fn other_issuer() {
        for iss in ["https://id.example/", "https://ID.example", "http://id.example", ""] {
            assert_eq!(refusal(&changed("iss", iss.into())), Refused::OtherIssuer, "{iss}");
        }
    }

    /// PROTOCOLS: attack cases 36 and 37.
    #[test]
    fn other_audience() {
        for aud in [json!("https://api.example/"), json!(""), json!([]), json!(["https://other.example"])] {
            assert_eq!(refusal(&changed("aud", aud.clone())), Refused::OtherAudience, "{aud}");
        }
        let only = Expected { audience: Audience::Only("https://api.example"), ..expected() };
        let list = key().sign("at+jwt", &changed("aud", json!(["https://api.example"]))).unwrap();
        assert_eq!(read(&list, &only).unwrap_err(), Refused::OtherAudience);
        assert!(read(&key().sign("at+jwt", &claims()).unwrap(), &only).is_ok());
    }

    /// PROTOCOLS: attack case 36.
    #[test]
    fn expired() {
        assert_eq!(refusal(&changed("exp", (NOW - 120).into())), Refused::Expired);
        assert_eq!(refusal(&changed("exp", (NOW - 30).into())), Refused::Expired);
        assert!(
            read(&key().sign("at+jwt", &changed("exp", (NOW - 29).into())).unwrap(), &expected()).is_ok()
        );
    }

    #[test]
    fn not_yet() {
        for name in ["iat", "nbf"] {
            assert_eq!(refusal(&changed(name, (NOW + 31).into())), Refused::NotYet, "{name}");
            let token = key().sign("at+jwt", &changed(name, (NOW + 30).into())).unwrap();
            assert!(read(&token, &expected()).is_ok(), "{name}");
        }
    }

    #[test]
    fn too_long() {
        assert_eq!(refusal(&changed("exp", (NOW + 3_601).into())), Refused::TooLong);
        let mut claims = changed("exp", (NOW + 3_601).into());
        claims.as_object_mut().unwrap().remove("iat");
        assert_eq!(refusal(&claims), Refused::TooLong);
        assert_eq!(refusal(&changed("exp", u64::MAX.into())), Refused::TooLong);
    }
}
