//! A person signs in: with a link, with a code, across two browsers, with a passkey.

use flows::{
    add_passkey, administrator, ask_for_link, assess, begin, handoff_by_link, handoff_by_passkey,
    newest_mail, sign_in_by_link, token_of,
};
use rig::{Options, System};
use serde_json::json;

const ADA: &str = "ada@acme.example";

#[test]
fn with_a_link_then_with_a_passkey() {
    let system = System::start(Options::house());
    let mut browser = system.client();
    let session = sign_in_by_link(&mut browser, ADA, None);
    assert_eq!((session["acr"].as_str(), &session["amr"]), (Some("urn:latchkey:aal1"), &json!(["email"])));
    let who = browser.get("/session").expect(200);
    assert_eq!(who["account"]["email"], ADA);
    let (passkey, told) = add_passkey(&mut browser, &system.origin(), 1);
    assert_eq!(told["signal"]["allAcceptedCredentialIds"], json!([passkey.id()]));
    assert_eq!(browser.send("DELETE", "/session", None).status, 204);
    assert_eq!(browser.get("/session").status, 401);

    let handoff = handoff_by_passkey(&mut browser, &passkey);
    let session = begin(&mut browser, &handoff);
    assert_eq!(session["acr"], "urn:latchkey:aal2");
    assert_eq!(session["account"], who["account"], "the same person");
    let listed = browser.get("/passkey/credentials").expect(200);
    assert_eq!(
        listed["items"].as_array().or_else(|| listed["credentials"].as_array()).map(Vec::len),
        Some(1),
        "{listed}"
    );
}

#[test]
fn in_another_browser_by_the_digits_of_the_first() {
    let system = System::start(Options::house());
    let (mut desktop, mut phone) = (system.client(), system.client());
    let asked = ask_for_link(&mut desktop, ADA, None);
    let token = token_of(&newest_mail(&mut phone, ADA));
    assert_eq!(desktop.get("/magic-link/attempt").expect(200)["status"], "pending");
    let blind = phone.post("/magic-link/confirm", &json!({ "token": token }));
    assert_eq!((blind.status, blind.code()), (400, "match_wrong"));
    let confirmed =
        phone.post("/magic-link/confirm", &json!({ "token": token, "match": asked["match"] })).expect(200);
    assert_eq!(confirmed, json!({ "confirmed": true }), "the phone gets nothing else");
    let told = desktop.get("/magic-link/attempt").expect(200);
    assert_eq!(told["status"], "confirmed");
    begin(&mut desktop, told["handoff"].as_str().unwrap());
    assert_eq!(desktop.get("/session").expect(200)["account"]["email"], ADA);
    assert_eq!(phone.get("/session").status, 401);
}

#[test]
fn with_the_typed_code() {
    let system = System::start(Options::house());
    let mut browser = system.client();
    ask_for_link(&mut browser, ADA, None);
    let code = newest_mail(&mut browser, ADA)["code"].as_str().unwrap().to_owned();
    let wrong = browser.post(
        "/magic-link/code",
        &json!({ "code": if code == "00000000" { "00000001" } else { "00000000" } }),
    );
    assert_eq!((wrong.status, wrong.code()), (400, "code_wrong"));
    let handoff = browser.post("/magic-link/code", &json!({ "code": code })).expect(200);
    begin(&mut browser, handoff["handoff"].as_str().unwrap());
}

/// PROTOCOLS: attack case 41.
#[test]
fn a_scanner_that_fetches_the_link_fifty_times_spoils_nothing() {
    let system = System::start(Options::house());
    let mut browser = system.client();
    ask_for_link(&mut browser, ADA, None);
    let token = token_of(&newest_mail(&mut browser, ADA));
    let mut scanner = system.client();
    for _ in 0..50 {
        assert_eq!(scanner.get(&format!("/magic-link/confirm?token={token}")).status, 200);
        assert_eq!(scanner.send("HEAD", "/magic-link/confirm", None).status, 200);
    }
    let handoff = browser.post("/magic-link/confirm", &json!({ "token": token })).expect(200);
    begin(&mut browser, handoff["handoff"].as_str().unwrap());
    let again = browser.post("/magic-link/confirm", &json!({ "token": token }));
    assert_eq!((again.status, again.code()), (410, "link_used"));
}

#[test]
fn an_expired_link_is_refused_and_a_newer_one_works() {
    let mut system = System::start(Options::house());
    let mut browser = system.client();
    ask_for_link(&mut browser, ADA, None);
    let token = token_of(&newest_mail(&mut browser, ADA));
    system.advance(601);
    let late = browser.post("/magic-link/confirm", &json!({ "token": token }));
    assert_eq!((late.status, late.code()), (410, "link_expired"));
    sign_in_by_link(&mut browser, ADA, None);
}

#[test]
fn a_second_factor_always_asks_for_the_passkey() {
    let system = System::start(Options::house());
    let mut admin = administrator(&system);
    let mut browser = system.client();
    sign_in_by_link(&mut browser, ADA, None);
    let (passkey, _) = add_passkey(&mut browser, &system.origin(), 2);
    let policy = json!({ "second_factor": { "value": "always" } });
    let changed = admin.send(
        "PUT",
        "/admin/tenants/root/policy",
        Some(("application/json", policy.to_string().as_bytes())),
    );
    assert_eq!(changed.status, 200, "{}", changed.text);

    let handoff = handoff_by_link(&mut browser, ADA, None);
    let judged = assess(&mut browser, &handoff).expect(200);
    assert_eq!(judged["decision"], "challenge", "{judged}");
    assert!(judged.get("handoff").is_none_or(serde_json::Value::is_null), "nothing to go on with: {judged}");
    let raw = browser.post("/session", &json!({ "handoff": handoff }));
    assert_eq!((raw.status, raw.code()), (403, "step_up_required"));
    let options = browser.post("/step-up/passkey/options", &json!({})).expect(200);
    let answer = json!({ "factor": "passkey", "response": passkey.sign_in(&options) });
    let cleared = browser.post("/step-up/verify", &answer).expect(200);
    let session = browser.post("/session", &json!({ "handoff": cleared["handoff"] })).expect(201);
    assert_eq!(session["acr"], "urn:latchkey:aal2");
    let replayed = browser.post("/step-up/verify", &answer);
    assert!((400..500).contains(&replayed.status), "{}", replayed.text);
}

#[test]
fn disabling_ends_the_session_at_once() {
    let system = System::start(Options::house());
    let mut admin = administrator(&system);
    let mut browser = system.client();
    let session = sign_in_by_link(&mut browser, ADA, None);
    let account = session["account"]["id"].as_str().or_else(|| session["account"].as_str()).unwrap();
    let path = format!("/admin/tenants/root/accounts/{account}");
    let disable = json!({ "state": "disabled" }).to_string();
    assert_eq!(admin.send("PATCH", &path, Some(("application/json", disable.as_bytes()))).status, 200);
    assert_eq!(browser.get("/session").status, 401);
    ask_for_link(&mut browser, ADA, None);
}

#[test]
fn a_session_survives_a_kill() {
    let mut system = System::start(Options::house());
    let mut browser = system.client();
    sign_in_by_link(&mut browser, ADA, None);
    system.kill();
    system.revive();
    let mut browser = rig::Client::clone(&browser);
    assert_eq!(browser.get("/session").expect(200)["account"]["email"], ADA);
}
