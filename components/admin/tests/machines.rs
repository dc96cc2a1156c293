//! Machine clients as administrators: what their tokens open, and what they do not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use admin::routes::{TABLE, answer};
use common::{account, each, get, refused, send, tenant, text, told};
use domain::{Secs, hours, mins};
use kv_schema::{bearer, client, keyring, tenant as tenants};
use serde_json::{Value, json};
use testkit::{Answer, Browser, World, block_on};

/// The platform, `acme` with `north` below it, and `zeta` beside it.
fn world() -> World {
    let world = World::default();
    tenant(&world, "acme", "root");
    tenant(&world, "north", "acme");
    tenant(&world, "zeta", "root");
    world
}

fn register(world: &World, tenant: &str, scopes: &[&str]) -> String {
    let asked = json!({ "name": "Robot", "kind": "machine", "scopes": scopes });
    text(&told(send(world, "POST", &format!("/admin/tenants/{tenant}/clients"), asked), 201), "id")
}

/// What `session` gives such a client.
fn token(world: &World, id: &str, scope: &str, audience: &str) -> String {
    block_on(async {
        let ports = world.ports();
        let client = client::read(&ports, id.parse().unwrap()).await.unwrap().unwrap();
        let tenant = tenants::read(&ports, client.tenant).await.unwrap().unwrap();
        bearer::issue(&ports, &client, &tenant, scope, audience).await.unwrap().reveal().clone()
    })
}

const US: &str = "http://localhost:3000";

/// A token for us with the scope `admin`.
fn admin(world: &World, id: &str) -> String {
    token(world, id, "admin", US)
}

fn ask(world: &World, token: &str, method: &str, path: &str, body: Value) -> Answer {
    let mut browser = Browser::default().with("authorization", &format!("Bearer {token}"));
    block_on(browser.send(world, answer, method, path, body))
}

fn asks(world: &World, token: &str, path: &str) -> Answer {
    ask(world, token, "GET", path, Value::Null)
}

#[test]
fn a_machine_reaches_its_tenant_and_those_below() {
    let world = world();
    let token = admin(&world, &register(&world, "acme", &["admin"]));
    let tree = told(asks(&world, &token, "/admin/tenants"), 200);
    assert_eq!(each(&tree, "slug"), ["acme", "north"], "the tree begins at its own tenant");
    let north = text(&tree["items"][1], "id");
    for path in ["acme", "acme/clients", &north, &format!("{north}/policy")] {
        assert_eq!(asks(&world, &token, &format!("/admin/tenants/{path}")).status, 200, "{path}");
    }
    let made =
        told(ask(&world, &token, "POST", "/admin/tenants", json!({ "name": "South", "slug": "south" })), 201);
    assert_eq!(made["parent"], tree["items"][0]["id"], "below its own, if it names no parent");
    let page = told(asks(&world, &token, "/admin/tenants?limit=1"), 200);
    let rest = told(asks(&world, &token, &format!("/admin/tenants?after={}", text(&page, "next"))), 200);
    assert_eq!(each(&rest, "slug"), ["north", "south"]);
}

/// Foreign things are not found: neither above nor beside.
#[test]
fn not_found_outside_its_reach() {
    let world = world();
    let stranger = account(&world, "zeta", "eve@zeta.example");
    let foreign = register(&world, "zeta", &["admin"]);
    let token = admin(&world, &register(&world, "acme", &["admin"]));
    for outside in ["root", "zeta", "nobody"] {
        for (method, route) in TABLE.iter().filter(|(_, route)| route.contains("{tenant}")) {
            let path = route
                .replace("{tenant}", outside)
                .replace("{account}", &stranger)
                .replace("{client}", &foreign);
            let body = if matches!(*method, "GET" | "DELETE") { Value::Null } else { json!({}) };
            refused(&ask(&world, &token, method, &path, body), 404, "not_found", "");
        }
        let asked = json!({ "name": "Mine", "slug": "mine", "parent": outside });
        refused(&ask(&world, &token, "POST", "/admin/tenants", asked), 422, "invalid_field", "parent");
        let list = asks(&world, &token, &format!("/admin/tenants?parent={outside}"));
        refused(&list, 422, "invalid_field", "parent");
    }
    let below = text(&told(get(&world, "/admin/tenants?parent=acme"), 200)["items"][0], "id");
    let token = admin(&world, &register(&world, &below, &["admin"]));
    refused(&asks(&world, &token, "/admin/tenants/acme"), 404, "not_found", "");
    assert_eq!(asks(&world, &token, &format!("/admin/tenants/{below}")).status, 200);
}

