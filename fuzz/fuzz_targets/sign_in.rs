//! Answers of authenticators to a sign-in: whatever they hold, they are read or refused.
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
    Shaped { id: &'a [u8], client_data: &'a [u8], authenticator_data: &'a [u8], signature: &'a [u8], handle: Option<&'a [u8]> },
}

libfuzzer_sys::fuzz_target!(|answer: Answer<'_>| {
    let rp = webauthn::RelyingParty::new("localhost", "Latchkey", vec!["http://localhost:3000".to_owned()]);
    let Ok(question) = webauthn::ask_sign_in(&rp, &[]) else { return };
    let body = match answer {
        Answer::Raw(bytes) => bytes.to_vec(),
        Answer::Shaped { id, client_data, authenticator_data, signature, handle } => json!({
            "id": base64url(id), "rawId": base64url(id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(client_data), "authenticatorData": base64url(authenticator_data),
                "signature": base64url(signature), "userHandle": handle.map(base64url),
            },
        })
        .to_string()
        .into_bytes(),
    };
    if let Ok(response) = webauthn::AuthenticationResponse::parse(&body) {
        let credential = webauthn::decoy(&[7; 32], 0);
        assert!(webauthn::finish_sign_in(&rp, &question.state, &response, &credential).is_err(), "nobody signed this");
    }
});
