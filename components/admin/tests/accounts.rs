//! Accounts, through the routes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]

mod common;

use common::{account, ask, each, get, pages, refused, send, tenant, text, told};
use domain::{AccountId, Authenticated, Digest, Method, SessionId, Ulid, days};
use kv_schema::{Change, factors::Recovery, passkeys, passkeys::Passkey, sessions};
use serde_json::{Value, json};
use testkit::{World, block_on, join_all};

const ACCOUNTS: &str = "/admin/tenants/acme/accounts";

fn world() -> World {
    let world = World::default();
    tenant(&world, "acme", "root");
    tenant(&world, "nordwind", "root");
    world
}

fn patch(world: &World, id: &str, body: Value) -> testkit::Answer {
    send(world, "PATCH", &format!("{ACCOUNTS}/{id}"), body)
}

/// A cookie of a session in a tenant.
fn sign_in(world: &World, id: &str, slug: &str) -> String {
    block_on(async {
        let tenant = kv_schema::tenant::find(&world.ports(), Some(slug)).await.unwrap().unwrap();
        let id: AccountId = id.parse().unwrap();
        let who = Authenticated::dangerous_claim(tenant.id, id, Method::MagicLink, world.now());
        let begun = sessions::begin(&world.ports(), &who, (days(1), days(1)), "Testkit", None).await;
        begun.unwrap().unwrap().1.reveal().clone()
    })
}

fn signed_in(world: &World, cookie: &str) -> bool {
    block_on(sessions::check(&world.ports(), cookie)).unwrap().is_some()
}

fn add_passkey(world: &World, id: &str, credential: &str) -> bool {
    block_on(async {
        let number = passkeys::claim(&world.ports(), id.parse().unwrap(), credential).await.unwrap();
        let Some(number) = number else { return false };
        passkeys::update(&world.ports(), id.parse().unwrap(), |passkeys| {
            passkeys.credentials.push(Passkey {
                id: credential.into(),
                name: "Key".into(),
                created: world.now(),
                used: None,
                number,
                credential: Value::Null,
            });
            Change::Write(())
        })
        .await
        .unwrap();
        true
    })
}

fn add_recovery_codes(world: &World, id: &str) {
    let (codes, session) = (vec![Digest::of(&[b"code"])], SessionId::of(Ulid::new(world.now(), [9; 10])));
    let list = Recovery { codes, made: world.now(), used: None, wrong: 0, session };
    let ports = world.ports();
    let added = passkeys::update(&ports, id.parse().unwrap(), |passkeys| {
        passkeys.factors.recovery = Some(list.clone());
        Change::Write(())
    });
    block_on(added).unwrap();
}

#[test]
fn an_account_is_made_found_and_changed() {
    let world = world();
    let acme = text(&told(get(&world, "/admin/tenants/acme"), 200), "id");
    let asked =
        json!({ "email": "Ada@Acme.Example", "name": "Ada Berg", "roles": ["owner", "acme:buyer", "owner"] });
    let made = told(send(&world, "POST", ACCOUNTS, asked), 201);
    let id = text(&made, "id");
    assert_eq!(
        made,
        json!({
            "id": id, "email": "ada@acme.example", "name": "Ada Berg", "state": "active",
            "roles": ["owner", "acme:buyer"], "passkeys": 0, "created_at": "2026-11-24T09:30:00Z",
            "memberships": [{ "tenant": acme, "roles": ["owner", "acme:buyer"] }],
        })
    );
    assert_eq!(told(get(&world, &format!("{ACCOUNTS}/{id}")), 200), made);
    assert_eq!(
        told(get(&world, &format!("{ACCOUNTS}?email=ADA%40acme.example")), 200),
        json!({ "items": [made] })
    );
    assert_eq!(
        told(get(&world, &format!("{ACCOUNTS}?email=eve%40acme.example")), 200),
        json!({ "items": [] })
    );

    let changed = told(patch(&world, &id, json!({ "name": null, "roles": [] })), 200);
    assert_eq!(
        (&changed["name"], &changed["roles"], &changed["state"]),
        (&Value::Null, &json!([]), &json!("active"))
    );
    let changed = told(patch(&world, &id, json!({ "name": "A. Berg" })), 200);
    assert_eq!((text(&changed, "name"), &changed["roles"]), ("A. Berg".into(), &json!([])));
    assert_eq!(told(patch(&world, &id, json!({})), 200), changed);
}

