//! People, their browsers and what they have: the ground that the tests of this room stand on.
#![allow(dead_code, reason = "each test file uses its share")]

use authenticator::Passkey;
use domain::{
    Authenticated, Method, TenantId, Token, days,
    secret::{AttemptToken, DeviceToken},
};
use kv_schema::{
    Account, Change, account,
    account::Enrolled,
    handoff,
    passkeys::{self, Passkey as Stored},
    policy::Own,
    sessions::{self, Device},
    tenant,
};
use serde_json::{Value, json};
use step_up::routes::answer;
use testkit::{Answer, Browser, World};
use webauthn::{RegistrationResponse, RelyingParty, User};

pub(crate) const ORIGIN: &str = "http://localhost:3000";

pub(crate) async fn enrol(world: &World, email: &str) -> Account {
    let ports = world.ports();
    let root = tenant::find(&ports, None).await.unwrap().unwrap();
    match account::enrol(&ports, &root, false, &email.parse().unwrap()).await.unwrap() {
        Enrolled::In(account, _) => *account,
        other => panic!("{other:?}"),
    }
}

/// Sets a value of the root's policy.
pub(crate) async fn policy(world: &World, key: &str, value: Value) {
    let own = [(key.to_owned(), Own { value, locked: false })];
    tenant::update(&world.ports(), TenantId::ROOT, |tenant| {
        tenant.policy = tenant.policy.below(TenantId::ROOT, &own.clone().into());
        Change::Write(())
    })
    .await
    .unwrap();
}

/// What the room of the first factor does: a handoff bound to the browser's cookie.
pub(crate) async fn handoff(
    world: &World,
    browser: &mut Browser,
    account: &Account,
    method: Method,
    failures: u32,
) -> String {
    let ports = world.ports();
    let (token, plain) = Token::<AttemptToken>::issue(&[1], ports.entropy.bytes());
    browser.cookies.insert("attempt".into(), plain.reveal().clone());
    let who = Authenticated::dangerous_claim(TenantId::ROOT, account.id, method, ports.now);
    handoff::mint(&ports, who, token.digest(), failures, None).await.unwrap().reveal().clone()
}

/// A sign-in in the past, on this browser.
pub(crate) async fn signed_in_before(world: &World, browser: &mut Browser, account: &Account) {
    let ports = world.ports();
    let (token, plain) = Token::<DeviceToken>::issue(&[], ports.entropy.bytes());
    browser.cookies.insert("device".into(), plain.reveal().clone());
    let who = Authenticated::dangerous_claim(TenantId::ROOT, account.id, Method::MagicLink, ports.now);
    let device = Device { token: token.digest(), seen: ports.now, ends: ports.now.plus(days(90)) };
    sessions::begin(&ports, &who, (days(1), days(1)), "Testkit", Some(&device)).await.unwrap().unwrap();
}

/// A passkey of the account, made as the room `passkey` makes it.
pub(crate) async fn passkey(world: &World, account: &Account, seed: u8) -> Passkey {
    let rp = RelyingParty::new("localhost", "Latchkey", vec![ORIGIN.into()]);
    let handle =
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &account.handle).unwrap();
    let user = User { handle: &handle, name: account.email.as_str(), display_name: account.email.as_str() };
    let question = webauthn::ask_registration(&rp, user, &[]).unwrap();
    let (passkey, response) = Passkey::create(&question.options, ORIGIN, [seed; 32]).unwrap();
    let response = RegistrationResponse::parse(response.to_string().as_bytes()).unwrap();
    let made = webauthn::finish_registration(&rp, &question.state, &response).unwrap();
    let stored = Stored {
        id: made.credential_id,
        name: "Test".into(),
        created: world.now(),
        used: None,
        number: 1,
        credential: made.credential,
    };
    passkeys::update(&world.ports(), account.id, |passkeys| {
        passkeys.credentials.push(stored.clone());
        Change::Write(())
    })
    .await
    .unwrap();
    passkey
}

pub(crate) async fn disable(world: &World, account: &Account) {
    account::update(&world.ports(), account.id, |account| {
        account.state = account::State::Disabled;
        Change::Write(())
    })
    .await
    .unwrap();
}

pub(crate) async fn leave(world: &World, account: &Account) {
    account::update(&world.ports(), account.id, |account| {
        account.memberships.clear();
        Change::Write(())
    })
    .await
    .unwrap();
}

pub(crate) async fn post(world: &World, browser: &mut Browser, path: &str, body: Value) -> Answer {
    browser.send(world, answer, "POST", path, body).await
}

pub(crate) async fn assess(world: &World, browser: &mut Browser, handoff: &str) -> Answer {
    post(world, browser, "/step-up/assess", json!({ "handoff": handoff })).await
}

/// Brings a person who has a passkey before the question of a second factor.
pub(crate) async fn challenged(world: &World, browser: &mut Browser, account: &Account) -> Answer {
    policy(world, "second_factor", "always".into()).await;
    let handoff = handoff(world, browser, account, Method::MagicLink, 0).await;
    let answer = assess(world, browser, &handoff).await;
    assert_eq!(answer.json["decision"], "challenge", "{}", answer.text);
    answer
}

/// A session of someone who signed in by these methods, on this browser.
pub(crate) async fn session(world: &World, browser: &mut Browser, account: &Account, methods: &[Method]) {
    let ports = world.ports();
    let mut who = Authenticated::dangerous_claim(TenantId::ROOT, account.id, methods[0], ports.now);
    for method in &methods[1..] {
        who = who.dangerous_also(*method, ports.now);
    }
    let begun = sessions::begin(&ports, &who, (days(1), days(1)), "Testkit", None).await.unwrap();
    browser.cookies.insert("session".into(), begun.unwrap().1.reveal().clone());
}

/// What an authenticator app shows, worked out here from RFC 6238 alone; `steps` from now.
pub(crate) fn app(world: &World, secret: &str, steps: i64) -> String {
    use hmac::Mac;
    let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let step = (world.now().secs() / 30).checked_add_signed(steps).unwrap();
    let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(&secret).unwrap();
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let word = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// A code that is none of those that would be right about now.
pub(crate) fn wrong(world: &World, secret: &str) -> String {
    let right: Vec<String> = (-2..=2).map(|steps| app(world, secret, steps)).collect();
    (0..9).map(|n| format!("00000{n}")).find(|code| !right.contains(code)).unwrap()
}

/// Sets up an authenticator app through the routes, in this browser's session; its secret.
pub(crate) async fn set_up(world: &World, browser: &mut Browser) -> String {
    let shown = post(world, browser, "/step-up/totp", json!({})).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let secret = shown.text_of("secret");
    let code = app(world, &secret, 0);
    let told = post(world, browser, "/step-up/totp/verify", json!({ "code": code })).await;
    assert_eq!(told.status, 200, "{}", told.text);
    secret
}

/// The subjects of the notices that were mailed, oldest first.
pub(crate) async fn notices(world: &World, account: &Account) -> Vec<String> {
    let mut all = kv_schema::mailbox::list(&world.ports(), Some(&account.email)).await.unwrap();
    all.reverse();
    all.into_iter().map(|mail| mail.subject).collect()
}

/// Failures make a risk of their own; these tests are about other limits.
pub(crate) async fn forget_failures(world: &World, account: &Account) {
    passkeys::update(&world.ports(), account.id, |passkeys| {
        passkeys.failed.clear();
        Change::Write(())
    })
    .await
    .unwrap();
}

pub(crate) fn codes(answer: &Answer) -> Vec<String> {
    let reasons = answer.json["reasons"].as_array().cloned().unwrap_or_default();
    reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
}
