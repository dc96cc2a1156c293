//! `POST /session`: a cleared handoff becomes a session, once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use common::*;
use domain::{Token, mins, secret::DeviceToken};
use kv_schema::{account::State, sessions};
use serde_json::{Value, json};
use session::routes::answer;
use testkit::{Browser, World, block_on, join_all};

#[test]
fn a_cleared_handoff_begins_a_session() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let handoff = cleared(&world, &mut browser, &account, None, None).await;
        browser.cookies.insert("ceremony".into(), "x".into());
        browser.cookies.insert("transaction".into(), "x".into());
        let told = begin(&world, &mut browser, &handoff).await;
        assert_eq!(told.status, 201, "{}", told.text);
        let wanted = json!({
            "account": { "id": account.id, "email": "ada@acme.example" },
            "tenant": { "id": domain::TenantId::ROOT, "slug": "root" },
            "acr": "urn:latchkey:aal1",
            "amr": ["email"],
            "auth_time": world.now().secs(),
            "expires_in": domain::days(30).0,
        });
        assert_eq!(told.json, wanted);
        let lines = set_cookies(&told);
        let session = lines.iter().find(|line| line.starts_with("session=lks_")).unwrap();
        assert!(session.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"), "{session}");
        assert!(lines.iter().any(|line| line.starts_with("device=lkv_") && line.contains("HttpOnly")));
        let names: Vec<&String> = browser.cookies.keys().collect();
        assert_eq!(names, ["device", "session"], "what was under way is over");
        assert_eq!(told.headers["cache-control"], "no-store");
        assert!(!told.text.contains("lks_"), "the secret is in the cookie alone");
        assert!(!world.store.dump().contains(&browser.cookies["session"][10..60]));
    });
}

#[test]
fn on_https_cookies_are_host_bound() {
    let world = World::with(&[("public_url", "https://id.example")]);
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default().with("origin", "https://id.example");
        let handoff = cleared(&world, &mut browser, &account, None, None).await;
        browser.cookies = [("__Host-attempt".to_owned(), browser.cookies["attempt"].clone())].into();
        let told = begin(&world, &mut browser, &handoff).await;
        assert_eq!(told.status, 201, "{}", told.text);
        assert!(
            set_cookies(&told).iter().all(|line| line.starts_with("__Host-") && line.ends_with("; Secure"))
        );
        assert!(is_in(&world, &browser).await);
    });
}

#[test]
fn the_terms_of_the_tenant_hold() {
    let world = World::default();
    block_on(async {
        policy(&world, "session.lifetime", 600.into()).await;
        policy(&world, "session.idle", 300.into()).await;
        policy(&world, "device.lifetime", 7_200.into()).await;
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let told = sign_in(&world, &mut browser, &account).await;
        assert_eq!(told.json["expires_in"], 600);
        assert!(
            set_cookies(&told)
                .iter()
                .any(|line| line.starts_with("device=") && line.contains("Max-Age=7200"))
        );
        for _ in 0..2 {
            world.advance(mins(4));
            assert!(is_in(&world, &browser).await);
        }
        world.advance(mins(2));
        assert!(!is_in(&world, &browser).await, "at its end, although in use");
        sign_in(&world, &mut browser, &account).await;
        world.advance(mins(5));
        assert!(!is_in(&world, &browser).await, "unused");
    });
}

#[test]
fn a_device_is_remembered_unless_the_person_says_no() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        for (body, remembered) in [
            (json!({ "remember_device": false }), false),
            (json!({ "remember_device": "false" }), false),
            (json!({}), true),
            (json!({ "remember_device": true }), true),
        ] {
            let mut browser = Browser::default();
            let mut body = body;
            body["handoff"] = cleared(&world, &mut browser, &account, None, None).await.into();
            let told = browser.send(&world, answer, "POST", "/session", body.clone()).await;
            assert_eq!(told.status, 201, "{body}");
            assert_eq!(browser.cookies.contains_key("device"), remembered, "{body}");
        }
        let kept = sessions::read(&world.ports(), account.id).await.unwrap().unwrap();
        assert_eq!((kept.devices.len(), kept.open.len(), kept.since), (2, 4, Some(world.now())));
    });
}

