//! Policy, through the routes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]

mod common;

use common::{ask, get, refused, send, tenant, told};
use kv_schema::tenant as tenants;
use serde_json::{Value, json};
use testkit::{World, block_on, join_all};

fn path(tenant: &str) -> String {
    format!("/admin/tenants/{tenant}/policy")
}

fn put(world: &World, tenant: &str, body: Value) -> testkit::Answer {
    send(world, "PUT", &path(tenant), body)
}

fn leaf(world: &World, tenant: &str, pointer: &str) -> Value {
    let told = told(get(world, &path(tenant)), 200);
    told.pointer(&format!("/values{pointer}")).cloned().unwrap_or_default()
}

#[test]
fn everything_that_holds_is_told_with_its_origin() {
    let told = told(get(&World::default(), &path("root")), 200);
    let default = |value: Value| json!({ "value": value, "from": null, "locked": false });
    assert_eq!(
        told,
        json!({ "values": {
            "accounts": default(json!("parent")),
            "brand": { "name": default(json!("")), "color": default(json!("")) },
            "device": { "lifetime": default(json!(7_776_000)) },
            "methods": default(json!(["passkey", "magic_link", "federation"])),
            "risk": { "medium": default(json!(40)), "high": default(json!(75)) },
            "second_factor": default(json!("risk")),
            "session": { "lifetime": default(json!(2_592_000)), "idle": default(json!(604_800)) },
            "sign_up": default(json!(true)),
        } })
    );
}

#[test]
fn values_come_down_and_can_be_said_otherwise_and_inherited_again() {
    let world = World::default();
    let root = "ten_00000000000000000000000000";
    let acme = tenant(&world, "acme", "root");
    let unit = tenant(&world, "unit", "acme");
    let asked = json!({ "second_factor": { "value": "always" }, "session": { "idle": { "value": 600 } } });
    let answered = told(put(&world, "root", asked), 200);
    assert_eq!(answered, told(get(&world, &path("root")), 200));
    let always = json!({ "value": "always", "from": root, "locked": false });
    assert_eq!(leaf(&world, &unit, "/second_factor"), always);
    assert_eq!(leaf(&world, &unit, "/session/idle/value"), 600);

    told(put(&world, "acme", json!({ "second_factor": { "value": "never" } })), 200);
    assert_eq!(
        leaf(&world, &unit, "/second_factor"),
        json!({ "value": "never", "from": acme, "locked": false })
    );
    assert_eq!(leaf(&world, "root", "/second_factor"), always);
    // A tenant made later inherits the same.
    let late = tenant(&world, "late", "acme");
    assert_eq!(leaf(&world, &late, "/second_factor/value"), "never");

    // What `GET` tells under `values` may come back in the same wrapping.
    told(put(&world, "acme", json!({ "values": { "second_factor": null } })), 200);
    assert_eq!(leaf(&world, &unit, "/second_factor"), always);
    told(put(&world, "root", json!({ "second_factor": null, "session": { "idle": null } })), 200);
    assert_eq!(leaf(&world, &unit, "/second_factor/from"), Value::Null);
    assert_eq!(leaf(&world, &unit, "/session/idle/value"), 604_800);
}

#[test]
fn locked() {
    let world = World::default();
    let acme = tenant(&world, "acme", "root");
    let unit = tenant(&world, "unit", "acme");
    told(put(&world, &unit, json!({ "second_factor": { "value": "never" } })), 200);
    told(put(&world, "acme", json!({ "second_factor": { "value": "always", "locked": true } })), 200);
    let always = json!({ "value": "always", "from": acme, "locked": true });
    assert_eq!(leaf(&world, &unit, "/second_factor"), always, "said before the lock, it holds no more");
    for value in [json!({ "value": "risk" }), json!({ "value": "always" }), Value::Null] {
        let told = put(&world, &unit, json!({ "sign_up": { "value": false }, "second_factor": value }));
        refused(&told, 403, "locked", "second_factor");
    }
    assert_eq!(leaf(&world, &unit, "/sign_up/value"), true, "and nothing of it was taken");
    // Who locked it may still change it.
    told(put(&world, "acme", json!({ "second_factor": { "value": "risk", "locked": true } })), 200);
    assert_eq!(leaf(&world, &unit, "/second_factor/value"), "risk");
    told(put(&world, "acme", json!({ "second_factor": null })), 200);
    assert_eq!(
        leaf(&world, &unit, "/second_factor"),
        json!({ "value": "never", "from": unit, "locked": false })
    );
}

