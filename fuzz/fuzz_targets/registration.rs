//! Answers of authenticators to a registration: whatever they hold, they are read or refused.
#![no_main]

use arbitrary::Arbitrary;
use serde_json::json;

fn base64url(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(bytes)
}

#[derive(Debug, Arbitrary)]
enum Answer<'a> {
    Raw(&'a [u8]),
    Shaped { id: &'a [u8], client_data: &'a [u8], attestation: &'a [u8] },
    Attested { client_data: &'a [u8], authenticator_data: &'a [u8] },
}

libfuzzer_sys::fuzz_target!(|answer: Answer<'_>| {
    let rp = webauthn::RelyingParty::new("localhost", "Latchkey", vec!["http://localhost:3000".to_owned()]);
    let user = webauthn::User { handle: &[7; 32], name: "ada@acme.example", display_name: "Ada" };
    let Ok(question) = webauthn::ask_registration(&rp, user, &[]) else { return };
    let shaped = |id: &[u8], client_data: &[u8], attestation: &[u8]| {
        json!({
            "id": base64url(id), "rawId": base64url(id), "type": "public-key", "clientExtensionResults": {},
            "response": { "clientDataJSON": base64url(client_data), "attestationObject": base64url(attestation) },
        })
        .to_string()
        .into_bytes()
    };
    let body = match answer {
        Answer::Raw(bytes) => bytes.to_vec(),
        Answer::Shaped { id, client_data, attestation } => shaped(id, client_data, attestation),
        Answer::Attested { client_data, authenticator_data } => {
            // {"fmt": "none", "attStmt": {}, "authData": …}
            let mut object = b"\xa3cfmtdnonegattStmt\xa0hauthData\x59".to_vec();
            let length = u16::try_from(authenticator_data.len()).unwrap_or(u16::MAX);
            object.extend_from_slice(&length.to_be_bytes());
            object.extend_from_slice(authenticator_data);
            shaped(b"credential", client_data, &object)
        }
    };
    if let Ok(response) = webauthn::RegistrationResponse::parse(&body) {
        assert!(webauthn::finish_registration(&rp, &question.state, &response).is_err(), "nobody signed this");
    }
});