#[test]
fn insufficient_scope() {
    let world = world();
    let id = register(&world, "acme", &["admin", "fga:read"]);
    for scope in ["fga:read", "", "administer"] {
        let told = asks(&world, &token(&world, &id, scope, US), "/admin/tenants/acme");
        refused(&told, 403, "insufficient_scope", "");
    }
    assert_eq!(asks(&world, &token(&world, &id, "fga:read admin", US), "/admin/tenants/acme").status, 200);
}

/// Everything that takes a right away holds with the next request, whatever tokens are out.
#[test]
fn taking_away_holds_at_once() {
    let world = world();
    let path = |id: &str| format!("/admin/tenants/acme/clients/{id}");
    let with = |change: Value| {
        let id = register(&world, "acme", &["admin"]);
        let token = admin(&world, &id);
        assert_eq!(asks(&world, &token, "/admin/tenants/acme").status, 200);
        let method = if change.is_null() { "DELETE" } else { "PATCH" };
        assert!(send(&world, method, &path(&id), change).status < 300);
        (id, asks(&world, &token, "/admin/tenants/acme"), token)
    };
    let (id, told, token) = with(json!({ "state": "disabled" }));
    refused(&told, 401, "unauthorized", "");
    assert_eq!(send(&world, "PATCH", &path(&id), json!({ "state": "active" })).status, 200);
    assert_eq!(asks(&world, &token, "/admin/tenants/acme").status, 200);
    refused(&with(Value::Null).1, 401, "unauthorized", "");
    refused(&with(json!({ "scopes": ["fga:read"] })).1, 403, "insufficient_scope", "");
}

/// PROTOCOLS: attack case 36.
#[test]
fn unauthorized() {
    let world = world();
    let id = register(&world, "acme", &["admin"]);
    let right = admin(&world, &id);
    let parts: Vec<&str> = right.split('.').collect();
    let foreign = jose::SigningKey::of(&[9; 32]).unwrap();
    let claim = |typ: &str, change: &dyn Fn(&mut Value)| {
        let now = world.now().secs();
        let mut claims = json!({ "iss": US, "sub": id, "aud": US, "iat": now, "exp": now + 60, "jti": "x",
            "client_id": id, "scope": "admin", "tenant": told(get(&world, "/admin/tenants/acme"), 200) });
        change(&mut claims);
        block_on(keyring::signer(&world.ports())).unwrap().sign(typ, &claims).unwrap()
    };
    assert_eq!(asks(&world, &claim("at+jwt", &|_| {}), "/admin/tenants/acme").status, 200, "as ours are");
    let now = world.now().secs();
    let zeta = text(&told(get(&world, "/admin/tenants/zeta"), 200), "id");
    for (why, token) in [
        ("cut", right[..right.len() - 1].to_owned()),
        ("without signature", format!("{}.{}.", parts[0], parts[1])),
        ("another deployment's key", foreign.sign("at+jwt", &json!({ "sub": id })).unwrap()),
        ("for another API", token(&world, &id, "admin", "https://api.acme.example")),
        ("an ID token", claim("JWT", &|_| {})),
        ("a logout token", claim("logout+jwt", &|_| {})),
        ("over for two minutes", claim("at+jwt", &|claims| claims["exp"] = (now - 120).into())),
        ("another issuer", claim("at+jwt", &|claims| claims["iss"] = "http://localhost:3001".into())),
        ("a person's", claim("at+jwt", &|claims| claims["sub"] = "acc_01MAAAAAAAAAAAAAAAAAAAAAAA".into())),
        ("another tenant's", claim("at+jwt", &|claims| claims["tenant"]["id"] = zeta.clone().into())),
        ("no scope", claim("at+jwt", &|claims| drop(claims.as_object_mut().unwrap().remove("scope")))),
        ("lives for a day", claim("at+jwt", &|claims| claims["exp"] = (now + 86_400).into())),
    ] {
        let told = asks(&world, &token, "/admin/tenants/acme");
        assert_eq!((told.status, told.code()), (401, "unauthorized"), "{why}: {}", told.text);
        assert_eq!(told.headers["www-authenticate"], "Bearer");
        assert!(!world.log.0.borrow().iter().any(|line| line.contains(&token)), "{why}: no token in the log");
    }
    world.advance(hours(1));
    world.advance(Secs(31));
    refused(&asks(&world, &right, "/admin/tenants/acme"), 401, "unauthorized", "");
}

