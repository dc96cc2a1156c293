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

/// A credential that does not exist, to be named in a question about someone who has none: of the kind that most passkeys
/// are (their ids are random bytes; synced ones have 16, 20 or 32), the same for the same 32 bytes of seed.
pub fn decoy(seed: &[u8; 32]) -> Value {
    let (id, chance) = seed.split_at(20);
    let transports = match chance.first().copied().unwrap_or_default() % 4 {
        0 => vec!["internal"],
        _ => vec!["hybrid", "internal"],
    };
    json!({ "id": B64.encode(id), "transports": transports })
}

/// Those of `given` that are transports, each once.
pub(crate) fn transports(given: Option<&Value>) -> Vec<String> {
    let given = given.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named = TRANSPORTS.iter().filter(|name| given.iter().any(|each| each == **name));
    named.map(|name| (*name).to_owned()).collect()
}
