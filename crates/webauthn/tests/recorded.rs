//! Answers that two other libraries recorded from real authenticators, with what those libraries say to them. Where we say otherwise,
//! `tests/vectors/webauthn/skipped.toml` has the reason; a reason that is no longer needed fails.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test has to stop and say why"
)]

mod replay;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use replay::{Ceremony, as_browsers_write, credential, name, shared};
use serde_json::Value;
use webauthn::RelyingParty;

/// A recorded case, whichever library it is from.
struct Case<'a> {
    name: String,
    registration: bool,
    response: Value,
    challenge: String,
    origins: Vec<String>,
    rp_ids: Vec<String>,
    verified: bool,
    key: Option<(Vec<u8>, u64)>,
    accepted: &'a Value,
}

#[test]
fn recorded_answers_of_simplewebauthn() {
    let Some(file) = shared("webauthn/simplewebauthn-fixtures.json") else { return };
    let mut cases = Vec::new();
    for kind in ["registration", "authentication"] {
        for case in file[kind].as_array().unwrap() {
            cases.push(Case {
                name: format!("{kind}: {}", case["name"].as_str().unwrap()),
                registration: kind == "registration",
                response: case["response"].clone(),
                challenge: case["expectedChallenge"].as_str().unwrap().to_owned(),
                origins: texts(&case["expectedOrigin"]),
                rp_ids: texts(&case["expectedRPID"]),
                verified: case["requireUserVerification"] != false,
                key: case.get("credential").map(|credential| {
                    (
                        B64.decode(credential["publicKey"].as_str().unwrap()).unwrap(),
                        credential["counter"].as_u64().unwrap(),
                    )
                }),
                accepted: &case["expect"]["accepted"],
            });
        }
    }
    replay("simplewebauthn", &cases, 40);
}

#[test]
fn recorded_answers_of_py_webauthn() {
    let Some(file) = shared("webauthn/py_webauthn-fixtures.json") else { return };
    let mut cases = Vec::new();
    for case in file["cases"].as_array().unwrap() {
        let path: Vec<&str> = case["test"].as_str().unwrap().split('.').collect();
        let bytes = |name: &str| case[name]["base64url"].as_str().map(|text| B64.decode(text).unwrap());
        cases.push(Case {
            name: path[path.len() - 3..].join("."),
            registration: case["kind"] == "registration",
            response: case["credential"].clone(),
            challenge: B64.encode(bytes("expected_challenge").unwrap()),
            origins: texts(&case["expected_origin"]),
            rp_ids: texts(&case["expected_rp_id"]),
            verified: case["require_user_verification"] == true,
            key: bytes("credential_public_key")
                .map(|key| (key, case["credential_current_sign_count"].as_u64().unwrap())),
            accepted: &case["expect"]["accepted"],
        });
    }
    replay("py_webauthn", &cases, 32);
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().map(|each| each.as_str().unwrap().to_owned()).collect(),
        _ => vec![],
    }
}

fn replay(library: &str, cases: &[Case<'_>], wanted: usize) {
    assert_eq!(cases.len(), wanted, "the file changed");
    let mut skipped = skipped(library);
    let mut wrong = Vec::new();
    let (mut same, mut other) = (0, 0);
    for case in cases {
        let ours = outcome(case);
        let agrees = (ours == "ok") == case.accepted.as_bool().unwrap();
        match (agrees, skipped.remove(&case.name)) {
            (true, None) => same += 1,
            (false, Some(reason)) if reason.starts_with(&format!("{ours}: ")) => other += 1,
            (agrees, reason) => {
                let what = if agrees { "agrees, yet it is skipped" } else { "differs" };
                wrong.push(format!("{:?} = \"{ours}: \"  # {what} ({reason:?})", case.name));
            }
        }
    }
    wrong.extend(skipped.keys().map(|stale| format!("{stale:?} is skipped, and does not exist")));
    println!("{library}: {same} as there, {other} otherwise for a reason");
    assert!(wrong.is_empty(), "{library}:\n{}", wrong.join("\n"));
}

fn outcome(case: &Case<'_>) -> String {
    let mut response = case.response.clone();
    as_browsers_write(&mut response);
    // Our relying party has one RP ID; theirs may have several, of which one has to fit.
    let ids = if case.rp_ids.is_empty() { vec!["dev.dontneeda.pw".to_owned()] } else { case.rp_ids.clone() };
    let mut last = String::new();
    for id in ids {
        let ceremony = Ceremony {
            rp: RelyingParty::new(&id, "Example", case.origins.clone()),
            challenge: case.challenge.clone(),
            verified: case.verified,
        };
        last = if case.registration {
            name(&ceremony.register(&response))
        } else {
            let (cose, counter) = case.key.as_ref().unwrap();
            match credential(response["id"].as_str().unwrap(), cose, *counter, &response) {
                Some(kept) => name(&ceremony.sign_in(&response, &kept)),
                None => "no such key".to_owned(),
            }
        };
        if last == "ok" {
            break;
        }
    }
    last
}

/// The reasons for one library: `[library]`, then `"name" = "our outcome: reason"`.
fn skipped(library: &str) -> BTreeMap<String, String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/webauthn/skipped.toml");
    let mut all: BTreeMap<String, BTreeMap<String, String>> =
        toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    all.remove(library).unwrap_or_default()
}
