//! Registering: <https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential>, step by step in its order where the order matters.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, AttestationMetadata, AuthenticatorAttestationResponseRaw,
    ParsedAttestation, ParsedAttestationData, RegisterPublicKeyCredential, RegistrationState,
    UserVerificationPolicy,
};

use crate::{
    ALGORITHMS, Error, Json, Question, Refused, RelyingParty, TIMEOUT, attestation,
    attestation::AttestationObject,
    authenticator_data::{AuthenticatorData, with_user_present},
    client_data,
    credential::{Descriptor, Stored, transports},
    json,
};

/// Whose passkey it shall be.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    /// The user handle: 1 to 64 bytes that say nothing about the person.
    pub handle: &'a [u8],
    /// What tells accounts apart, such as an address.
    pub name: &'a str,
    /// What people see.
    pub display_name: &'a str,
}

/// What is kept until the browser answers.
#[derive(Serialize, Deserialize)]
struct Asked {
    challenge: String,
    /// Whether the browser may create it without anyone's touch, right after another sign-in.
    #[serde(default)]
    conditional: bool,
    /// The ids of what was to be left out.
    #[serde(default)]
    exclude: Vec<String>,
    core: RegistrationState,
}

/// Asks for a new passkey on an authenticator that has none of `exclude` (stored credentials).
pub fn ask_registration(rp: &RelyingParty, user: User<'_>, exclude: &[&Value]) -> Result<Question, Error> {
    ask(rp, user, exclude, false)
}

/// Asks for a passkey that a password manager may make without a prompt (`mediation: "conditional"`): presence and verification
/// are not asked for now; every sign-in asks for both.
pub fn ask_upgrade(rp: &RelyingParty, user: User<'_>, exclude: &[&Value]) -> Result<Question, Error> {
    ask(rp, user, exclude, true)
}

fn ask(rp: &RelyingParty, user: User<'_>, exclude: &[&Value], conditional: bool) -> Result<Question, Error> {
    if !(1..=64).contains(&user.handle.len()) || user.name.is_empty() || user.display_name.is_empty() {
        return Err(Error::User);
    }
    let exclude = Descriptor::all(exclude)?;
    let (verification, verification_name) = if conditional {
        (UserVerificationPolicy::Preferred, "preferred")
    } else {
        (UserVerificationPolicy::Required, "required")
    };
    let core = rp.core()?;
    let builder = core
        .new_challenge_register_builder(user.handle, user.name, user.display_name)?
        .attestation(AttestationConveyancePreference::None)
        .user_verification_policy(verification)
        .extensions(None)
        .credential_algorithms(ALGORITHMS.to_vec())
        .require_resident_key(true);
    let (asked, state) = core.generate_challenge_register(builder)?;
    let challenge = B64.encode(&asked.public_key.challenge);
    let algorithms = ALGORITHMS.map(|algorithm| {
        let number = i64::try_from(attestation::cose_number(algorithm)).unwrap_or_default();
        json!({ "type": "public-key", "alg": number })
    });
    let options = json!({
        "rp": { "id": rp.id, "name": rp.name },
        "user": { "id": B64.encode(user.handle), "name": user.name, "displayName": user.display_name },
        "challenge": challenge,
        "pubKeyCredParams": algorithms,
        "timeout": u64::try_from(TIMEOUT.as_millis()).unwrap_or_default(),
        "excludeCredentials": exclude.iter().map(Descriptor::json).collect::<Vec<_>>(),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": verification_name,
        },
        "hints": [],
        "attestation": "none",
        "extensions": { "credProps": true },
    });
    let exclude = exclude.into_iter().map(|each| each.id).collect();
    let state = serde_json::to_value(Asked { challenge, conditional, exclude, core: state });
    Ok(Question { options, state: state.map_err(|error| Error::Verifier(error.to_string()))? })
}

/// `RegistrationResponseJSON`, its form checked and nothing more.
#[derive(Debug, Clone)]
pub struct RegistrationResponse {
    id: String,
    raw_id: Vec<u8>,
    client_data: Vec<u8>,
    attestation_object: Vec<u8>,
    transports: Vec<String>,
    discoverable: Option<bool>,
}

