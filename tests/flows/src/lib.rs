//! Steps that people take, for the tests of this crate: each through the public interface of a running system.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a step that cannot be taken ends the test and says why"
)]

use authenticator::Passkey;
use rig::{Answer, Client, System};
use serde_json::{Value, json};

/// The administrator's credential in tests.
pub const BOOTSTRAP: &str = "a bootstrap token for tests";

/// A client of the administration.
pub fn administrator(system: &System) -> Client {
    system.client().with("authorization", &format!("Bearer {BOOTSTRAP}"))
}

/// The newest mail to an address.
pub fn newest_mail(client: &mut Client, to: &str) -> Value {
    let answer =
        client.get(&format!("/dev/mailbox?to={}", to.replace('@', "%40").replace('+', "%2B"))).expect(200);
    answer["messages"][0].clone()
}

/// How many mails an address got.
pub fn mails(client: &mut Client, to: &str) -> usize {
    let answer = client.get(&format!("/dev/mailbox?to={}", to.replace('@', "%40"))).expect(200);
    answer["messages"].as_array().map_or(0, Vec::len)
}

/// The token in a mail's link.
pub fn token_of(mail: &Value) -> String {
    let link = mail["link"].as_str().unwrap_or_else(|| panic!("a mail without link: {mail}"));
    link.split_once('#').unwrap().1.to_owned()
}

/// Asks for a magic link; what the starting screen is told.
pub fn ask_for_link(client: &mut Client, email: &str, tenant: Option<&str>) -> Value {
    let mut body = json!({ "email": email });
    if let Some(tenant) = tenant {
        body["tenant"] = tenant.into();
    }
    client.post("/magic-link", &body).expect(202)
}

/// A handoff by magic link, pressed in the starting browser.
pub fn handoff_by_link(client: &mut Client, email: &str, tenant: Option<&str>) -> String {
    ask_for_link(client, email, tenant);
    let token = token_of(&newest_mail(client, email));
    client.post("/magic-link/confirm", &json!({ "token": token })).expect(200)["handoff"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Shows a handoff to be judged.
pub fn assess(client: &mut Client, handoff: &str) -> Answer {
    client.post("/step-up/assess", &json!({ "handoff": handoff }))
}

/// Judged, allowed, begun: the session's answer.
pub fn begin(client: &mut Client, handoff: &str) -> Value {
    let judged = assess(client, handoff).expect(200);
    assert_eq!(judged["decision"], "allow", "{judged}");
    client.post("/session", &json!({ "handoff": judged["handoff"] })).expect(201)
}

/// Signs in by magic link.
pub fn sign_in_by_link(client: &mut Client, email: &str, tenant: Option<&str>) -> Value {
    let handoff = handoff_by_link(client, email, tenant);
    begin(client, &handoff)
}

/// Adds a passkey to the account of the client's session.
pub fn add_passkey(client: &mut Client, origin: &str, seed: u8) -> (Passkey, Value) {
    let options = client.post("/passkey/register/options", &json!({})).expect(200);
    let (passkey, response) = Passkey::create(&options, origin, [seed; 32]).unwrap();
    let told = client.post("/passkey/register/verify", &response).expect(201);
    (passkey, told)
}

/// A handoff by passkey, without typing an address.
pub fn handoff_by_passkey(client: &mut Client, passkey: &Passkey) -> String {
    let options = client.post("/passkey/sign-in/options", &json!({})).expect(200);
    let response = passkey.sign_in(&options).unwrap();
    client.post("/passkey/sign-in/verify", &response).expect(200)["handoff"].as_str().unwrap().to_owned()
}
