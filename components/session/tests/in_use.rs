//! A session in use: shown, listed, ended.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use common::*;
use domain::{Token, hours, mins, secret::TransactionToken};
use kv_schema::{account::State, tenant, tenant::Made};
use serde_json::{Value, json};
use session::routes::answer;
use testkit::{Browser, World, block_on, join_all};

#[test]
fn shows_who_is_signed_in_where_and_how() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let ports = world.ports();
        let root = tenant::find(&ports, None).await.unwrap().unwrap();
        let Made::New(acme) = tenant::create(&ports, &root, "acme", "Acme").await.unwrap() else { panic!() };
        kv_schema::account::join(&ports, account.id, acme.id, vec!["owner".into()]).await.unwrap();
        kv_schema::account::update(&ports, account.id, |account| {
            account.name = Some("Ada".into());
            kv_schema::Change::Write(())
        })
        .await
        .unwrap();
        let mut browser = Browser::default();
        sign_in(&world, &mut browser, &account).await;
        let told = send(&world, &mut browser, "GET", "/session").await;
        assert_eq!(told.status, 200);
        let root = json!({ "id": domain::TenantId::ROOT, "slug": "root" });
        let wanted = json!({
            "id": told.json["id"],
            "account": { "id": account.id, "email": "ada@acme.example", "name": "Ada" },
            "tenant": root,
            "memberships": [
                { "tenant": root, "roles": [] },
                { "tenant": { "id": acme.id, "slug": "acme" }, "roles": ["owner"] },
            ],
            "acr": "urn:latchkey:aal1",
            "amr": ["email"],
            "auth_time": world.now().secs(),
        });
        assert_eq!(told.json, wanted);
        assert!(told.text_of("id").starts_with("ses_"));
        assert_eq!(told.headers["cache-control"], "no-store");
    });
}

/// PROTOCOLS: attack cases 4, 9 and 28.
#[test]
fn signed_out_without_a_session_cookie_that_is_one() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        sign_in(&world, &mut browser, &account).await;
        let session = browser.cookies["session"].clone();
        let (_, transaction) = Token::<TransactionToken>::issue(&account.id.ulid().bytes(), [7; 32]);
        let transaction = transaction.reveal();
        for cookie in [
            String::new(),
            session[..session.len() - 1].to_owned(),
            format!("{session}A"),
            session.replace("lks_", "lkv_"),
            transaction.clone(),
            transaction.replace("lkt_", "lks_"),
            browser.cookies["device"].replace("lkv_", "lks_"),
        ] {
            let mut other = Browser::default();
            other.cookies.insert("session".into(), cookie.clone());
            for (method, path) in [
                ("GET", "/session"),
                ("GET", "/session/all"),
                ("DELETE", "/session/all"),
                ("DELETE", "/session/x"),
            ] {
                let told = send(&world, &mut other, method, path).await;
                assert_eq!((told.status, told.code()), (401, "unauthorized"), "{method} {path} {cookie}");
            }
        }
        // A handoff or a waiting step-up is no session.
        let mut half = Browser::default();
        half.cookies.insert("transaction".into(), transaction.clone());
        raw(&world, &mut half, &account, None).await;
        assert!(!is_in(&world, &half).await);
    });
}

/// PROTOCOLS: attack case 35.
#[test]
fn over_at_once_when_the_account_is_disabled_or_leaves() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        sign_in(&world, &mut browser, &account).await;
        set_state(&world, &account, State::Disabled).await;
        assert!(!is_in(&world, &browser).await);
        set_state(&world, &account, State::Active).await;
        assert!(
            is_in(&world, &browser).await,
            "ending sessions for good is the administration's second step"
        );
        leave(&world, &account).await;
        assert!(!is_in(&world, &browser).await);
    });
}

#[test]
fn lists_devices_by_names_people_know() {
    let world = World::default();
    block_on(async {
        let (ada, eve) = (enrol(&world, "ada@acme.example").await, enrol(&world, "eve@acme.example").await);
        let firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";
        let mut desk = Browser::default().with("user-agent", firefox);
        sign_in(&world, &mut desk, &ada).await;
        sign_in(&world, &mut Browser::default(), &eve).await;
        world.advance(hours(1));
        let mut phone = Browser::default().with("user-agent", "Mozilla/5.0 (iPhone; x) Safari/604.1");
        sign_in(&world, &mut phone, &ada).await;
        let told = send(&world, &mut phone, "GET", "/session/all").await;
        let items = told.json["items"].as_array().unwrap();
        assert_eq!(items.len(), 2, "nobody else's");
        assert!(told.json.get("next").is_none());
        let wanted = json!({
            "id": items[0]["id"],
            "current": true,
            "device": "Safari on iPhone",
            "began": world.now().rfc3339(),
            "seen": world.now().rfc3339(),
            "acr": "urn:latchkey:aal1",
            "amr": ["email"],
            "auth_time": world.now().secs(),
            "tenant": { "id": domain::TenantId::ROOT, "slug": "root" },
        });
        assert_eq!(items[0], wanted);
        assert_eq!(
            (&items[1]["device"], &items[1]["current"]),
            (&json!("Firefox on Windows"), &json!(false))
        );
        assert!(
            !told.text.contains("lks_") && !world.store.dump().contains("Gecko"),
            "no secret, no whole user agent"
        );
    });
}

