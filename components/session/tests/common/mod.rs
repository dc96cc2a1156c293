//! People and browsers that `step-up` has cleared: the ground that the tests of this room stand on.
#![allow(dead_code, reason = "each test file uses its share")]

use domain::{Authenticated, Digest, Method, ReturnTo, TenantId, Token, secret::AttemptToken};
use kv_schema::{
    Account, Change, account,
    account::Enrolled,
    handoff::{self, Terms},
    policy::Own,
    tenant,
};
use serde_json::{Value, json};
use session::routes::answer;
use testkit::{Answer, Browser, World};

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
pub(crate) async fn raw(world: &World, browser: &mut Browser, account: &Account, to: Option<&str>) -> String {
    let ports = world.ports();
    let (token, plain) = Token::<AttemptToken>::issue(&[1], ports.entropy.bytes());
    browser.cookies.insert("attempt".into(), plain.reveal().clone());
    let who = Authenticated::dangerous_claim(TenantId::ROOT, account.id, Method::MagicLink, ports.now);
    let to = to.map(|path| path.parse::<ReturnTo>().unwrap());
    handoff::mint(&ports, who, token.digest(), 0, to).await.unwrap().reveal().clone()
}

/// And what `step-up` makes of it.
pub(crate) async fn cleared(
    world: &World,
    browser: &mut Browser,
    account: &Account,
    to: Option<&str>,
    known: Option<Digest>,
) -> String {
    let raw = raw(world, browser, account, to).await;
    let ports = world.ports();
    let cookie = Token::<AttemptToken>::parse(&browser.cookies["attempt"]).unwrap().digest();
    let mut handoff = handoff::take(&ports, &raw, &[cookie]).await.unwrap().unwrap();
    let tenant = tenant::read(&ports, handoff.who.tenant()).await.unwrap().unwrap();
    handoff.terms = Some(Terms::of(&tenant, known));
    let who = handoff.who.clone();
    handoff.dangerous_clear(who, cookie, ports.now).seal(&ports).unwrap().reveal().clone()
}

pub(crate) async fn begin(world: &World, browser: &mut Browser, handoff: &str) -> Answer {
    browser.send(world, answer, "POST", "/session", json!({ "handoff": handoff })).await
}

/// Signs a person in on this browser.
pub(crate) async fn sign_in(world: &World, browser: &mut Browser, account: &Account) -> Answer {
    let handoff = cleared(world, browser, account, None, None).await;
    let told = begin(world, browser, &handoff).await;
    assert_eq!(told.status, 201, "{}", told.text);
    told
}

pub(crate) async fn send(world: &World, browser: &mut Browser, method: &str, path: &str) -> Answer {
    browser.send(world, answer, method, path, Value::Null).await
}

/// Whether the browser is signed in.
pub(crate) async fn is_in(world: &World, browser: &Browser) -> bool {
    match send(world, &mut browser.clone(), "GET", "/session").await.status {
        200 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

pub(crate) async fn set_state(world: &World, account: &Account, state: account::State) {
    account::update(&world.ports(), account.id, |account| {
        account.state = state;
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

pub(crate) fn set_cookies(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect()
}