#[test]
fn a_known_device_stays_and_a_planted_one_is_replaced() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        sign_in(&world, &mut browser, &account).await;
        let first = browser.cookies["device"].clone();
        let known = Token::<DeviceToken>::parse(&first).unwrap().digest();
        let handoff = cleared(&world, &mut browser, &account, None, Some(known)).await;
        begin(&world, &mut browser, &handoff).await;
        assert_eq!(browser.cookies["device"], first);
        let kept = sessions::read(&world.ports(), account.id).await.unwrap().unwrap();
        assert_eq!(kept.devices.len(), 1, "one device, not one per sign-in");

        // Somebody put their own device's cookie here; it must not become a known one of this account.
        let (planted, plain) = Token::<DeviceToken>::issue(&[], [9; 32]);
        browser.cookies.insert("device".into(), plain.reveal().clone());
        for known in [None, Some(known)] {
            let handoff = cleared(&world, &mut browser, &account, None, known).await;
            begin(&world, &mut browser, &handoff).await;
            assert_ne!(browser.cookies["device"], *plain.reveal());
            browser.cookies.insert("device".into(), plain.reveal().clone());
        }
        let kept = sessions::read(&world.ports(), account.id).await.unwrap().unwrap();
        assert!(!kept.knows(&planted.digest(), world.now()));
    });
}

/// PROTOCOLS: attack cases 27 and 28.
#[test]
fn step_up_required_for_a_handoff_nobody_judged() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let raw = raw(&world, &mut browser, &account, None).await;
        let told = begin(&world, &mut browser, &raw).await;
        assert_eq!((told.status, told.code()), (403, "step_up_required"));
        assert!(!browser.cookies.contains_key("session"));
        assert_eq!(begin(&world, &mut browser, &raw.replace("lkh_", "lkd_")).await.code(), "handoff_refused");
    });
}

/// PROTOCOLS: attack cases 4, 9, 15 and 18.
#[test]
fn handoff_refused_used_over_cut_foreign_or_of_another_kind() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let good = cleared(&world, &mut browser, &account, None, None).await;
        let mut stranger = Browser::default();
        cleared(&world, &mut stranger, &account, None, None).await;
        let attempt = browser.cookies["attempt"].clone();
        let mut refused = Vec::new();
        refused.push(begin(&world, &mut stranger, &good).await);
        refused.push(begin(&world, &mut Browser::default(), &good).await);
        for text in [&good[..good.len() - 1], &format!("{good}A"), "", "lkd_", "lkd_.", &attempt, "lks_AAAA"]
        {
            refused.push(begin(&world, &mut browser, text).await);
        }
        let mut twice = browser.clone();
        assert_eq!(begin(&world, &mut browser, &good).await.status, 201, "none of these spent it");
        refused.push(begin(&world, &mut twice, &good).await);
        let late = cleared(&world, &mut twice, &account, None, None).await;
        world.advance(mins(2));
        refused.push(begin(&world, &mut twice, &late).await);
        for (at, refusal) in refused.iter().enumerate() {
            assert_eq!((refusal.status, refusal.code()), (400, "handoff_refused"), "{at}");
            assert_eq!(refusal.text, refused[0].text, "nothing tells them apart");
            assert!(set_cookies(refusal).is_empty());
        }
        let log = world.log.0.borrow().join("\n");
        assert!(!log.contains("lkd_") && !log.contains("ada"), "{log}");
    });
}

/// PROTOCOLS: attack case 35.
#[test]
fn blocked_when_the_account_was_disabled_deleted_or_left_meanwhile() {
    let world = World::default();
    block_on(async {
        for case in 0..3 {
            let account = enrol(&world, &format!("a{case}@acme.example")).await;
            let mut browser = Browser::default();
            let handoff = cleared(&world, &mut browser, &account, None, None).await;
            match case {
                0 => set_state(&world, &account, State::Disabled).await,
                1 => leave(&world, &account).await,
                _ => kv_schema::account::delete(&world.ports(), &account).await.unwrap(),
            }
            let told = begin(&world, &mut browser, &handoff).await;
            assert_eq!((told.status, told.code()), (403, "blocked"), "{case}");
            assert!(!browser.cookies.contains_key("session"));
            let left = sessions::read(&world.ports(), account.id).await.unwrap().unwrap_or_default();
            assert!(left.open.is_empty(), "nothing waits for the account to come back");
        }
    });
}

/// PROTOCOLS: attack case 3.
#[test]
fn of_sixty_four_at_once_one_begins() {
    for never_admits in [false, true] {
        let world = World::default();
        world.store.never_admits.set(never_admits);
        block_on(async {
            let account = enrol(&world, "ada@acme.example").await;
            let mut browser = Browser::default();
            let handoff = cleared(&world, &mut browser, &account, None, None).await;
            let all = join_all((0..64).map(|_| {
                let (mut browser, world, handoff) = (browser.clone(), &world, &handoff);
                async move { begin(world, &mut browser, handoff).await.status }
            }))
            .await;
            assert_eq!(all.iter().filter(|status| **status == 201).count(), 1, "{all:?}");
            assert!(all.iter().all(|status| matches!(status, 201 | 400)));
            let kept = sessions::read(&world.ports(), account.id).await.unwrap().unwrap();
            assert_eq!(kept.open.len(), 1);
        });
    }
}

