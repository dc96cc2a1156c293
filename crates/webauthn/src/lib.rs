//! WebAuthn Level 3, the relying party's half: what is asked of an authenticator, and which answers are believed.
//!
//! `webauthn-rs-core` verifies signatures, attestation and flags; in front of it stands our own strict reading of everything that came off the wire,
//! because alone it takes answers that no browser makes (crossed origins, trailing bytes, ids that disagree). Single use, the
//! owner of a credential and its being unknown to others are the caller's: this crate stores nothing.
//!
//! Names are spelled as the specification spells them: <https://www.w3.org/TR/webauthn-3/>.

mod attestation;
mod authentication;
mod authenticator_data;
mod client_data;
mod credential;
mod json;
mod refused;
mod registration;

pub use authentication::{AuthenticationResponse, SignedIn, ask_sign_in, asked_for, finish_sign_in};
pub use credential::{Described, decoy, describe};
pub use json::Json;
pub use refused::{Error, Refused};
pub use registration::{
    Registered, RegistrationResponse, User, ask_registration, ask_upgrade, finish_registration,
};

use std::time::Duration;

use webauthn_rs_core::{WebauthnCore, proto::COSEAlgorithm};

/// Who asks: the RP ID, the name people see, and the origins whose pages may answer.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    id: String,
    name: String,
    origins: Vec<String>,
}

impl RelyingParty {
    /// `id` is a host name, `origins` are compared with what the browser reports letter by letter.
    pub fn new(id: &str, name: &str, origins: Vec<String>) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), origins }
    }

    /// The RP ID.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn core(&self) -> Result<WebauthnCore, Error> {
        let origins = self.origins.iter().map(|origin| url::Url::parse(origin));
        let origins = origins.collect::<Result<_, _>>().map_err(|_| Error::Origin)?;
        Ok(WebauthnCore::new_unsafe_experts_only(&self.name, &self.id, origins, TIMEOUT, None, None))
    }
}

/// A ceremony begun: what the browser gets, and what is kept until it answers.
#[derive(Debug, Clone)]
pub struct Question {
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`, the inner object.
    pub options: serde_json::Value,
    /// What the answer is judged by. It stays on the server, is used once, and belongs to whoever was asked.
    pub state: serde_json::Value,
}

/// Recommended range for what requires user verification: five to ten minutes.  <https://www.w3.org/TR/webauthn-3/#sctn-timeout-recommended-range>
const TIMEOUT: Duration = Duration::from_millis(300_000);

/// What we can verify, best first: the key of each is checked to be the one its name says (`attestation::key`).
const ALGORITHMS: [COSEAlgorithm; 3] = [COSEAlgorithm::ES256, COSEAlgorithm::RS256, COSEAlgorithm::ES384];

/// More than any authenticator sends, attestation certificates included.
const MOST_BODY: usize = 16 * 1024;
