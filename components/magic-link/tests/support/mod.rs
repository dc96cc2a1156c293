//! What the tests of this room share.

use domain::{Digest, Token, secret::AttemptToken};
use kv_schema::{Change, handoff, mailbox, policy::Own, tenant};
use magic_link::routes;
use serde_json::{Value, json};
use testkit::{Answer, Browser, World, block_on};

pub(crate) const ADA: &str = "ada@acme.example";

/// What the newest mail carries.
pub(crate) struct Mail {
    pub(crate) token: String,
    pub(crate) code: String,
    pub(crate) message: mailbox::Message,
}

pub(crate) fn mails(world: &World) -> Vec<mailbox::Message> {
    block_on(mailbox::list(&world.ports(), None)).unwrap()
}

pub(crate) fn newest(world: &World) -> Mail {
    let message = mails(world).remove(0);
    let link = message.link.clone().unwrap();
    let token = link.strip_prefix("http://localhost:3000/magic-link/confirm#").unwrap().to_owned();
    Mail { token, code: message.code.clone().unwrap(), message }
}

pub(crate) fn post(world: &World, browser: &mut Browser, path: &str, body: Value) -> Answer {
    block_on(browser.send(world, routes::answer, "POST", path, body))
}

pub(crate) fn get(world: &World, browser: &mut Browser, path: &str) -> Answer {
    block_on(browser.send(world, routes::answer, "GET", path, Value::Null))
}

pub(crate) fn form(world: &World, browser: &mut Browser, path: &str, form: &str) -> Answer {
    block_on(browser.send_form(world, routes::answer, path, form))
}

/// Asks for a mail.
pub(crate) fn ask(world: &World, browser: &mut Browser) -> Answer {
    let answer = post(world, browser, "/magic-link", json!({"email": ADA}));
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer
}

pub(crate) fn confirm(world: &World, browser: &mut Browser, token: &str) -> Answer {
    post(world, browser, "/magic-link/confirm", json!({"token": token}))
}

pub(crate) fn confirm_with(world: &World, browser: &mut Browser, token: &str, digits: &str) -> Answer {
    post(world, browser, "/magic-link/confirm", json!({"token": token, "match": digits}))
}

pub(crate) fn type_code(world: &World, browser: &mut Browser, code: &str) -> Answer {
    post(world, browser, "/magic-link/code", json!({"code": code}))
}

pub(crate) fn poll(world: &World, browser: &mut Browser) -> Answer {
    get(world, browser, "/magic-link/attempt")
}

/// A code that is not this one.
pub(crate) fn other_than(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:08}", (number + 1) % 100_000_000)
}

/// Two digits that are not these.
pub(crate) fn other_digits(digits: &str) -> String {
    let number: u32 = digits.parse().unwrap();
    format!("{:02}", (number + 1) % 100)
}

/// The handoff of an answer, taken as `step-up` takes it.
pub(crate) fn take(world: &World, browser: &Browser, answer: &Answer) -> handoff::Handoff {
    let cookie = Token::<AttemptToken>::parse(&browser.cookies["attempt"]).unwrap().digest();
    taken_with(world, &answer.text_of("handoff"), cookie).unwrap()
}

pub(crate) fn taken_with(
    world: &World,
    handoff: &str,
    cookie: Digest,
) -> Result<handoff::Handoff, handoff::HandoffError> {
    block_on(handoff::take(&world.ports(), handoff, &[cookie])).unwrap()
}

/// Signs Ada in once, so that she has an account.
pub(crate) fn ada_exists(world: &World) {
    let mut browser = Browser::default();
    ask(world, &mut browser);
    assert_eq!(confirm(world, &mut browser, &newest(world).token).status, 200);
}

/// Sets a policy value of the root.
pub(crate) fn set_policy(world: &World, key: &str, value: Value) {
    let ports = world.ports();
    block_on(tenant::update(&ports, domain::TenantId::ROOT, |root| {
        root.own.insert(key.to_owned(), Own { value: value.clone(), locked: false });
        root.policy = kv_schema::Policy::default().below(root.id, &root.own);
        Change::Write(())
    }))
    .unwrap()
    .unwrap();
}

/// Makes tenants below the root that share its accounts, with these slugs.
pub(crate) fn tenants(world: &World, slugs: &[&str]) {
    let ports = world.ports();
    block_on(async {
        let root = tenant::find(&ports, None).await.unwrap().unwrap();
        for slug in slugs {
            tenant::create(&ports, &root, slug, slug).await.unwrap();
        }
    });
}
