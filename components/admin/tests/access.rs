//! Who is let in, and what every route answers to what it does not take.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]

mod common;

use admin::routes::{TABLE, answer};
use common::{browser, get, refused, send};
use serde_json::{Value, json};
use testkit::{Browser, World, block_on};

/// Every route with something in place of its parameters.
fn routes() -> Vec<(&'static str, String)> {
    let path = |path: &str| {
        path.replace("{tenant}", "root")
            .replace("{account}", "acc_01MAAAAAAAAAAAAAAAAAAAAAAA")
            .replace("{client}", "cli_01MAAAAAAAAAAAAAAAAAAAAAAA")
    };
    TABLE.iter().map(|(method, route)| (*method, path(route))).collect()
}

#[test]
fn unauthorized() {
    let world = World::default();
    let none = Browser::default();
    let with = |value: &str| Browser::default().with("authorization", value);
    let right = "a bootstrap token for tests";
    let wrong = [
        none.clone(),
        with("Bearer"),
        with("Bearer "),
        with("Bearer a bootstrap token for test"),
        with("Bearer a bootstrap token for testsx"),
        with(&format!("Basic {right}")),
        with(right),
        with("Bearer lks_AAAA"),
        with("Bearer a.b.c"),
        none.with("cookie", &format!("session={right}")),
    ];
    for (method, path) in routes() {
        for browser in &wrong {
            let told = block_on(browser.clone().send(&world, answer, method, &path, json!({ "x": 1 })));
            refused(&told, 401, "unauthorized", "");
            assert_eq!(told.headers["www-authenticate"], "Bearer");
        }
    }
    assert!(world.store.is_empty(), "nothing was even looked up");
}

#[test]
fn without_a_bootstrap_token_nobody_is_an_administrator() {
    let world = World::with(&[("bootstrap_token", "")]);
    for header in ["Bearer ", "Bearer", "Bearer a bootstrap token for tests"] {
        let mut browser = Browser::default().with("authorization", header);
        let told = block_on(browser.send(&world, answer, "GET", "/admin/tenants", Value::Null));
        refused(&told, 401, "unauthorized", "");
    }
}

#[test]
fn method_not_allowed_and_not_found() {
    let world = World::default();
    let told = send(&world, "PUT", "/admin/tenants/root", json!({}));
    refused(&told, 405, "method_not_allowed", "");
    assert_eq!(told.headers["allow"], "GET, PATCH, DELETE");
    for path in [
        "/admin",
        "/admin/",
        "/admin/tenants/",
        "/admin/tenants/nobody",
        "/admin/tenants/ten_01MAAAAAAAAAAAAAAAAAAAAAAA",
        "/admin/tenants/acc_00000000000000000000000000",
        "/admin/tenants/nobody/policy",
        "/admin/tenants/nobody/accounts",
        "/admin/tenants/nobody/clients",
        "/admin/tenants/root/clients/cli_01MAAAAAAAAAAAAAAAAAAAAAAA",
        "/admin/tenants/root/clients/acc_01MAAAAAAAAAAAAAAAAAAAAAAA",
        "/admin/tenants/root/accounts/acc_01MAAAAAAAAAAAAAAAAAAAAAAA",
        "/admin/tenants/root/accounts/me",
        "/admin/tenants/a%2Fb",
        "/admin/tenants/root/nothing",
    ] {
        refused(&get(&world, path), 404, "not_found", "");
    }
}

#[test]
fn bodies_that_are_none() {
    let world = World::default();
    for (method, path) in routes()
        .into_iter()
        .filter(|(method, path)| matches!(*method, "POST" | "PUT" | "PATCH") && !path.contains("_01M"))
    {
        let text = |media: &'static str, body: &str| {
            block_on(browser().send_text(&world, answer, method, &path, Some((media, body.to_owned()))))
        };
        refused(&text("application/x-www-form-urlencoded", "name=a"), 415, "unsupported_media_type", "");
        refused(&text("application/json", "{\"name\":"), 400, "malformed_json", "");
        refused(&text("application/json", "[\"a\",\"b\"]"), 422, "invalid_field", "body");
        refused(&text("application/json", "{\"no_such_field\":1}"), 422, "invalid_field", "no_such_field");
    }
}

#[test]
fn try_again_when_the_store_does_not_answer() {
    let world = World::default();
    world.store.dies_after.set(Some(0));
    let told = get(&world, "/admin/tenants");
    refused(&told, 503, "try_again", "");
    assert!(world.log.0.borrow().iter().any(|line| line.contains("dead")), "the log says why");
    assert!(!told.text.contains("dead"));
}