#[test]
fn the_list_has_pages() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browsers = Vec::new();
        for _ in 0..5 {
            let mut browser = Browser::default();
            sign_in(&world, &mut browser, &account).await;
            browsers.push(browser);
            world.advance(mins(1));
        }
        let browser = &mut browsers[0];
        let (mut seen, mut path) = (Vec::new(), "/session/all?limit=2".to_owned());
        loop {
            let told = send(&world, browser, "GET", &path).await;
            seen.extend(told.json["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
            let Some(next) = told.json["next"].as_str() else { break };
            path = format!("/session/all?limit=2&after={next}");
        }
        let whole = send(&world, browser, "GET", "/session/all").await;
        let whole: Vec<Value> =
            whole.json["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
        assert_eq!((seen.len(), seen), (5, whole));
        for (query, field) in
            [("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("after=x", "after")]
        {
            let told = send(&world, browser, "GET", &format!("/session/all?{query}")).await;
            assert_eq!((told.status, told.text_of("field").as_str()), (422, field), "{query}");
        }
    });
}

#[test]
fn signs_out_here_one_device_and_everywhere() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut all: Vec<Browser> = Vec::new();
        for _ in 0..4 {
            let mut browser = Browser::default();
            sign_in(&world, &mut browser, &account).await;
            all.push(browser);
        }
        // Here.
        let copy = all[0].clone();
        let told = send(&world, &mut all[0], "DELETE", "/session").await;
        assert_eq!((told.status, told.text.as_str()), (204, ""));
        assert!(!all[0].cookies.contains_key("session") && !is_in(&world, &copy).await);
        assert_eq!(
            send(&world, &mut all[0], "DELETE", "/session").await.status,
            204,
            "once more is no error"
        );
        // One other.
        let id = send(&world, &mut all[1], "GET", "/session").await.text_of("id");
        let told = send(&world, &mut all[2], "DELETE", &format!("/session/{id}")).await;
        assert_eq!(told.status, 204);
        assert!(!is_in(&world, &all[1]).await && is_in(&world, &all[2]).await);
        assert_eq!(send(&world, &mut all[2], "DELETE", &format!("/session/{id}")).await.status, 404, "gone");
        // Everywhere.
        let copy = all[2].clone();
        assert_eq!(send(&world, &mut all[2], "DELETE", "/session/all").await.status, 204);
        assert!(!all[2].cookies.contains_key("session"));
        assert!(!is_in(&world, &copy).await && !is_in(&world, &all[3]).await);
        assert!(all[2].cookies.contains_key("device"), "the device stays known");
        // This one by its id.
        sign_in(&world, &mut all[3], &account).await;
        let id = send(&world, &mut all[3], "GET", "/session").await.text_of("id");
        assert_eq!(send(&world, &mut all[3], "DELETE", &format!("/session/{id}")).await.status, 204);
        assert!(!all[3].cookies.contains_key("session"));
    });
}

/// PROTOCOLS: attack case 25.
#[test]
fn another_accounts_session_is_not_found() {
    let world = World::default();
    block_on(async {
        let (ada, eve) = (enrol(&world, "ada@acme.example").await, enrol(&world, "eve@acme.example").await);
        let (mut adas, mut eves) = (Browser::default(), Browser::default());
        sign_in(&world, &mut adas, &ada).await;
        sign_in(&world, &mut eves, &eve).await;
        let id = send(&world, &mut adas, "GET", "/session").await.text_of("id");
        for id in [id.as_str(), "x", "ses_", &ada.id.to_string()] {
            let told = send(&world, &mut eves, "DELETE", &format!("/session/{id}")).await;
            assert_eq!((told.status, told.code()), (404, "not_found"), "{id}");
        }
        assert!(is_in(&world, &adas).await);
    });
}

#[test]
fn cross_site_is_refused_wherever_something_changes() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        sign_in(&world, &mut browser, &account).await;
        let handoff = cleared(&world, &mut browser, &account, None, None).await;
        for (method, path, body) in [
            ("POST", "/session", json!({ "handoff": handoff })),
            ("DELETE", "/session", Value::Null),
            ("DELETE", "/session/all", Value::Null),
            ("DELETE", "/session/x", Value::Null),
        ] {
            for foreign in
                [browser.clone().without("origin"), browser.clone().with("origin", "https://evil.example")]
            {
                let told = foreign.clone().send(&world, answer, method, path, body.clone()).await;
                assert_eq!((told.status, told.code()), (403, "cross_site"), "{method} {path}");
                assert!(is_in(&world, &browser).await);
            }
        }
        let mut reading = browser.clone().without("origin");
        assert_eq!(
            send(&world, &mut reading, "GET", "/session").await.status,
            200,
            "reading changes nothing"
        );
    });
}

#[test]
fn signing_out_everywhere_beats_what_runs_at_the_same_moment() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        sign_in(&world, &mut browser, &account).await;
        world.advance(mins(6));
        let calls = (0..32).map(|at| {
            let (mut browser, world) = (browser.clone(), &world);
            let (method, path) = if at == 7 { ("DELETE", "/session/all") } else { ("GET", "/session") };
            async move { send(world, &mut browser, method, path).await.status }
        });
        let all = join_all(calls).await;
        assert_eq!(all[7], 204);
        assert!(!is_in(&world, &browser).await);
    });
}

/// DESIGN section 10: a session check is two reads, and no write while it was seen lately.
#[test]
fn a_check_costs_two_reads() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        sign_in(&world, &mut browser, &account).await;
        world.store.operations();
        assert_eq!(send(&world, &mut browser, "GET", "/session").await.status, 200);
        let done = world.store.operations();
        assert_eq!((done.reads, done.writes), (2, 0));
    });
}
