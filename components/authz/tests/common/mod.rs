//! A client of the room, and the suites' data.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop; no test needs everything"
)]

use std::path::PathBuf;

use authz::routes::answer;
use serde_json::{Value, json};
use testkit::{Answer, Browser, World, block_on};

/// A file of the shared data, or nothing (said loudly) where the folder is absent.
pub(crate) fn data(path: &str) -> Option<Value> {
    let root = std::env::var_os("LATCHKEY_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(root.join(path)) else {
        println!("SKIPPED: the suite {path} is not here");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// One who shows the bootstrap token.
pub(crate) fn client() -> Browser {
    Browser::default().with("authorization", "Bearer a bootstrap token for tests").without("origin")
}

pub(crate) async fn ask(world: &World, method: &str, path: &str, body: Value) -> Answer {
    client().send(world, answer, method, path, body).await
}

pub(crate) fn send(world: &World, method: &str, path: &str, body: Value) -> Answer {
    block_on(ask(world, method, path, body))
}

pub(crate) fn post(world: &World, path: &str, body: Value) -> Answer {
    send(world, "POST", path, body)
}

pub(crate) fn get(world: &World, path: &str) -> Answer {
    send(world, "GET", path, Value::Null)
}

/// The answer's body, which must come with this status.
#[track_caller]
pub(crate) fn told(answer: Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    answer.json
}

/// Refused with this status and code.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{}", answer.text);
}

/// A new store.
pub(crate) fn store(world: &World) -> String {
    told(post(world, "/stores", json!({ "name": "test" })), 201)["id"].as_str().unwrap().to_owned()
}

/// A model of a store, in the language.
pub(crate) fn model(world: &World, store: &str, text: &str) -> String {
    let path = format!("/stores/{store}/authorization-models");
    let answer =
        block_on(client().send_text(world, answer, "POST", &path, Some(("text/plain", text.to_owned()))));
    told(answer, 201)["authorization_model_id"].as_str().unwrap().to_owned()
}

/// A tuple's three fields.
pub(crate) fn key(object: &str, relation: &str, user: &str) -> Value {
    json!({ "object": object, "relation": relation, "user": user })
}

/// Writes tuples; the revision.
#[track_caller]
pub(crate) fn write(world: &World, store: &str, tuples: &[Value]) -> String {
    let answer =
        post(world, &format!("/stores/{store}/write"), json!({ "writes": { "tuple_keys": tuples } }));
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
    answer.headers["latchkey-revision"].to_str().unwrap().to_owned()
}

pub(crate) fn check(world: &World, store: &str, object: &str, relation: &str, user: &str) -> bool {
    let asked = json!({ "tuple_key": key(object, relation, user) });
    told(post(world, &format!("/stores/{store}/check"), asked), 200)["allowed"].as_bool().unwrap()
}

pub(crate) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
