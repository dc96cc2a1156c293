//! The clients of a tenant.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has to stop")]

mod common;

use common::{each, get, pages, refused, send, tenant, text, told};
use kv_schema::client;
use serde_json::{Value, json};
use testkit::{World, block_on};

const PATH: &str = "/admin/tenants/acme/clients";

fn register(world: &World, more: Value) -> Value {
    let mut asked = json!({ "name": "Orders", "kind": "machine", "scopes": ["admin", "fga:read", "admin"] });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    told(send(world, "POST", PATH, asked), 201)
}

/// Whether a secret is good for a client.
fn knows(world: &World, id: &str, secret: &str) -> bool {
    let client = block_on(client::read(&world.ports(), id.parse().unwrap())).unwrap().unwrap();
    client.knows(secret)
}

fn jwks() -> Value {
    let key = |seed: u8| serde_json::to_value(jose::SigningKey::of(&[seed; 32]).unwrap().public()).unwrap();
    json!({ "keys": [key(1), key(2)] })
}

fn acme() -> World {
    let world = World::default();
    tenant(&world, "acme", "root");
    world
}

#[test]
fn a_client_is_registered_and_its_secret_told_once() {
    let world = acme();
    let made = register(&world, json!({ "resources": ["https://api.acme.example"] }));
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    assert!(id.starts_with("cli_") && secret.starts_with("lkx_") && made["id"] == id.as_str());
    assert_eq!(made["scopes"], json!(["admin", "fga:read"]), "each once");
    assert_eq!((&made["client_secret_expires_at"], &made["state"]), (&json!(0), &json!("active")));
    assert_eq!(made["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(made["grant_types"], json!(["client_credentials"]));
    let shown = told(get(&world, &format!("{PATH}/{id}")), 200);
    assert!(shown.get("client_secret").is_none() && shown["secrets"].as_array().unwrap().len() == 1);
    assert!(knows(&world, &id, &secret));
    assert!(!world.store.dump().contains(&secret[4..40]), "kept as a hash");
    assert!(world.log.0.borrow().is_empty());
}

#[test]
fn a_client_may_sign_instead() {
    let world = acme();
    let made = register(&world, json!({ "jwks": jwks() }));
    assert!(made.get("client_secret").is_none() && made["secrets"] == json!([]));
    assert_eq!((&made["jwks"], &made["token_endpoint_auth_method"]), (&jwks(), &json!("private_key_jwt")));
    let path = format!("{PATH}/{}", text(&made, "id"));
    refused(&send(&world, "POST", &format!("{path}/secrets"), json!({})), 409, "no_secrets", "");
    let fewer = json!({ "keys": [jwks()["keys"][1]] });
    assert_eq!(told(send(&world, "PATCH", &path, json!({ "jwks": fewer })), 200)["jwks"], fewer);
}

#[test]
fn two_secrets_are_good_while_machines_change_over() {
    let world = acme();
    let made = register(&world, json!({}));
    let id = text(&made, "id");
    let more = |body: Value| {
        text(&told(send(&world, "POST", &format!("{PATH}/{id}/secrets"), body), 201), "client_secret")
    };
    let first = text(&made, "client_secret");
    let second = more(Value::Null);
    assert!(knows(&world, &id, &first) && knows(&world, &id, &second));
    let third = more(json!({}));
    assert!(!knows(&world, &id, &first) && knows(&world, &id, &second) && knows(&world, &id, &third));
    let alone = more(json!({ "alone": true }));
    assert!(!knows(&world, &id, &third) && knows(&world, &id, &alone));
}

#[test]
fn changes_and_removal() {
    let world = acme();
    let id = text(&register(&world, json!({})), "id");
    let path = format!("{PATH}/{id}");
    let asked =
        json!({ "name": "Stock", "state": "disabled", "scopes": [], "resources": ["urn:acme:stock"] });
    let changed = told(send(&world, "PATCH", &path, asked.clone()), 200);
    for (name, value) in asked.as_object().unwrap() {
        assert_eq!(&changed[name], value);
    }
    assert_eq!(told(send(&world, "PATCH", &path, json!({})), 200), changed);
    assert_eq!(told(get(&world, &path), 200), changed);
    assert_eq!(send(&world, "DELETE", &path, Value::Null).status, 204);
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("PATCH", path.clone()),
        ("POST", format!("{path}/secrets")),
    ] {
        refused(
            &send(&world, method, &path, if method == "PATCH" { json!({}) } else { Value::Null }),
            404,
            "not_found",
            "",
        );
    }
    assert!(each(&told(get(&world, PATH), 200), "id").is_empty());
}

#[test]
fn a_list_in_the_order_they_were_made() {
    let world = acme();
    let made: Vec<String> = (0..5).map(|_| text(&register(&world, json!({})), "id")).collect();
    assert_eq!(send(&world, "DELETE", &format!("{PATH}/{}", made[1]), Value::Null).status, 204);
    let wanted: Vec<String> = made.iter().filter(|id| **id != made[1]).cloned().collect();
    for limit in [1, 2, 200] {
        assert_eq!(pages(&world, PATH, limit, "id"), wanted, "{limit} at a time");
    }
}

#[test]
fn another_tenant_s_client_is_not_found() {
    let world = acme();
    tenant(&world, "zeta", "root");
    let id = text(&register(&world, json!({})), "id");
    let path = format!("/admin/tenants/zeta/clients/{id}");
    for method in ["GET", "DELETE"] {
        refused(&send(&world, method, &path, Value::Null), 404, "not_found", "");
    }
    refused(&send(&world, "PATCH", &path, json!({})), 404, "not_found", "");
    refused(&send(&world, "POST", &format!("{path}/secrets"), json!({})), 404, "not_found", "");
    assert_eq!(get(&world, &format!("{PATH}/{id}")).status, 200);
}

#[test]
fn a_tenant_with_clients_is_not_empty() {
    let world = acme();
    let id = text(&register(&world, json!({})), "id");
    refused(&send(&world, "DELETE", "/admin/tenants/acme", Value::Null), 409, "not_empty", "");
    assert_eq!(send(&world, "DELETE", &format!("{PATH}/{id}"), Value::Null).status, 204);
    assert_eq!(send(&world, "DELETE", "/admin/tenants/acme", Value::Null).status, 204);
    let left: Vec<String> = world.store.keys().into_iter().filter(|key| key.contains("client")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn invalid_field() {
    let world = acme();
    let private = json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI" });
    let twice = jwks()["keys"][0].clone();
    for (body, field) in [
        (json!({ "kind": "web" }), "kind"),
        (json!({ "kind": "spa" }), "kind"),
        (json!({ "kind": "native" }), "kind"),
        (json!({ "kind": "robot" }), "kind"),
        (json!({ "name": " " }), "name"),
        (json!({ "scopes": ["two words"] }), "scopes"),
        (json!({ "scopes": [""] }), "scopes"),
        (json!({ "scopes": vec!["x"; 51] }), "scopes"),
        (json!({ "resources": ["api"] }), "resources"),
        (json!({ "resources": ["https://api.example/#x"] }), "resources"),
        (json!({ "resources": [" https://api.example"] }), "resources"),
        (json!({ "grant_types": ["authorization_code"] }), "grant_types"),
        (json!({ "grant_types": [] }), "grant_types"),
        (json!({ "redirect_uris": ["https://app.example/"] }), "redirect_uris"),
        (json!({ "token_endpoint_auth_method": "none" }), "token_endpoint_auth_method"),
        (json!({ "token_endpoint_auth_method": null }), "token_endpoint_auth_method"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), "jwks"),
        (json!({ "token_endpoint_auth_method": "client_secret_post", "jwks": jwks() }), "jwks"),
        (json!({ "jwks": { "keys": [] } }), "jwks"),
        (json!({ "jwks": { "keys": [twice, twice] } }), "jwks"),
        (json!({ "jwks": { "keys": [private] } }), "jwks.keys[0]"),
        (json!({ "client_secret": "mine" }), "client_secret"),
    ] {
        let mut asked = json!({ "name": "Orders", "kind": "machine" });
        asked.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        refused(&send(&world, "POST", PATH, asked), 422, "invalid_field", field);
    }
    refused(&send(&world, "POST", PATH, json!({ "name": "Orders" })), 422, "invalid_field", "kind");
    let path = format!("{PATH}/{}", text(&register(&world, json!({})), "id"));
    for (body, field) in [
        (json!({ "state": "gone" }), "state"),
        (json!({ "scopes": null }), "scopes"),
        (json!({ "jwks": jwks() }), "jwks"),
        (json!({ "kind": "machine" }), "kind"),
    ] {
        refused(&send(&world, "PATCH", &path, body), 422, "invalid_field", field);
    }
    refused(
        &send(&world, "POST", &format!("{path}/secrets"), json!({ "alone": 1 })),
        422,
        "invalid_field",
        "alone",
    );
    assert_eq!(each(&told(get(&world, PATH), 200), "id").len(), 1, "what was refused made nothing");
}
