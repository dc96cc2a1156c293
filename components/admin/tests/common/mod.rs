//! An administrator at the routes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "a test that cannot go on has to stop; no test needs everything"
)]

use admin::routes::answer;
use serde_json::{Value, json};
use testkit::{Answer, Browser, World, block_on};

/// One who shows the bootstrap token.
pub(crate) fn browser() -> Browser {
    Browser::default().with("authorization", "Bearer a bootstrap token for tests").without("origin")
}

pub(crate) async fn ask(world: &World, method: &str, path: &str, body: Value) -> Answer {
    browser().send(world, answer, method, path, body).await
}

pub(crate) fn send(world: &World, method: &str, path: &str, body: Value) -> Answer {
    block_on(ask(world, method, path, body))
}

pub(crate) fn get(world: &World, path: &str) -> Answer {
    send(world, "GET", path, Value::Null)
}

/// The answer's body, which must come with this status.
#[track_caller]
pub(crate) fn told(answer: Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.json
}

/// Refused with this status, code and field.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str, field: &str) {
    let told = (answer.status, answer.code(), answer.text_of("field"));
    assert_eq!(told, (status, code, field.to_owned()), "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
}

/// A tenant's id.
#[track_caller]
pub(crate) fn tenant(world: &World, slug: &str, parent: &str) -> String {
    let asked = json!({ "name": slug.to_uppercase(), "slug": slug, "parent": parent });
    text(&told(send(world, "POST", "/admin/tenants", asked), 201), "id")
}

/// An account's id.
#[track_caller]
pub(crate) fn account(world: &World, tenant: &str, email: &str) -> String {
    let path = format!("/admin/tenants/{tenant}/accounts");
    text(&told(send(world, "POST", &path, json!({ "email": email })), 201), "id")
}

pub(crate) fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What `name` is in every item.
pub(crate) fn each(list: &Value, name: &str) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| text(item, name)).collect()
}

/// Everything, page by page.
pub(crate) fn pages(world: &World, path: &str, limit: usize, name: &str) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), String::new());
    for _ in 0..1_000 {
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = told(get(world, &format!("{path}{mark}limit={limit}{next}")), 200);
        assert!(page["items"].as_array().unwrap().len() <= limit);
        all.extend(each(&page, name));
        match page.get("next").and_then(Value::as_str) {
            Some(after) => next = format!("&after={after}"),
            None => return all,
        }
    }
    panic!("a list without end");
}
