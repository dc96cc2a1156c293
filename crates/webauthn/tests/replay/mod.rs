//! Recorded answers: their challenges are fixed, so the state of a ceremony is written instead of asked for. It is plain JSON.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on has to stop and say why"
)]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use webauthn::{
    AuthenticationResponse, Json, Refused, RegistrationResponse, RelyingParty, User, ask_registration,
    ask_sign_in, finish_registration, finish_sign_in,
};
use webauthn_rs_core::proto::{
    AttestationFormat, AttestationMetadata, COSEKey, Credential, ParsedAttestation, ParsedAttestationData,
    RegisteredExtensions, UserVerificationPolicy,
};

pub struct Ceremony {
    pub rp: RelyingParty,
    pub challenge: String,
    pub verified: bool,
}

impl Ceremony {
    pub fn register(&self, body: &Value) -> Result<Value, Refused> {
        let user = User { handle: &[7; 32], name: "n", display_name: "n" };
        let state = self.seed(ask_registration(&self.rp, user, &[]).unwrap().state);
        let response = RegistrationResponse::read(&Json(body.clone()))?;
        Ok(finish_registration(&self.rp, &state, &response)?.credential)
    }

    pub fn sign_in(&self, body: &Value, credential: &Value) -> Result<Value, Refused> {
        let state = self.seed(ask_sign_in(&self.rp, &[]).unwrap().state);
        let response = AuthenticationResponse::read(&Json(body.clone()))?;
        Ok(finish_sign_in(&self.rp, &state, &response, credential)?.credential)
    }

    fn seed(&self, mut state: Value) -> Value {
        assert!(state["core"]["challenge"].is_string() && state["core"]["policy"] == "required");
        state["challenge"] = self.challenge.clone().into();
        state["core"]["challenge"] = self.challenge.clone().into();
        if !self.verified {
            let policy = UserVerificationPolicy::Discouraged_DO_NOT_USE;
            state["core"]["policy"] = serde_json::to_value(policy).unwrap();
        }
        state
    }
}

/// A stored credential with this COSE key; `None` if our verifier has no such keys. Its backup eligibility is what the answer says.
pub fn credential(id: &str, cose: &[u8], counter: u64, answer: &Value) -> Option<Value> {
    let key: serde_cbor_2::Value = serde_cbor_2::from_slice(cose).ok()?;
    let data = B64.decode(answer["response"]["authenticatorData"].as_str()?).ok()?;
    let core = Credential {
        cred_id: B64.decode(id).ok()?,
        cred: COSEKey::try_from(&key).ok()?,
        counter: u32::try_from(counter).ok()?,
        transports: None,
        user_verified: false,
        backup_eligible: data[32] & 8 != 0,
        backup_state: false,
        registration_policy: UserVerificationPolicy::Discouraged_DO_NOT_USE,
        extensions: RegisteredExtensions::none(),
        attestation: ParsedAttestation {
            data: ParsedAttestationData::None,
            metadata: AttestationMetadata::None,
        },
        attestation_format: AttestationFormat::None,
    };
    let aaguid = "00000000-0000-0000-0000-000000000000";
    Some(json!({ "id": id, "transports": [], "aaguid": aaguid, "core": core }))
}

/// Older clients wrote padding or the other base64 alphabet; browsers' own `toJSON()` writes neither, and we take neither.
pub fn as_browsers_write(answer: &mut Value) {
    for path in [
        "/id",
        "/rawId",
        "/response/clientDataJSON",
        "/response/attestationObject",
        "/response/authenticatorData",
        "/response/signature",
        "/response/userHandle",
    ] {
        if let Some(Value::String(text)) = answer.pointer_mut(path) {
            *text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
        }
    }
}

/// The variant's name, without what it carries.
pub fn name<T>(outcome: &Result<T, Refused>) -> String {
    match outcome {
        Ok(_) => "ok".to_owned(),
        Err(refused) => format!("{refused:?}").split('(').next().unwrap().to_owned(),
    }
}

/// A file that is handed out beside the project; without it the test says so and ends.
pub fn shared(path: &str) -> Option<Value> {
    let root = std::env::var("LATCHKEY_SHARED_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").into());
    match std::fs::read(format!("{root}/{path}")) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            println!("SKIPPED: {root}/{path} is not here ({error}); set LATCHKEY_SHARED_DATA to its folder");
            None
        }
    }
}