/// PROTOCOLS: attack case 15.
#[test]
fn a_session_cookie_that_was_there_before_is_worth_nothing_afterwards() {
    let world = World::default();
    block_on(async {
        let (ada, eve) = (enrol(&world, "ada@acme.example").await, enrol(&world, "eve@acme.example").await);
        let mut eves = Browser::default();
        sign_in(&world, &mut eves, &eve).await;
        let planted = eves.cookies["session"].clone();
        let mut browser = Browser::default();
        browser.cookies.insert("session".into(), planted.clone());
        sign_in(&world, &mut browser, &ada).await;
        assert_ne!(browser.cookies["session"], planted);
        assert!(!is_in(&world, &eves).await, "whoever planted it is out");

        let first = send(&world, &mut browser, "GET", "/session").await;
        let old = browser.clone();
        sign_in(&world, &mut browser, &ada).await;
        let second = send(&world, &mut browser, "GET", "/session").await;
        assert_ne!(first.json["id"], second.json["id"], "a new one at every authentication");
        assert!(!is_in(&world, &old).await);
    });
}

#[test]
fn without_script_the_chain_ends_where_the_person_was_headed() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        for (to, wanted) in [(None, "/account"), (Some("/authorize?client_id=c"), "/authorize?client_id=c")] {
            let handoff = cleared(&world, &mut browser, &account, to, None).await;
            let form = format!("handoff={handoff}");
            let told = browser.send_form(&world, answer, "/session", &form).await;
            assert_eq!((told.status, told.headers["location"].to_str().unwrap()), (303, wanted));
            assert!(is_in(&world, &browser).await);
            let again = browser.clone().send_form(&world, answer, "/session", &form).await;
            assert_eq!(again.status, 400);
            assert!(
                again.text.contains(r#"href="/sign-in""#) && again.text.contains("<h1>"),
                "{}",
                again.text
            );
        }
        let handoff = cleared(&world, &mut browser, &account, Some("/x"), None).await;
        assert_eq!(begin(&world, &mut browser, &handoff).await.json["return_to"], "/x");
        let mut shared = Browser::default();
        let handoff = cleared(&world, &mut shared, &account, None, None).await;
        shared
            .send_form(&world, answer, "/session", &format!("handoff={handoff}&remember_device=false"))
            .await;
        assert!(shared.cookies.contains_key("session") && !shared.cookies.contains_key("device"));
    });
}

#[test]
fn bad_bodies_name_what_is_wrong() {
    let world = World::default();
    block_on(async {
        let mut browser = Browser::default();
        for (media, body, status, code, field) in [
            ("application/json", "{", 400, "malformed_json", ""),
            ("application/json", "{}", 422, "invalid_field", "handoff"),
            ("application/json", r#"{"handoff":{}}"#, 422, "invalid_field", "handoff"),
            ("application/json", r#"{"handoff":"a","x":1}"#, 422, "invalid_field", "x"),
            (
                "application/json",
                r#"{"handoff":"a","remember_device":7}"#,
                422,
                "invalid_field",
                "remember_device",
            ),
            ("text/plain", "{}", 415, "unsupported_media_type", ""),
        ] {
            let told =
                browser.send_text(&world, answer, "POST", "/session", Some((media, body.into()))).await;
            assert_eq!(
                (told.status, told.code(), told.text_of("field").as_str()),
                (status, code, field),
                "{body}"
            );
        }
        let wrong = browser.send(&world, answer, "PUT", "/session", Value::Null).await;
        assert_eq!((wrong.status, wrong.headers["allow"].to_str().unwrap()), (405, "POST, GET, DELETE"));
        assert_eq!(browser.send(&world, answer, "GET", "/session/a/b", Value::Null).await.status, 404);
    });
}

#[test]
fn a_store_that_dies_signs_nobody_in() {
    for writes in 0..3 {
        let world = World::default();
        block_on(async {
            let account = enrol(&world, "ada@acme.example").await;
            let mut browser = Browser::default();
            let handoff = cleared(&world, &mut browser, &account, None, None).await;
            world.store.dies_after.set(Some(writes));
            let told = begin(&world, &mut browser, &handoff).await;
            world.store.dies_after.set(None);
            assert!(told.status == 503 || told.code() == "handoff_refused", "{writes}: {}", told.text);
            assert!(!browser.cookies.contains_key("session"));
        });
    }
}

/// DESIGN section 10: assess and session together are 6 reads and 3 writes; here 2 and 2, in `step-up` 4 and 1.
#[test]
fn beginning_costs_two_reads_and_two_writes() {
    let world = World::default();
    block_on(async {
        policy(&world, "risk.high", 80.into()).await;
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let handoff = cleared(&world, &mut browser, &account, None, None).await;
        world.store.operations();
        assert_eq!(begin(&world, &mut browser, &handoff).await.status, 201);
        let done = world.store.operations();
        assert!(done.reads <= 2 && done.writes <= 2, "{done:?}");
    });
}