#[test]
fn without_a_bootstrap_token_machines_still_administer() {
    let world = world();
    let id = register(&world, "acme", &["admin"]);
    let token = admin(&world, &id);
    assert_eq!(asks(&world, &token, "/admin/tenants/acme").status, 200);
    refused(
        &asks(&World::with(&[("bootstrap_token", "")]), &token, "/admin/tenants/acme"),
        401,
        "unauthorized",
        "",
    );
}

/// Whoever may add members must not thereby get hold of people who are somebody else's, too.
#[test]
fn foreign_account() {
    let world = world();
    let ada = account(&world, "acme", "ada@acme.example");
    let eve = account(&world, "zeta", "eve@zeta.example");
    let token = admin(&world, &register(&world, "acme", &["admin"]));
    let add =
        ask(&world, &token, "POST", "/admin/tenants/acme/accounts", json!({ "email": "eve@zeta.example" }));
    let added = told(add, 201);
    assert_eq!(
        added["memberships"].as_array().unwrap().len(),
        1,
        "it is not told where else she is a member"
    );
    let path = format!("/admin/tenants/acme/accounts/{eve}");
    for (method, path, body) in [
        ("PATCH", path.clone(), json!({ "state": "disabled" })),
        ("PATCH", path.clone(), json!({ "name": "Mallory" })),
        ("POST", format!("{path}/reset-factors"), Value::Null),
        ("POST", format!("{path}/sign-out"), Value::Null),
    ] {
        refused(&ask(&world, &token, method, &path, body), 403, "foreign_account", "");
    }
    assert_eq!(
        ask(&world, &token, "PATCH", &path, json!({ "roles": ["owner"] })).status,
        200,
        "roles are its own"
    );
    assert_eq!(ask(&world, &token, "DELETE", &path, Value::Null).status, 204, "and so is the membership");
    let own = format!("/admin/tenants/acme/accounts/{ada}");
    assert_eq!(ask(&world, &token, "PATCH", &own, json!({ "state": "disabled" })).status, 200);
    assert_eq!(ask(&world, &token, "POST", &format!("{own}/sign-out"), Value::Null).status, 204);
}

/// One read for the token, of the client; keys and verified tokens are remembered.
#[test]
fn a_warm_check_costs_one_read() {
    let world = world();
    let token = admin(&world, &register(&world, "acme", &["admin"]));
    let authenticate = || block_on(bearer::authenticate(&world.ports(), &token)).unwrap().unwrap();
    world.store.operations();
    authenticate();
    let warm = world.store.operations();
    assert_eq!((warm.reads, warm.writes), (1, 0));
    world.advance(mins(6));
    authenticate();
    assert_eq!(world.store.operations().reads, 1);
    // Another token of another instance: the keys are read again every few minutes.
    let id = register(&world, "zeta", &["admin"]);
    let other = admin(&world, &id);
    world.advance(mins(6));
    world.store.operations();
    block_on(bearer::authenticate(&world.ports(), &other)).unwrap().unwrap();
    assert_eq!(world.store.operations().reads, 2);
    // What is remembered ends all the same.
    world.advance(hours(1));
    assert!(block_on(bearer::authenticate(&world.ports(), &token)).unwrap().is_err());
    assert!(block_on(bearer::authenticate(&world.ports(), &other)).unwrap().is_err());
}
