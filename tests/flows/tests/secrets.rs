//! What a whole sign-in leaves behind: no secret in the log or in the store's files, and no person in the log.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has to stop and say why"
)]

use flows::{add_passkey, ask_for_link, assess, handoff_by_passkey, newest_mail, token_of};
use rig::{Client, Options, System};
use serde_json::json;

const ADA: &str = "ada@acme.example";

/// Everything below the state folder, as bytes.
fn files(folder: &std::path::Path, into: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            files(&entry.path(), into);
        } else {
            into.extend(std::fs::read(entry.path()).unwrap());
        }
    }
}

fn finish(browser: &mut Client, handoff: &str, secrets: &mut Vec<String>) {
    secrets.extend(browser.cookies.values().cloned());
    let judged = assess(browser, handoff).expect(200);
    secrets.extend([handoff.to_owned(), judged["handoff"].as_str().unwrap().to_owned()]);
    browser.post("/session", &json!({ "handoff": judged["handoff"] })).expect(201);
    secrets.extend(browser.cookies.values().cloned());
}

#[test]
fn a_sign_in_leaves_no_secret_in_the_log_or_the_store_and_no_person_in_the_log() {
    let system = System::start(Options::house());
    let (mut browser, mut secrets) = (system.client(), Vec::new());
    ask_for_link(&mut browser, ADA, None);
    let mail = newest_mail(&mut browser, ADA);
    let (token, code) = (token_of(&mail), mail["code"].as_str().unwrap().to_owned());
    // What goes wrong is what is logged.
    let wrong = [
        ("/magic-link/confirm", json!({ "token": format!("{token}x") })),
        ("/magic-link/code", json!({ "code": "12 34" })),
        ("/step-up/assess", json!({ "handoff": token })),
        ("/session", json!({ "handoff": token })),
        ("/magic-link", json!({ "email": ADA, "tenant": "nowhere" })),
    ];
    for (path, body) in wrong {
        assert!((400..500).contains(&browser.post(path, &body).status), "{path}");
    }
    let handoff = browser.post("/magic-link/code", &json!({ "code": code })).expect(200);
    let handoff = handoff["handoff"].as_str().unwrap();
    finish(&mut browser, handoff, &mut secrets);
    assert!((400..500).contains(&assess(&mut browser, handoff).status), "used");
    let (passkey, _) = add_passkey(&mut browser, &system.origin(), 1);
    let mut again = system.client();
    let handoff = handoff_by_passkey(&mut again, &passkey);
    finish(&mut again, &handoff, &mut secrets);
    system.stop();

    let mut stored = Vec::new();
    files(system.state(), &mut stored);
    let logged = system.log().join("\n");
    assert!(logged.contains("handoff_refused"), "what went wrong is logged: {logged}");
    // By its secret part: what comes before says only where a record lies.
    let tail = |secret: &str| secret[secret.len() - 32..].to_owned();
    let is_stored = |text: &str| stored.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(secrets.len() > 8);
    for secret in secrets.iter().map(|secret| tail(secret)) {
        assert!(!is_stored(&secret) && !logged.contains(&secret), "a secret is kept; logged: {logged}");
    }
    // The development mailbox keeps the mail itself, so of these the log alone. It also shows that we look in the right place.
    assert!(is_stored(&tail(&token)) && is_stored(&code));
    for kept in [tail(&token), code, ADA.to_owned(), "acme.example".to_owned()] {
        assert!(!logged.contains(&kept), "`{kept}` is logged: {logged}");
    }
}