#[test]
fn invalid_field() {
    let world = world();
    let long = "a".repeat(65);
    let many: Vec<String> = (0..21).map(|n| format!("r{n}")).collect();
    for (body, field) in [
        (json!({}), "email"),
        (json!({ "email": "ada" }), "email"),
        (json!({ "email": "a@b.example@c.example" }), "email"),
        (json!({ "email": 7 }), "email"),
        (json!({ "email": "ada@acme.example", "name": "" }), "name"),
        (json!({ "email": "ada@acme.example", "roles": ["Owner"] }), "roles"),
        (json!({ "email": "ada@acme.example", "roles": [""] }), "roles"),
        (json!({ "email": "ada@acme.example", "roles": [long] }), "roles"),
        (json!({ "email": "ada@acme.example", "roles": many }), "roles"),
        (json!({ "email": "ada@acme.example", "roles": "owner" }), "roles"),
        (json!({ "email": "ada@acme.example", "password": "x" }), "password"),
    ] {
        refused(&send(&world, "POST", ACCOUNTS, body), 422, "invalid_field", field);
    }
    let id = account(&world, "acme", "ada@acme.example");
    for (body, field) in [
        (json!({ "state": "gone" }), "state"),
        // Neither "as it was" nor "none".
        (json!({ "state": null }), "state"),
        (json!({ "roles": null }), "roles"),
        (json!({ "email": "eve@acme.example" }), "email"),
        (json!({ "state": "disabled", "roles": ["No"] }), "roles"),
    ] {
        refused(&patch(&world, &id, body), 422, "invalid_field", field);
    }
    for (query, field) in
        [("email=ada", "email"), ("limit=201", "limit"), ("after=x", "after"), ("after=-1", "after")]
    {
        refused(&get(&world, &format!("{ACCOUNTS}?{query}")), 422, "invalid_field", field);
    }
    assert_eq!(text(&told(get(&world, &format!("{ACCOUNTS}/{id}")), 200), "state"), "active");
}

#[test]
fn account_exists() {
    let world = world();
    account(&world, "acme", "ada@acme.example");
    let again = send(&world, "POST", ACCOUNTS, json!({ "email": "ADA@acme.example" }));
    refused(&again, 409, "account_exists", "");
}

#[test]
fn sixty_four_at_once_make_one_account_and_one_membership() {
    let world = world();
    for slug in ["acme", "nordwind"] {
        let path = format!("/admin/tenants/{slug}/accounts");
        let asked = || ask(&world, "POST", &path, json!({ "email": "ada@acme.example", "roles": ["owner"] }));
        let all = block_on(join_all((0..64).map(|_| asked())));
        assert_eq!(all.iter().filter(|answer| answer.status == 201).count(), 1, "{slug}");
        assert!(all.iter().all(|answer| answer.status == 201 || answer.code() == "account_exists"));
        assert_eq!(pages(&world, &path, 200, "email"), ["ada@acme.example"]);
    }
    let count = |name: &str| world.store.keys().iter().filter(|key| key.contains(name)).count();
    assert_eq!((count(":account:"), count(":member:")), (1, 2));
}

