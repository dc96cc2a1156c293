//! Signing in: <https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion>.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs_core::proto::{
    AuthenticationState, AuthenticatorAssertionResponseRaw, PublicKeyCredential, UserVerificationPolicy,
};

use crate::{
    Error, Json, Question, Refused, RelyingParty, TIMEOUT,
    authenticator_data::AuthenticatorData,
    client_data,
    credential::{Descriptor, Stored},
    json,
};

/// What is kept until the browser answers.
#[derive(Serialize, Deserialize)]
struct Asked {
    challenge: String,
    /// The ids asked for; none: any that the authenticator finds.
    allow: Vec<String>,
    core: AuthenticationState,
}

/// Asks for one of these passkeys (stored credentials, or decoys); for any if there is none.
pub fn ask_sign_in(rp: &RelyingParty, allow: &[&Value]) -> Result<Question, Error> {
    let allow = Descriptor::all(allow)?;
    let core = rp.core()?;
    // The list is kept as ids alone: keys and counters are read when the answer comes.
    let builder =
        core.new_challenge_authenticate_builder(Vec::new(), Some(UserVerificationPolicy::Required))?;
    let (asked, state) = core.generate_challenge_authenticate(builder)?;
    let challenge = B64.encode(&asked.public_key.challenge);
    let options = json!({
        "challenge": challenge,
        "timeout": u64::try_from(TIMEOUT.as_millis()).unwrap_or_default(),
        "rpId": rp.id,
        "allowCredentials": allow.iter().map(Descriptor::json).collect::<Vec<_>>(),
        "userVerification": "required",
        "hints": [],
    });
    let allow = allow.into_iter().map(|each| each.id).collect();
    let state = serde_json::to_value(Asked { challenge, allow, core: state });
    Ok(Question { options, state: state.map_err(|error| Error::Verifier(error.to_string()))? })
}

/// `AuthenticationResponseJSON`, its form checked and nothing more: what it says only serves to find the credential.
#[derive(Debug, Clone)]
pub struct AuthenticationResponse {
    id: String,
    raw_id: Vec<u8>,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
}

impl AuthenticationResponse {
    /// Reads a body of at most 16 KiB.
    pub fn parse(body: &[u8]) -> Result<Self, Refused> {
        Self::read(&Json::parse(body)?)
    }

    /// Reads JSON that came inside something larger.
    pub fn read(Json(body): &Json) -> Result<Self, Refused> {
        let (id, raw_id) = json::credential_id(body)?;
        let response = body.get("response").filter(|response| response.is_object());
        let response = response.ok_or(Refused::Member("response"))?;
        let user_handle = match response.get("userHandle") {
            None | Some(Value::Null) => None,
            Some(_) => Some(json::bytes(response, "userHandle")?),
        };
        if user_handle.as_ref().is_some_and(|handle| handle.len() > 64) {
            return Err(Refused::Member("userHandle"));
        }
        Ok(Self {
            id,
            raw_id,
            client_data: json::bytes(response, "clientDataJSON")?,
            authenticator_data: json::bytes(response, "authenticatorData")?,
            signature: json::bytes(response, "signature")?,
            user_handle,
        })
    }

    /// The credential id, base64url.
    pub fn credential_id(&self) -> &str {
        &self.id
    }

    /// The user handle, if the authenticator told it.
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.user_handle.as_deref()
    }
}

/// Someone who was verified just used this passkey. Whether it belongs to who was asked for is for the caller to see.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The credential with its new counter and flags: store it in place of the old one.
    pub credential: Value,
    /// Whether its owner's other devices have it too.
    pub backed_up: bool,
}

/// Whether the question of this state named that credential (base64url); no question without a list did.
pub fn asked_for(state: &Value, credential_id: &str) -> bool {
    let allow = state.get("allow").and_then(Value::as_array);
    allow.is_some_and(|ids| ids.iter().any(|id| id == credential_id))
}

/// Judges the answer to [`ask_sign_in`] by the stored credential that it names.
pub fn finish_sign_in(
    rp: &RelyingParty,
    state: &Value,
    response: &AuthenticationResponse,
    credential: &Value,
) -> Result<SignedIn, Refused> {
    let asked = Asked::deserialize(state).map_err(|_| Refused::State)?;
    let mut stored = Stored::read(credential)?;
    // https://www.w3.org/TR/webauthn-3/#rp-op-verifying-assertion-step-credential-allowed
    if response.id != stored.id || !(asked.allow.is_empty() || asked.allow.contains(&response.id)) {
        return Err(Refused::NotAllowed);
    }
    client_data::check(&response.client_data, "webauthn.get", &asked.challenge, rp)?;
    if AuthenticatorData::read(&response.authenticator_data)?.attested.is_some() {
        return Err(Refused::AttestedDataUnexpected);
    }
    let answer = PublicKeyCredential {
        id: response.id.clone(),
        raw_id: response.raw_id.clone(),
        response: AuthenticatorAssertionResponseRaw {
            authenticator_data: response.authenticator_data.clone(),
            client_data_json: response.client_data.clone(),
            signature: response.signature.clone(),
            user_handle: response.user_handle.clone(),
        },
        extensions: Default::default(),
        type_: "public-key".into(),
    };
    let core = rp.core().map_err(|error| Refused::Verifier(error.to_string()))?;
    let result = core.authenticate_single_credential(&answer, &asked.core, &stored.core)?;
    stored.core.counter = result.counter();
    stored.core.backup_state = result.backup_state();
    Ok(SignedIn { credential: stored.write()?, backed_up: result.backup_state() })
}