#[test]
fn invalid_field_says_which_and_what_it_takes_and_changes_nothing() {
    let world = World::default();
    let cases = [
        (json!({ "second_facto": { "value": "never" } }), "second_facto", "second_factor"),
        (json!({ "risk": { "low": { "value": 1 } } }), "risk.low", "risk.medium"),
        (json!({ "risk.medium": { "value": 1 } }), "risk.medium", "nested"),
        (json!({ "risk": 7 }), "risk", "medium"),
        (json!({ "second_factor": "never" }), "second_factor", "value"),
        (json!({ "second_factor": ["never", true] }), "second_factor", "value"),
        (
            json!({ "second_factor": { "value": "sometimes" } }),
            "second_factor",
            "`never`, `risk` or `always`",
        ),
        (json!({ "second_factor": { "value": "never", "from": "x" } }), "second_factor", "locked"),
        (json!({ "second_factor": { "value": "never", "locked": 1 } }), "second_factor", "locked"),
        (json!({ "second_factor": { "locked": true } }), "second_factor", "value"),
        (json!({ "sign_up": { "value": "yes" } }), "sign_up", "`true` or `false`"),
        (json!({ "methods": { "value": [] } }), "methods", "not empty"),
        (json!({ "methods": { "value": ["passkey", "passkey"] } }), "methods", "without doubles"),
        (json!({ "session": { "idle": { "value": 59 } } }), "session.idle", "seconds"),
        (json!({ "session": { "idle": { "value": 1e3 } } }), "session.idle", "seconds"),
        (json!({ "brand": { "color": { "value": "red" } } }), "brand.color", "#1f5eff"),
        (json!({ "accounts": { "value": "mine" } }), "accounts", "`own` or `parent`"),
        (json!({ "risk": { "medium": { "value": 101 } } }), "risk.medium", "0 to 100"),
        (json!({ "risk": { "medium": { "value": 80 } } }), "risk.medium", "75"),
        (json!({ "risk": { "high": { "value": 10 } } }), "risk.medium", "10"),
    ];
    for (mut body, field, takes) in cases {
        body["sign_up"] =
            if field == "sign_up" { body["sign_up"].clone() } else { json!({ "value": false }) };
        let told = put(&world, "root", body);
        refused(&told, 422, "invalid_field", field);
        assert!(told.text_of("detail").contains(takes), "{}", told.text);
    }
    assert!(world.store.is_empty(), "{}", world.store.dump());
    told(put(&world, "root", json!({ "risk": { "medium": { "value": 10 }, "high": { "value": 10 } } })), 200);
}

#[test]
fn changes_of_different_values_at_once_all_count() {
    let world = World::default();
    tenant(&world, "acme", "root");
    let bodies = [
        json!({ "second_factor": { "value": "always" } }),
        json!({ "sign_up": { "value": false } }),
        json!({ "session": { "idle": { "value": 600 } } }),
        json!({ "session": { "lifetime": { "value": 900 } } }),
        json!({ "brand": { "name": { "value": "Acme" } } }),
    ];
    let all = bodies.iter().map(|body| ask(&world, "PUT", "/admin/tenants/root/policy", body.clone()));
    assert!(block_on(join_all(all)).iter().all(|answer| answer.status == 200));
    for (pointer, value) in [
        ("/second_factor/value", json!("always")),
        ("/sign_up/value", json!(false)),
        ("/session/idle/value", json!(600)),
        ("/session/lifetime/value", json!(900)),
        ("/brand/name/value", json!("Acme")),
    ] {
        assert_eq!(leaf(&world, "acme", pointer), value);
    }
}

#[test]
fn a_change_cut_short_anywhere_is_whole_once_it_is_asked_for_again() {
    for writes in 0..30 {
        let world = World::default();
        let acme = tenant(&world, "acme", "root");
        let unit = tenant(&world, "unit", &acme);
        let other = tenant(&world, "other", &acme);
        let asked = || put(&world, "root", json!({ "second_factor": { "value": "always", "locked": true } }));
        world.store.dies_after.set(Some(writes));
        let first = asked();
        world.store.dies_after.set(None);
        assert!(first.status == 200 || (first.status == 503 && writes < 25), "{}", first.text);
        told(asked(), 200);
        for tenant in [&acme, &unit, &other] {
            assert_eq!(leaf(&world, tenant, "/second_factor/value"), "always", "after {writes} writes");
        }
        assert!(told(get(&world, &path("root")), 200).get("pending").is_none());
    }
}

#[test]
fn more_tenants_than_one_request_can_follow_are_told_as_pending() {
    let world = World::default();
    block_on(async {
        let root = tenants::find(&world.ports(), None).await.unwrap().unwrap();
        for n in 0..101 {
            tenants::create(&world.ports(), &root, &format!("t{n}"), "T").await.unwrap();
        }
    });
    let first = told(put(&world, "root", json!({ "sign_up": { "value": false } })), 200);
    assert_eq!(first["pending"], true);
    assert_eq!(leaf(&world, "t100", "/sign_up/value"), true);
    assert!(told(put(&world, "root", json!({})), 200).get("pending").is_none());
    assert_eq!(leaf(&world, "t100", "/sign_up/value"), false);
}

#[test]
fn accounts_made_below_a_tenant_with_its_own_are_its_own() {
    let world = World::default();
    tenant(&world, "acme", "root");
    told(put(&world, "acme", json!({ "accounts": { "value": "own" } })), 200);
    let here = common::account(&world, "acme", "ada@acme.example");
    assert_ne!(here, common::account(&world, "root", "ada@acme.example"), "two people to the two of them");
}
