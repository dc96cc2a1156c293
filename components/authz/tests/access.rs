//! Who reaches which store with what.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use authz::routes::{TABLE, answer};
use common::{key, refused, store, text, told};
use kv_schema::{bearer, client, tenant};
use serde_json::{Value, json};
use testkit::{Answer, Browser, World, block_on};

const SCOPES: [&str; 4] = ["fga:check", "fga:read", "fga:write", "fga:model"];

/// The root, `acme` and below it `north`, and `zeta`: their ids.
fn world() -> (World, [String; 3]) {
    let world = World::default();
    let ids = block_on(async {
        let ports = world.ports();
        let root = tenant::find(&ports, None).await.unwrap().unwrap();
        let mut ids = Vec::new();
        let mut parent = root.clone();
        for (slug, below) in [("acme", None), ("north", Some("acme")), ("zeta", None)] {
            if below.is_none() {
                parent = root.clone();
            }
            match tenant::create(&ports, &parent, slug, slug).await.unwrap() {
                tenant::Made::New(made) => {
                    ids.push(made.store.clone());
                    parent = *made;
                }
                other => panic!("{other:?}"),
            }
        }
        ids
    });
    (world, ids.try_into().unwrap())
}

/// A token of a machine of a tenant with these scopes.
fn token(world: &World, tenant: &str, scopes: &[&str]) -> String {
    block_on(async {
        let ports = world.ports();
        let tenant = tenant::find(&ports, Some(tenant)).await.unwrap().unwrap();
        let new = client::New {
            name: "Robot".into(),
            kind: client::Kind::Machine,
            method: client::Method::ClientSecretBasic,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            resources: Vec::new(),
            keys: Vec::new(),
        };
        let (client, _) = client::create(&ports, &tenant, new).await.unwrap().unwrap();
        let us = ports.settings.public_url().to_owned();
        bearer::issue(&ports, &client, &tenant, &scopes.join(" "), &us).await.unwrap().reveal().clone()
    })
}

fn ask(world: &World, token: &str, method: &str, path: &str, body: Value) -> Answer {
    let mut browser = Browser::default().with("authorization", &format!("Bearer {token}"));
    block_on(browser.send(world, answer, method, path, body))
}

fn model() -> Value {
    json!({ "schema_version": "1.1", "type_definitions": [{ "type": "user" }, { "type": "doc", "relations": { "viewer": { "this": {} } },
        "metadata": { "relations": { "viewer": { "directly_related_user_types": [{ "type": "user" }] } } } }] })
}

#[test]
fn no_route_answers_without_a_token() {
    let world = World::default();
    for (method, path) in TABLE {
        if *path == "/healthz" || path.starts_with("/.well-known/") {
            continue;
        }
        let path = path
            .replace("{store}", "00000000000000000000000000")
            .replace("{model}", "00000000000000000000000000");
        let mut nobody = Browser::default();
        let body = if *method == "GET" { Value::Null } else { json!({}) };
        let none = block_on(nobody.send(&world, answer, method, &path, body.clone()));
        assert_eq!(
            (none.status, none.headers.contains_key("www-authenticate")),
            (401, true),
            "{method} {path}: {}",
            none.text
        );
        let wrong = ask(&world, "a guess", method, &path, body);
        refused(&wrong, 401, "unauthenticated");
    }
    assert!(world.store.is_empty(), "a stranger writes nothing");
}

#[test]
fn an_empty_bootstrap_token_is_nobodys() {
    let world = World::with(&[("bootstrap_token", "")]);
    refused(&ask(&world, "", "GET", "/stores", Value::Null), 401, "unauthenticated");
}

