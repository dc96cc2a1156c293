//! The test vectors of the specification (<https://www.w3.org/TR/webauthn-3/#sctn-test-vectors>). Not all of them can be accepted: some are
//! cross-origin, some use what is not offered. The table says which and why.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test has to stop and say why"
)]

mod replay;

use replay::{Ceremony, credential, name, shared};
use serde_json::Value;
use webauthn::RelyingParty;

/// Vector; registration and sign-in where nobody's verification is asked for; the same as we ask in truth; and why, where anything is refused.
const EXPECTED: &[(&str, [&str; 2], [&str; 2], &str)] = &[
    ("none-es256", ["ok", "ok"], ["UserNotVerified", "UserNotVerified"], "UV clear in both"),
    ("packed-self-es256", ["ok", "ok"], ["ok", "UserNotVerified"], "UV clear in the assertion"),
    ("none-es256-crossOrigin", ["CrossOrigin", "-"], ["CrossOrigin", "-"], "nobody frames our pages"),
    ("none-es256-topOrigin", ["CrossOrigin", "-"], ["CrossOrigin", "-"], "nobody frames our pages"),
    ("none-es256-long-credential-id", ["ok", "ok"], ["UserNotVerified", "ok"], "UV clear at registration"),
    ("packed-es256", ["ok", "ok"], ["ok", "ok"], ""),
    ("packed-es384", ["ok", "ok"], ["UserNotVerified", "ok"], "UV clear at registration"),
    (
        "packed-es512",
        ["Algorithm", "-"],
        ["Algorithm", "-"],
        "not offered: the verifier cannot check P-521 signatures",
    ),
    ("packed-rs256", ["Key", "-"], ["Key", "-"], "RSA of other than 2048 bits is not taken"),
    ("packed-eddsa", ["Algorithm", "-"], ["Algorithm", "-"], "not offered: the verifier has no Ed25519"),
    ("packed-ed448", ["Algorithm", "-"], ["Algorithm", "-"], "not offered"),
    ("tpm-es256", ["Verifier", "-"], ["Verifier", "-"], "the verifier takes no EC key in a TPM attestation"),
    (
        "android-key-es256",
        ["Verifier", "-"],
        ["Verifier", "-"],
        "the verifier wants another certificate extension",
    ),
    ("apple-es256", ["ok", "ok"], ["UserNotVerified", "UserNotVerified"], "UV clear in both"),
    ("fido-u2f-es256", ["ok", "ok"], ["UserNotVerified", "UserNotVerified"], "UV clear in both"),
];

#[test]
fn the_specifications_vectors_end_as_the_table_says() {
    let Some(file) = shared("webauthn/w3c-l3-test-vectors.json") else { return };
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), EXPECTED.len());
    for vector in vectors {
        let called = vector["name"].as_str().unwrap();
        let row = EXPECTED.iter().find(|row| row.0 == called);
        let (_, unverified, verified, why) = row.unwrap_or_else(|| panic!("`{called}` has no row"));
        for (asked, expected) in [(false, unverified), (true, verified)] {
            let ceremony = |input: &str| Ceremony {
                rp: RelyingParty::new(
                    file["rpId"].as_str().unwrap(),
                    "Example",
                    vec![file["origin"].as_str().unwrap().to_owned()],
                ),
                challenge: vector[input]["challenge"].as_str().unwrap().to_owned(),
                verified: asked,
            };
            let registered = ceremony("registration_input").register(&vector["RegistrationResponseJSON"]);
            assert_eq!(name(&registered), expected[0], "{called}, verification asked {asked}: {why}");
            // What a stricter registration refuses may still be judged alone.
            let kept = registered.or_else(|refused| {
                let known = ceremony("registration_input");
                Ceremony { verified: false, ..known }
                    .register(&vector["RegistrationResponseJSON"])
                    .map_err(|_| refused)
            });
            let signed_in = match kept {
                Ok(kept) => name(
                    &ceremony("authentication_input").sign_in(&vector["AuthenticationResponseJSON"], &kept),
                ),
                Err(_) => "-".to_owned(),
            };
            assert_eq!(signed_in, expected[1], "{called}, verification asked {asked}: {why}");
        }
    }
}

/// With a key that was let in by hand, crossed origins are still refused when signing in.
#[test]
fn cross_origin_vectors_are_refused_at_sign_in_too() {
    let Some(file) = shared("webauthn/w3c-l3-test-vectors.json") else { return };
    let mut tried = 0;
    for vector in file["vectors"].as_array().unwrap() {
        if !vector["name"].as_str().unwrap().ends_with("Origin") {
            continue;
        }
        let answer = &vector["AuthenticationResponseJSON"];
        let object = bytes(&vector["RegistrationResponseJSON"]["response"]["attestationObject"]);
        // The key is the last item: a map of five.
        let at = object.windows(3).rposition(|window| window == [0xa5, 1, 2]).unwrap();
        let kept = credential(answer["id"].as_str().unwrap(), &object[at..], 0, answer).unwrap();
        let ceremony = Ceremony {
            rp: RelyingParty::new("example.org", "Example", vec!["https://example.org".into()]),
            challenge: vector["authentication_input"]["challenge"].as_str().unwrap().to_owned(),
            verified: false,
        };
        assert_eq!(name(&ceremony.sign_in(answer, &kept)), "CrossOrigin");
        tried += 1;
    }
    assert_eq!(tried, 2);
}

fn bytes(text: &Value) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}