#[test]
fn somebody_known_joins_and_keeps_the_name() {
    let world = world();
    let asked = json!({ "email": "ada@acme.example", "name": "Ada" });
    let id = text(&told(send(&world, "POST", ACCOUNTS, asked), 201), "id");
    let asked = json!({ "email": "ada@acme.example", "name": "Somebody", "roles": ["guest"] });
    let joined = told(send(&world, "POST", "/admin/tenants/nordwind/accounts", asked), 201);
    assert_eq!(
        (text(&joined, "id"), text(&joined, "name"), &joined["roles"]),
        (id.clone(), "Ada".into(), &json!(["guest"]))
    );
    assert_eq!(joined["memberships"].as_array().unwrap().len(), 2);
    assert_eq!(told(get(&world, &format!("{ACCOUNTS}/{id}")), 200)["roles"], json!([]));
}

#[test]
fn too_many_memberships() {
    let world = world();
    for n in 0..50 {
        let slug = format!("t{n}");
        tenant(&world, &slug, "root");
        account(&world, &slug, "ada@acme.example");
    }
    let told = send(&world, "POST", ACCOUNTS, json!({ "email": "ada@acme.example" }));
    refused(&told, 409, "too_many_memberships", "");
}

#[test]
fn not_found_for_who_is_no_member_here() {
    let world = world();
    let id = account(&world, "nordwind", "nils@nordwind.example");
    for (method, rest, body) in [
        ("GET", "", Value::Null),
        ("PATCH", "", json!({ "state": "disabled" })),
        ("DELETE", "", Value::Null),
        ("POST", "/reset-factors", Value::Null),
        ("POST", "/sign-out", Value::Null),
    ] {
        let told = send(&world, method, &format!("{ACCOUNTS}/{id}{rest}"), body);
        refused(&told, 404, "not_found", "");
    }
    assert_eq!(
        told(get(&world, &format!("{ACCOUNTS}?email=nils%40nordwind.example")), 200),
        json!({ "items": [] })
    );
    let there = told(get(&world, &format!("/admin/tenants/nordwind/accounts/{id}")), 200);
    assert_eq!(text(&there, "state"), "active");
}

#[test]
fn disabling_ends_sessions_at_once_and_enabling_brings_none_back() {
    for writes in [None, Some(1)] {
        let world = world();
        let id = account(&world, "acme", "ada@acme.example");
        let cookie = sign_in(&world, &id, "acme");
        assert!(signed_in(&world, &cookie));
        // Cut short after its first write it has still done what matters.
        world.store.dies_after.set(writes);
        let disabled = patch(&world, &id, json!({ "state": "disabled" }));
        world.store.dies_after.set(None);
        assert_eq!(disabled.status, if writes.is_some() { 503 } else { 200 });
        assert!(!signed_in(&world, &cookie));
        assert_eq!(text(&told(get(&world, &format!("{ACCOUNTS}/{id}")), 200), "state"), "disabled");
        assert_eq!(text(&told(patch(&world, &id, json!({ "state": "active" })), 200), "state"), "active");
        assert!(!signed_in(&world, &cookie));
        assert!(signed_in(&world, &sign_in(&world, &id, "acme")));
    }
}

#[test]
fn signing_out_ends_every_session_and_nothing_else() {
    let world = world();
    let id = account(&world, "acme", "ada@acme.example");
    assert!(add_passkey(&world, &id, "AAAA"));
    let cookies = [sign_in(&world, &id, "acme"), sign_in(&world, &id, "acme")];
    assert_eq!(send(&world, "POST", &format!("{ACCOUNTS}/{id}/sign-out"), Value::Null).status, 204);
    assert!(cookies.iter().all(|cookie| !signed_in(&world, cookie)));
    assert_eq!(told(get(&world, &format!("{ACCOUNTS}/{id}")), 200)["passkeys"], 1);
}

