//! The attestation object and the key in it.  <https://www.w3.org/TR/webauthn-3/#sctn-attestation>

use ciborium::Value;
use webauthn_rs_core::proto::COSEAlgorithm;

use crate::{Refused, authenticator_data::cbor};

/// An attestation object.
pub(crate) struct AttestationObject {
    pub(crate) is_none: bool,
    pub(crate) authenticator_data: Vec<u8>,
}

impl AttestationObject {
    /// Reads a map of exactly `fmt`, `attStmt` and `authData`, to its last byte.
    pub(crate) fn read(mut bytes: &[u8]) -> Result<Self, Refused> {
        let Ok(Value::Map(members)) = cbor(&mut bytes) else { return Err(Refused::AttestationObject) };
        if !bytes.is_empty() || members.len() != 3 {
            return Err(Refused::AttestationObject);
        }
        let member = |name: &str| {
            let found = members.iter().find(|(key, _)| key.as_text() == Some(name));
            found.map(|(_, value)| value).ok_or(Refused::AttestationObject)
        };
        let format = member("fmt")?.as_text().ok_or(Refused::AttestationObject)?;
        let statement = member("attStmt")?.as_map().ok_or(Refused::AttestationObject)?;
        let authenticator_data = member("authData")?.as_bytes().ok_or(Refused::AttestationObject)?;
        // https://www.w3.org/TR/webauthn-3/#sctn-none-attestation
        if format == "none" && !statement.is_empty() {
            return Err(Refused::AttestationStatement);
        }
        if !FORMATS.contains(&format) {
            return Err(Refused::AttestationFormat);
        }
        Ok(Self { is_none: format == "none", authenticator_data: authenticator_data.clone() })
    }

    /// An object with these data that attests nothing.
    pub(crate) fn none(authenticator_data: Vec<u8>) -> Result<Vec<u8>, Refused> {
        let object = Value::Map(vec![
            ("fmt".into(), "none".into()),
            ("attStmt".into(), Value::Map(Vec::new())),
            ("authData".into(), Value::Bytes(authenticator_data)),
        ]);
        let mut bytes = Vec::new();
        ciborium::into_writer(&object, &mut bytes).map_err(|_| Refused::AttestationObject)?;
        Ok(bytes)
    }
}

/// Checks that a COSE key has the members of its algorithm and no others, and is of the one kind that we take under that name.
/// <https://www.w3.org/TR/webauthn-3/#sctn-alg-identifier>
pub(crate) fn key(key: &Value) -> Result<(), Refused> {
    let members = key.as_map().ok_or(Refused::Key)?;
    let number = |name: i64| member(members, name).and_then(Value::as_integer).map(i128::from);
    let length = |name: i64| member(members, name).and_then(Value::as_bytes).map(Vec::len);
    let algorithm = number(3).ok_or(Refused::Key)?;
    if !crate::ALGORITHMS.iter().any(|offered| cose_number(*offered) == algorithm) {
        return Err(Refused::Algorithm);
    }
    let right = match algorithm {
        -7 => is_point(number(1), number(-1), 1, length(-2), length(-3), 32) && members.len() == 5,
        -35 => is_point(number(1), number(-1), 2, length(-2), length(-3), 48) && members.len() == 5,
        // 2048 bits is what our verifier takes; authenticators that still make RSA keys (TPMs) make these.
        -257 => {
            number(1) == Some(3) && length(-1) == Some(256) && length(-2) == Some(3) && members.len() == 4
        }
        _ => false,
    };
    if right { Ok(()) } else { Err(Refused::Key) }
}

fn is_point(
    kind: Option<i128>,
    curve: Option<i128>,
    wanted: i128,
    x: Option<usize>,
    y: Option<usize>,
    length: usize,
) -> bool {
    kind == Some(2) && curve == Some(wanted) && x == Some(length) && y == Some(length)
}

/// The only member with this name: one that comes twice counts as missing.
fn member(members: &[(Value, Value)], name: i64) -> Option<&Value> {
    let mut found = members.iter().filter(|(key, _)| key.as_integer() == Some(name.into()));
    let first = found.next();
    if found.next().is_some() { None } else { first.map(|(_, value)| value) }
}

/// The registered number of an algorithm that we offer.  <https://www.iana.org/assignments/cose/cose.xhtml>
pub(crate) const fn cose_number(algorithm: COSEAlgorithm) -> i128 {
    match algorithm {
        COSEAlgorithm::ES256 => -7,
        COSEAlgorithm::ES384 => -35,
        COSEAlgorithm::RS256 => -257,
        // None that we offer.
        _ => 0,
    }
}

/// Those that the verifier knows. We ask for none; an authenticator may attest all the same, and then rightly.
const FORMATS: [&str; 6] = ["none", "packed", "tpm", "apple", "android-key", "fido-u2f"];