#[test]
fn a_machine_reaches_its_tenants_store_and_those_below_and_no_other() {
    let (world, [acme, north, zeta]) = world();
    let foreign = store(&world);
    let machine = token(&world, "acme", &SCOPES);
    for (id, status) in [(&acme, 201), (&north, 201), (&zeta, 404), (&foreign, 404)] {
        let made = ask(&world, &machine, "POST", &format!("/stores/{id}/authorization-models"), model());
        assert_eq!(made.status, status, "{id}: {}", made.text);
        let shown = ask(&world, &machine, "GET", &format!("/stores/{id}"), Value::Null);
        assert_eq!(shown.status, if status == 201 { 200 } else { 404 });
        let write = json!({ "writes": { "tuple_keys": [key("doc:1", "viewer", "user:ann")] } });
        let written = ask(&world, &machine, "POST", &format!("/stores/{id}/write"), write);
        assert_eq!(written.status, if status == 201 { 200 } else { 404 });
        let asked = json!({ "subject": { "type": "user", "id": "ann" }, "action": { "name": "viewer" }, "resource": { "type": "doc", "id": "1" } });
        let decided = ask(&world, &machine, "POST", &format!("/stores/{id}/access/v1/evaluation"), asked);
        assert_eq!(decided.status, if status == 201 { 200 } else { 404 }, "{}", decided.text);
    }
    let other = "/access/v1/evaluation?tenant=zeta";
    let asked = json!({ "subject": { "type": "user", "id": "ann" }, "action": { "name": "viewer" }, "resource": { "type": "doc", "id": "1" } });
    assert_eq!(ask(&world, &machine, "POST", other, asked.clone()).status, 404);
    let own = ask(&world, &machine, "POST", "/access/v1/evaluation", asked);
    assert_eq!(told(own, 200), json!({ "decision": true }), "its own, if it names none");
}

#[test]
fn what_a_machine_makes_is_its_tenants() {
    let (world, _) = world();
    let acme = token(&world, "acme", &SCOPES);
    let zeta = token(&world, "zeta", &SCOPES);
    let made = told(ask(&world, &acme, "POST", "/stores", json!({ "name": "ours" })), 201);
    let path = format!("/stores/{}", text(&made, "id"));
    assert_eq!(ask(&world, &acme, "GET", &path, Value::Null).status, 200);
    refused(&ask(&world, &zeta, "GET", &path, Value::Null), 404, "store_id_not_found");
    let listed = |token: &str| {
        told(ask(&world, token, "GET", "/stores", Value::Null), 200)["stores"].as_array().unwrap().len()
    };
    assert_eq!((listed(&acme), listed(&zeta), listed("a bootstrap token for tests")), (1, 0, 1));
    assert_eq!(
        ask(&world, &zeta, "DELETE", &path, Value::Null).status,
        204,
        "the same as for one that is not there"
    );
    assert_eq!(ask(&world, &acme, "GET", &path, Value::Null).status, 200, "and it stays");
    assert_eq!(ask(&world, &acme, "DELETE", &path, Value::Null).status, 204);
    assert_eq!(listed(&acme), 0);
}

#[test]
fn forbidden_without_the_scope() {
    let (world, [acme, ..]) = world();
    let whole = token(&world, "acme", &SCOPES);
    told(ask(&world, &whole, "POST", &format!("/stores/{acme}/authorization-models"), model()), 201);
    let routes = [
        ("POST", "check", json!({ "tuple_key": key("doc:1", "viewer", "user:a") }), "fga:check"),
        ("POST", "read", json!({}), "fga:read"),
        (
            "POST",
            "write",
            json!({ "writes": { "tuple_keys": [key("doc:1", "viewer", "user:a")] } }),
            "fga:write",
        ),
        ("POST", "authorization-models", model(), "fga:model"),
    ];
    for (method, path, body, needed) in routes {
        let others: Vec<&str> = SCOPES.into_iter().filter(|scope| *scope != needed).collect();
        let path = format!("/stores/{acme}/{path}");
        refused(&ask(&world, &token(&world, "acme", &others), method, &path, body.clone()), 403, "forbidden");
        let answer = ask(&world, &token(&world, "acme", &[needed]), method, &path, body);
        assert!(answer.status < 300, "{path}: {}", answer.text);
    }
}

#[test]
fn a_tenants_store_stays_with_its_tenant() {
    let (world, [acme, ..]) = world();
    refused(
        &ask(&world, "a bootstrap token for tests", "DELETE", &format!("/stores/{acme}"), Value::Null),
        400,
        "validation_error",
    );
}