#[test]
fn resetting_factors_removes_passkeys_frees_their_ids_and_ends_sessions_even_if_cut_short() {
    for writes in 0..6 {
        let world = world();
        let id = account(&world, "acme", "ada@acme.example");
        let other = account(&world, "acme", "eve@acme.example");
        assert!(add_passkey(&world, &id, "AAAA") && add_passkey(&world, &id, "BBBB"));
        assert!(!add_passkey(&world, &other, "AAAA"), "taken");
        add_recovery_codes(&world, &id);
        let cookie = sign_in(&world, &id, "acme");
        let reset = || send(&world, "POST", &format!("{ACCOUNTS}/{id}/reset-factors"), Value::Null);
        world.store.dies_after.set(Some(writes));
        let first = reset().status;
        world.store.dies_after.set(None);
        assert!(first == 204 || (first == 503 && writes < 4));
        assert_eq!(reset().status, 204);
        assert!(!signed_in(&world, &cookie));
        assert_eq!(told(get(&world, &format!("{ACCOUNTS}/{id}")), 200)["passkeys"], 0);
        assert!(first == 503 || add_passkey(&world, &other, "AAAA"), "free again");
        let left = block_on(passkeys::read(&world.ports(), id.parse().unwrap())).unwrap().unwrap();
        assert!(!left.has_factor(), "nor an authenticator app, nor recovery codes");
    }
}

#[test]
fn deleting_ends_the_membership_and_the_last_one_takes_the_account_with_it() {
    let world = world();
    let id = account(&world, "acme", "ada@acme.example");
    assert_eq!(account(&world, "nordwind", "ada@acme.example"), id);
    let (here, there) = (sign_in(&world, &id, "acme"), sign_in(&world, &id, "nordwind"));
    let delete =
        |slug: &str| send(&world, "DELETE", &format!("/admin/tenants/{slug}/accounts/{id}"), Value::Null);
    assert_eq!(delete("acme").status, 204);
    refused(&delete("acme"), 404, "not_found", "");
    refused(&get(&world, &format!("{ACCOUNTS}/{id}")), 404, "not_found", "");
    assert!(!signed_in(&world, &here), "gone with the membership");
    assert!(signed_in(&world, &there), "another tenant's business");
    // Made a member again, the old session stays gone.
    assert_eq!(account(&world, "acme", "ada@acme.example"), id);
    assert!(!signed_in(&world, &here));

    assert_eq!((delete("acme").status, delete("nordwind").status), (204, 204));
    assert!(!signed_in(&world, &there));
    assert!(!world.store.dump().contains("ada@"), "no address is left");
    assert_ne!(account(&world, "acme", "ada@acme.example"), id);
}

#[test]
fn a_deletion_cut_short_can_be_finished() {
    for writes in 0..8 {
        let world = world();
        let id = account(&world, "acme", "ada@acme.example");
        assert!(add_passkey(&world, &id, "AAAA"));
        let delete = || send(&world, "DELETE", &format!("{ACCOUNTS}/{id}"), Value::Null).status;
        world.store.dies_after.set(Some(writes));
        let first = delete();
        world.store.dies_after.set(None);
        let there = get(&world, &format!("{ACCOUNTS}/{id}")).status == 200;
        assert!(!there || writes == 0, "gone from the first write on");
        let again = delete();
        assert!((first == 503 && again == 204) || (first == 204 && again == 404), "{first} {again}");
        assert!(!world.store.dump().contains("ada@"), "after {writes} writes");
    }
}

#[test]
fn lists_come_in_pages() {
    let world = world();
    let emails: Vec<String> = (0..7).map(|n| format!("p{n}@acme.example")).collect();
    let ids: Vec<String> = emails.iter().map(|email| account(&world, "acme", email)).collect();
    for limit in [1, 2, 3, 7, 200] {
        assert_eq!(pages(&world, ACCOUNTS, limit, "email"), emails);
    }
    let first = told(get(&world, &format!("{ACCOUNTS}?limit=3")), 200);
    send(&world, "DELETE", &format!("{ACCOUNTS}/{}", ids[2]), Value::Null);
    send(&world, "DELETE", &format!("{ACCOUNTS}/{}", ids[3]), Value::Null);
    let rest = told(get(&world, &format!("{ACCOUNTS}?limit=3&after={}", text(&first, "next"))), 200);
    assert_eq!(each(&rest, "email"), emails[4..]);
    assert_eq!(pages(&world, "/admin/tenants/nordwind/accounts", 50, "email"), [""; 0]);
}
