//! What is kept of a credential: the verifier's own record, and what it would forget.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs_core::proto::Credential;

use crate::{Error, Refused};

/// The transports that the specification names.  <https://www.w3.org/TR/webauthn-3/#enum-transport>
const TRANSPORTS: [&str; 6] = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];

/// A credential as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Its id, base64url.
    pub(crate) id: String,
    /// How it can be reached, as its authenticator said: hints for the next question.
    pub(crate) transports: Vec<String>,
    /// The model of its authenticator as a UUID.
    pub(crate) aaguid: String,
    /// The verifier's record.
    pub(crate) core: Credential,
}

impl Stored {
    pub(crate) fn read(value: &Value) -> Result<Self, Refused> {
        Self::deserialize(value).map_err(|_| Refused::State)
    }

    pub(crate) fn write(&self) -> Result<Value, Refused> {
        serde_json::to_value(self).map_err(|_| Refused::State)
    }
}

/// What a question needs of a credential.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Descriptor {
    pub(crate) id: String,
    #[serde(default)]
    transports: Vec<String>,
}

impl Descriptor {
    pub(crate) fn all(stored: &[&Value]) -> Result<Vec<Self>, Error> {
        stored.iter().map(|value| Self::deserialize(*value).map_err(|_| Error::Stored)).collect()
    }

    /// `PublicKeyCredentialDescriptorJSON`.
    pub(crate) fn json(&self) -> Value {
        let mut descriptor = json!({ "type": "public-key", "id": self.id });
        if !self.transports.is_empty()
            && let Some(members) = descriptor.as_object_mut()
        {
            members.insert("transports".into(), json!(self.transports));
        }
        descriptor
    }
}

/// What a stored credential tells about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// How it can be reached.
    pub transports: Vec<String>,
    /// The model of the authenticator as a UUID; zeros where it does not tell.
    pub aaguid: String,
    /// Whether its owner's other devices have it too, as of its last use.
    pub backed_up: bool,
}

/// Describes a stored credential.
pub fn describe(credential: &Value) -> Result<Described, Error> {
    let stored = Stored::read(credential).map_err(|_| Error::Stored)?;
    Ok(Described {
        transports: stored.transports,
        aaguid: stored.aaguid,
        backed_up: stored.core.backup_state,
    })
}

/// A credential that does not exist, to be named in a question about someone who has none: the same for the same `chance`
/// and `kind`, and of one of the kinds that most passkeys are (ids of 20 bytes in Apple's keychain, 16 in Google's, 32 on Windows).
pub fn decoy(chance: &[u8; 32], kind: u8) -> Value {
    let (length, transports) = match kind % 4 {
        0 | 1 => (20, vec!["hybrid", "internal"]),
        2 => (16, vec!["hybrid", "internal"]),
        _ => (32, vec!["internal"]),
    };
    let id: Vec<u8> = chance.iter().copied().take(length).collect();
    json!({ "id": B64.encode(id), "transports": transports })
}

/// Those of `given` that are transports, each once.
pub(crate) fn transports(given: Option<&Value>) -> Vec<String> {
    let given = given.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named = TRANSPORTS.iter().filter(|name| given.iter().any(|each| each == **name));
    named.map(|name| (*name).to_owned()).collect()
}
