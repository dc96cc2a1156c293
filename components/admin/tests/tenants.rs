//! Tenants, through the routes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]

mod common;

use common::{account, ask, each, get, pages, refused, send, tenant, text, told};
use serde_json::{Value, json};
use testkit::{World, block_on, join_all};

#[test]
fn the_root_is_there_before_anything_was_written() {
    let world = World::default();
    let root = told(get(&world, "/admin/tenants/root"), 200);
    assert_eq!(
        root,
        json!({
            "id": "ten_00000000000000000000000000", "slug": "root", "name": "Latchkey", "parent": null,
            "store_id": "00000000000000000000000000", "created_at": "1970-01-01T00:00:00Z"
        })
    );
    assert!(world.store.is_empty());
    assert_eq!(told(get(&world, "/admin/tenants"), 200), json!({ "items": [root] }));
}

#[test]
fn a_tenant_is_made_found_renamed_and_deleted() {
    let world = World::default();
    let made = told(send(&world, "POST", "/admin/tenants", json!({ "name": " Acme ", "slug": "acme" })), 201);
    assert_eq!(
        (text(&made, "name"), text(&made, "slug"), text(&made, "parent"), text(&made, "created_at")),
        (
            "Acme".into(),
            "acme".into(),
            "ten_00000000000000000000000000".into(),
            "2026-11-24T09:30:00Z".into()
        )
    );
    let id = text(&made, "id");
    assert!(id.starts_with("ten_01") && text(&made, "store_id") == id.trim_start_matches("ten_"));
    for path in ["acme", &id] {
        assert_eq!(told(get(&world, &format!("/admin/tenants/{path}")), 200), made);
    }
    let renamed = told(send(&world, "PATCH", "/admin/tenants/acme", json!({ "name": "Acme Supplies" })), 200);
    assert_eq!(text(&renamed, "name"), "Acme Supplies");
    assert_eq!(told(get(&world, "/admin/tenants/acme"), 200), renamed);
    assert_eq!(told(send(&world, "PATCH", "/admin/tenants/acme", json!({ "slug": "acme" })), 200), renamed);
    assert_eq!(send(&world, "DELETE", "/admin/tenants/acme", Value::Null).status, 204);
    for path in ["acme", &id] {
        refused(&get(&world, &format!("/admin/tenants/{path}")), 404, "not_found", "");
    }
    refused(&send(&world, "DELETE", "/admin/tenants/acme", Value::Null), 404, "not_found", "");
    assert_ne!(tenant(&world, "acme", "root"), id, "its slug is free, its id is not used again");
}

#[test]
fn the_root_can_be_renamed() {
    let world = World::default();
    told(send(&world, "PATCH", "/admin/tenants/root", json!({ "name": "Example" })), 200);
    assert_eq!(text(&told(get(&world, "/admin/tenants/root"), 200), "name"), "Example");
}

#[test]
fn slug_taken() {
    let world = World::default();
    let acme = tenant(&world, "acme", "root");
    let again = |slug: &str, parent: &str| {
        send(&world, "POST", "/admin/tenants", json!({ "name": "x", "slug": slug, "parent": parent }))
    };
    refused(&again("acme", "root"), 409, "slug_taken", "");
    refused(&again("root", "root"), 409, "slug_taken", "");
    assert_eq!(again("acme", &acme).status, 201, "only siblings compete");
    assert_eq!(again("root", "acme").status, 201);
}