impl RegistrationResponse {
    /// Reads a body of at most 16 KiB.
    pub fn parse(body: &[u8]) -> Result<Self, Refused> {
        Self::read(&Json::parse(body)?)
    }

    /// Reads JSON that came inside something larger.
    pub fn read(Json(body): &Json) -> Result<Self, Refused> {
        let (id, raw_id) = json::credential_id(body)?;
        let response = body.get("response").filter(|response| response.is_object());
        let response = response.ok_or(Refused::Member("response"))?;
        let properties = body.get("clientExtensionResults").and_then(|results| results.get("credProps"));
        Ok(Self {
            id,
            raw_id,
            client_data: json::bytes(response, "clientDataJSON")?,
            attestation_object: json::bytes(response, "attestationObject")?,
            transports: transports(response.get("transports")),
            discoverable: properties.and_then(|properties| properties.get("rk")).and_then(Value::as_bool),
        })
    }

    /// The credential id, base64url: not yet believed.
    pub fn credential_id(&self) -> &str {
        &self.id
    }
}

/// A passkey that was just made for us. Whether its id is somebody's already is for the caller to see.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The credential id, base64url.
    pub credential_id: String,
    /// What to store.
    pub credential: Value,
    /// Whether its owner's other devices have it too.
    pub backed_up: bool,
    /// How it can be reached.
    pub transports: Vec<String>,
    /// The model of the authenticator as a UUID; zeros where it does not tell.
    pub aaguid: String,
}

/// Judges the answer to [`ask_registration`].
pub fn finish_registration(
    rp: &RelyingParty,
    state: &Value,
    response: &RegistrationResponse,
) -> Result<Registered, Refused> {
    let asked = Asked::deserialize(state).map_err(|_| Refused::State)?;
    client_data::check(&response.client_data, "webauthn.create", &asked.challenge, rp)?;
    let object = AttestationObject::read(&response.attestation_object)?;
    let data = AuthenticatorData::read(&object.authenticator_data)?;
    let attested = data.attested.as_ref().ok_or(Refused::AttestedDataMissing)?;
    if attested.credential_id != response.raw_id {
        return Err(Refused::CredentialIdMismatch);
    }
    if asked.exclude.contains(&response.id) {
        return Err(Refused::Excluded);
    }
    attestation::key(&attested.key)?;
    // Unsigned, but an honest browser says so when the authenticator could not.
    if response.discoverable == Some(false) {
        return Err(Refused::NotDiscoverable);
    }
    // The verifier knows no conditional creation, where the specification asks for no presence. Without an attestation nothing
    // is signed over the flag, so it can be set for it.  https://www.w3.org/TR/webauthn-3/#rp-op-registering-a-new-credential-step-up
    let attestation_object = if asked.conditional && object.is_none && !data.user_present {
        AttestationObject::none(with_user_present(&object.authenticator_data))?
    } else {
        response.attestation_object.clone()
    };
    let answer = RegisterPublicKeyCredential {
        id: response.id.clone(),
        raw_id: response.raw_id.clone(),
        response: AuthenticatorAttestationResponseRaw {
            attestation_object,
            client_data_json: response.client_data.clone(),
            transports: None,
        },
        type_: "public-key".into(),
        extensions: Default::default(),
    };
    let core = rp.core().map_err(|error| Refused::Verifier(error.to_string()))?;
    let mut credential = core.register_credential(&answer, &asked.core, None)?;
    // Certificates are of no use to us later, and could fill the record.
    credential.attestation =
        ParsedAttestation { data: ParsedAttestationData::None, metadata: AttestationMetadata::None };
    let backed_up = credential.backup_state;
    let stored = Stored {
        id: response.id.clone(),
        transports: response.transports.clone(),
        aaguid: uuid(attested.aaguid),
        core: credential,
    };
    Ok(Registered {
        credential_id: response.id.clone(),
        credential: stored.write()?,
        backed_up,
        transports: stored.transports,
        aaguid: stored.aaguid,
    })
}

/// In the form of RFC 9562.
fn uuid(bytes: [u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}