#[test]
fn sixty_four_at_once_make_one_tenant() {
    let world = World::default();
    let asked = || ask(&world, "POST", "/admin/tenants", json!({ "name": "Acme", "slug": "acme" }));
    let all = block_on(join_all((0..64).map(|_| asked())));
    assert_eq!(all.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(all.iter().all(|answer| answer.status == 201 || answer.code() == "slug_taken"));
    assert_eq!(each(&told(get(&world, "/admin/tenants"), 200), "slug"), ["root", "acme"]);
}

#[test]
fn invalid_field() {
    let world = World::default();
    tenant(&world, "acme", "root");
    let cases = [
        (json!({ "slug": "a" }), "name"),
        (json!({ "name": "a" }), "slug"),
        (json!({ "name": "", "slug": "a" }), "name"),
        (json!({ "name": "a\u{0007}", "slug": "a" }), "name"),
        (json!({ "name": "a".repeat(121), "slug": "a" }), "name"),
        (json!({ "name": 7, "slug": "a" }), "name"),
        (json!({ "name": "a", "slug": "A" }), "slug"),
        (json!({ "name": "a", "slug": "-a" }), "slug"),
        (json!({ "name": "a", "slug": "a/b" }), "slug"),
        (json!({ "name": "a", "slug": "a".repeat(64) }), "slug"),
        (json!({ "name": "a", "slug": "a", "parent": "nobody" }), "parent"),
        (json!({ "name": "a", "slug": "a", "parent": 7 }), "parent"),
        (json!({ "name": "a", "slug": "a", "policy": {} }), "policy"),
    ];
    for (body, field) in cases {
        refused(&send(&world, "POST", "/admin/tenants", body), 422, "invalid_field", field);
    }
    for (body, field) in [
        (json!({ "slug": "emca" }), "slug"),
        (json!({ "slug": null }), "slug"),
        (json!({ "name": " " }), "name"),
        (json!({ "name": null }), "name"),
        (json!({ "parent": "root" }), "parent"),
    ] {
        refused(&send(&world, "PATCH", "/admin/tenants/acme", body), 422, "invalid_field", field);
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("after=x", "after"),
        ("after=1", "after"),
        ("after=r.0", "after"),
        ("after=r.-1", "after"),
        ("parent=nobody", "parent"),
        ("parent=root&after=r.1", "after"),
        ("parent=root&after=-1", "after"),
    ] {
        refused(&get(&world, &format!("/admin/tenants?{query}")), 422, "invalid_field", field);
    }
    assert_eq!(each(&told(get(&world, "/admin/tenants"), 200), "slug"), ["root", "acme"]);
}

#[test]
fn not_empty() {
    let world = World::default();
    tenant(&world, "acme", "root");
    let unit = tenant(&world, "unit", "acme");
    refused(&send(&world, "DELETE", "/admin/tenants/acme", Value::Null), 409, "not_empty", "");
    let person = account(&world, &unit, "ada@acme.example");
    let unit = format!("/admin/tenants/{unit}");
    refused(&send(&world, "DELETE", &unit, Value::Null), 409, "not_empty", "");
    assert_eq!(send(&world, "DELETE", &format!("{unit}/accounts/{person}"), Value::Null).status, 204);
    assert_eq!(send(&world, "DELETE", &unit, Value::Null).status, 204);
    assert_eq!(send(&world, "DELETE", "/admin/tenants/acme", Value::Null).status, 204);
    // Names that are free again, and counters of what is still there; no record.
    let left = world.store.keys();
    assert!(left.iter().all(|key| key.contains(":cell-") || key.contains(":seq-")), "{left:?}");
}

#[test]
fn root_stays() {
    refused(&send(&World::default(), "DELETE", "/admin/tenants/root", Value::Null), 409, "root_stays", "");
}

#[test]
fn lists_come_in_pages_of_any_size_in_the_order_of_the_tree() {
    let world = World::default();
    for (slug, parent) in [("a", "root"), ("b", "root"), ("a1", "a"), ("a2", "a"), ("b1", "b"), ("c", "root")]
    {
        tenant(&world, slug, parent);
    }
    let deep = text(&told(get(&world, "/admin/tenants?parent=a"), 200)["items"][0], "id");
    tenant(&world, "a11", &deep);
    let tree = ["root", "a", "a1", "a11", "a2", "b", "b1", "c"];
    for limit in 1..=9 {
        assert_eq!(pages(&world, "/admin/tenants", limit, "slug"), tree);
        assert_eq!(pages(&world, "/admin/tenants?parent=root", limit, "slug"), ["a", "b", "c"]);
    }
    assert_eq!(pages(&world, "/admin/tenants?parent=c", 5, "slug"), [""; 0]);

    // What was the last of a page is gone before the next is asked for.
    let first = told(get(&world, "/admin/tenants?limit=4"), 200);
    assert_eq!(each(&first, "slug"), ["root", "a", "a1", "a11"]);
    let last = text(&first["items"][3], "id");
    assert_eq!(send(&world, "DELETE", &format!("/admin/tenants/{last}"), Value::Null).status, 204);
    assert_eq!(send(&world, "DELETE", &format!("/admin/tenants/{deep}"), Value::Null).status, 204);
    let rest = told(get(&world, &format!("/admin/tenants?after={}", text(&first, "next"))), 200);
    assert_eq!(each(&rest, "slug"), ["a2", "b", "b1", "c"]);
}

#[test]
fn a_creation_cut_short_leaves_nothing_half_made() {
    for writes in 0..10 {
        let world = World::default();
        let asked = || send(&world, "POST", "/admin/tenants", json!({ "name": "Acme", "slug": "acme" }));
        world.store.dies_after.set(Some(writes));
        let first = asked();
        world.store.dies_after.set(None);
        let there = get(&world, "/admin/tenants/acme").status == 200;
        assert!(there || first.status == 503);
        let again = asked();
        assert_eq!(again.status, if there { 409 } else { 201 }, "after {writes} writes: {}", again.text);
        assert_eq!(each(&told(get(&world, "/admin/tenants"), 200), "slug"), ["root", "acme"]);
    }
}
