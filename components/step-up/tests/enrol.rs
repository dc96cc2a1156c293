//! `/step-up/factors`, `/step-up/totp` and `/step-up/recovery-codes`: looking after one's second factors.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use common::*;
use domain::{Method, Token, mins, secret::TransactionToken};
use kv_schema::{account, handoff, passkeys};
use serde_json::{Value, json};
use step_up::routes::answer;
use testkit::{Answer, Browser, World, block_on, join_all};

const MAIL: &[Method] = &[Method::MagicLink];
const TWO: &[Method] = &[Method::MagicLink, Method::Totp];

async fn get(world: &World, browser: &mut Browser) -> Answer {
    browser.send(world, answer, "GET", "/step-up/factors", Value::Null).await
}

async fn remove(world: &World, browser: &mut Browser) -> Answer {
    browser.send(world, answer, "DELETE", "/step-up/totp", Value::Null).await
}

async fn confirm(world: &World, browser: &mut Browser, code: &str) -> Answer {
    post(world, browser, "/step-up/totp/verify", json!({ "code": code })).await
}

async fn begin(world: &World, browser: &mut Browser) -> Answer {
    post(world, browser, "/step-up/totp", json!({})).await
}

async fn renew(world: &World, browser: &mut Browser) -> Answer {
    post(world, browser, "/step-up/recovery-codes", json!({})).await
}

#[test]
fn an_app_is_set_up_shown_and_removed() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        session(&world, &mut browser, &account, MAIL).await;
        let nothing = json!({ "passkeys": 0, "totp": null, "recovery_codes": null });
        assert_eq!(get(&world, &mut browser).await.json, nothing);

        let shown = begin(&world, &mut browser).await;
        let secret = shown.text_of("secret");
        assert_eq!(shown.headers["cache-control"], "no-store");
        let uri = format!(
            "otpauth://totp/Latchkey:ada%40acme.example?secret={secret}&issuer=Latchkey&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(shown.text_of("uri"), uri);
        assert_eq!(secret.len(), 32, "160 bits");
        assert!(shown.text_of("qr_svg").starts_with("<svg "));
        assert_eq!(get(&world, &mut browser).await.json, nothing, "not before the app has answered");

        let code = app(&world, &secret, 0);
        let told = confirm(&world, &mut browser, &format!("{} {}", &code[..3], &code[3..])).await;
        assert_eq!((told.status, &told.json["totp"]["disabled"]), (200, &json!(false)), "{}", told.text);
        assert!(told.json.get("handoff").is_none());
        assert_eq!(get(&world, &mut browser).await.json, told.json);
        assert_eq!(confirm(&world, &mut browser, &code).await.code(), "enrolment_gone", "once");

        let list = renew(&world, &mut browser).await;
        let codes: Vec<String> = serde_json::from_value(list.json["codes"].clone()).unwrap();
        assert_eq!((list.status, codes.len()), (200, 10));
        assert!(codes.iter().all(|code| code.len() == 19 && code.matches('-').count() == 3));
        assert_eq!(get(&world, &mut browser).await.json["recovery_codes"]["left"], 10);

        assert_eq!(remove(&world, &mut browser).await.status, 204);
        assert_eq!(get(&world, &mut browser).await.json, nothing, "the codes stand for nothing any more");
        assert_eq!(remove(&world, &mut browser).await.status, 404);
    });
}

#[test]
fn step_up_required_once_there_is_a_factor_but_for_the_session_that_just_set_it_up() {
    for with in ["totp", "passkey", "recovery codes", "disabled totp"] {
        let world = World::default();
        block_on(async {
            let account = enrol(&world, "ada@acme.example").await;
            let (mut mine, mut other, mut strong) =
                (Browser::default(), Browser::default(), Browser::default());
            session(&world, &mut mine, &account, MAIL).await;
            session(&world, &mut other, &account, MAIL).await;
            session(&world, &mut strong, &account, TWO).await;
            match with {
                "passkey" => drop(passkey(&world, &account, 1).await),
                "recovery codes" => assert_eq!(renew(&world, &mut mine).await.status, 200),
                _ => drop(set_up(&world, &mut mine).await),
            }
            if with == "disabled totp" {
                passkeys::update(&world.ports(), account.id, |passkeys| {
                    passkeys.factors.totp.as_mut().unwrap().wrong = 100;
                    kv_schema::Change::Write(())
                })
                .await
                .unwrap();
            }
            let all = async |browser: &mut Browser| {
                [
                    begin(&world, browser).await,
                    confirm(&world, browser, "000000").await,
                    renew(&world, browser).await,
                    remove(&world, browser).await,
                ]
            };
            for told in all(&mut other).await {
                assert_eq!((told.status, told.code()), (403, "step_up_required"), "{with}");
            }
            if with != "passkey" {
                assert_eq!(begin(&world, &mut mine).await.status, 200, "{with}");
                assert_eq!(renew(&world, &mut mine).await.status, 200, "{with}");
                world.advance(mins(15));
            }
            for told in all(&mut mine).await {
                assert_eq!((told.status, told.code()), (403, "step_up_required"), "{with}");
            }
            assert_eq!(begin(&world, &mut strong).await.status, 200, "{with}");
            assert_eq!(renew(&world, &mut strong).await.status, 200, "{with}");
            assert_eq!(get(&world, &mut other).await.status, 200, "to look is free");
        });
    }
}

#[test]
fn of_two_sessions_that_set_up_the_first_app_at_once_one_does() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let (mut mine, mut thief) = (Browser::default(), Browser::default());
        session(&world, &mut mine, &account, MAIL).await;
        session(&world, &mut thief, &account, MAIL).await;
        begin(&world, &mut thief).await;
        let shown = begin(&world, &mut mine).await.text_of("secret");
        let code = app(&world, &shown, 0);
        assert_eq!(confirm(&world, &mut mine, &code).await.status, 200);
        assert_eq!(confirm(&world, &mut thief, &code).await.code(), "step_up_required");
    });
}

#[test]
fn enrolment_gone_without_one_after_its_time_and_after_ten_wrong_codes() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        session(&world, &mut browser, &account, MAIL).await;
        assert_eq!(confirm(&world, &mut browser, "000000").await.code(), "enrolment_gone");

        let older = begin(&world, &mut browser).await.text_of("secret");
        let secret = begin(&world, &mut browser).await.text_of("secret");
        let told = confirm(&world, &mut browser, &app(&world, &older, 0)).await;
        assert_eq!((told.status, told.code()), (400, "factor_refused"), "the newer secret counts");
        world.advance(mins(15));
        let told = confirm(&world, &mut browser, &app(&world, &secret, 0)).await;
        assert_eq!((told.status, told.code()), (400, "enrolment_gone"));

        let secret = begin(&world, &mut browser).await.text_of("secret");
        for _ in 0..10 {
            let told = confirm(&world, &mut browser, &wrong(&world, &secret)).await;
            assert_eq!((told.status, told.code()), (400, "factor_refused"));
        }
        let told = confirm(&world, &mut browser, &app(&world, &secret, 0)).await;
        assert_eq!(told.code(), "enrolment_gone");
    });
}

#[test]
fn a_new_app_replaces_the_old_one_only_when_it_has_answered() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        session(&world, &mut browser, &account, TWO).await;
        set_up(&world, &mut browser).await;
        let kept = passkeys::read(&world.ports(), account.id).await.unwrap().unwrap().factors.totp.unwrap();
        let newer = begin(&world, &mut browser).await.text_of("secret");
        let still = passkeys::read(&world.ports(), account.id).await.unwrap().unwrap().factors.totp.unwrap();
        assert!(kept.secret == still.secret);
        assert_eq!(confirm(&world, &mut browser, &app(&world, &newer, 0)).await.status, 200);
        let now = passkeys::read(&world.ports(), account.id).await.unwrap().unwrap().factors;
        assert!(now.totp.unwrap().secret != kept.secret && now.pending.is_none());
    });
}

#[test]
fn unauthorized_without_a_session_and_cross_site_from_elsewhere() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut nobody = Browser::default();
        for told in [
            get(&world, &mut nobody).await,
            begin(&world, &mut nobody).await,
            confirm(&world, &mut nobody, "000000").await,
            renew(&world, &mut nobody).await,
            remove(&world, &mut nobody).await,
        ] {
            assert_eq!((told.status, told.code()), (401, "unauthorized"));
        }
        let mut foreign = Browser::default().with("origin", "https://evil.example");
        session(&world, &mut foreign, &account, TWO).await;
        for told in [
            begin(&world, &mut foreign).await,
            confirm(&world, &mut foreign, "000000").await,
            renew(&world, &mut foreign).await,
            remove(&world, &mut foreign).await,
        ] {
            assert_eq!((told.status, told.code()), (403, "cross_site"));
        }
        disable(&world, &account).await;
        let mut browser = foreign.with("origin", ORIGIN);
        assert_eq!(begin(&world, &mut browser).await.status, 401);
    });
}

#[test]
fn invalid_field_where_a_body_is_not_as_it_should_be() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        session(&world, &mut browser, &account, MAIL).await;
        for (path, body, field) in [
            ("/step-up/totp", json!({ "x": 1 }), "x"),
            ("/step-up/recovery-codes", json!({ "x": 1 }), "x"),
            ("/step-up/totp/verify", json!({}), "code"),
            ("/step-up/totp/verify", json!({ "code": 123_456 }), "code"),
            ("/step-up/totp/verify", json!({ "code": "" }), "code"),
            ("/step-up/totp/verify", json!({ "code": "1".repeat(65) }), "code"),
        ] {
            let told = post(&world, &mut browser, path, body.clone()).await;
            assert_eq!((told.status, told.text_of("field").as_str()), (422, field), "{path} {body}");
        }
    });
}

/// DESIGN section 8 and PROTOCOLS, attack case 27: who has no factor sets one up only where nothing looked risky, and only the first.
#[test]
fn an_app_set_up_on_the_way_answers_the_step_up_with_the_same_code() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let asked = challenged(&world, &mut browser, &account).await;
        assert_eq!(
            (&asked.json["enrol"], &asked.json["factors"]),
            (&json!(true), &json!(["passkey", "totp"]))
        );
        let secret = begin(&world, &mut browser).await.text_of("secret");
        assert_eq!(confirm(&world, &mut browser, &wrong(&world, &secret)).await.code(), "factor_refused");
        let code = app(&world, &secret, 0);
        let told = confirm(&world, &mut browser, &code).await;
        assert_eq!(told.status, 200, "{}", told.text);
        let browsers = [Token::<TransactionToken>::parse(&browser.cookies["transaction"]).unwrap().digest()];
        let cleared = handoff::open_cleared(&world.ports(), &told.text_of("handoff"), &browsers)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(cleared.handoff().who.amr(), ["email", "otp", "mfa"]);
        // The code is used up, and so is the way in.
        let told =
            post(&world, &mut browser, "/step-up/verify", json!({ "factor": "totp", "code": code })).await;
        assert_eq!(told.code(), "factor_refused");
        assert_eq!(begin(&world, &mut browser).await.code(), "step_up_required");
    });
}

#[test]
fn a_step_up_that_offers_nothing_enrols_nothing() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        passkey(&world, &account, 1).await;
        let mut browser = Browser::default();
        challenged(&world, &mut browser, &account).await;
        for told in [begin(&world, &mut browser).await, renew(&world, &mut browser).await] {
            assert_eq!((told.status, told.code()), (401, "unauthorized"));
        }
    });
}

#[test]
fn a_factor_that_came_meanwhile_closes_the_way() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        challenged(&world, &mut browser, &account).await;
        let secret = begin(&world, &mut browser).await.text_of("secret");
        passkey(&world, &account, 1).await;
        let told = confirm(&world, &mut browser, &app(&world, &secret, 0)).await;
        assert_eq!((told.status, told.code()), (403, "step_up_required"));
    });
}

#[test]
fn secrets_rest_wrapped_or_hashed_and_go_with_the_account() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        session(&world, &mut browser, &account, MAIL).await;
        let secret = set_up(&world, &mut browser).await;
        let list = renew(&world, &mut browser).await;
        let code = list.json["codes"][0].as_str().unwrap().to_owned();
        let bytes = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
        let dump = world.store.dump();
        let spelled = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &bytes);
        for text in [secret.as_str(), spelled.as_str(), code.as_str(), code.replace('-', "").as_str()] {
            assert!(!dump.contains(text));
        }
        let log = world.log.0.borrow().join("\n");
        assert!(!log.contains(&secret) && !log.contains(&code), "{log}");
        account::delete(&world.ports(), &account).await.unwrap();
        assert!(passkeys::read(&world.ports(), account.id).await.unwrap().is_none());
    });
}

#[test]
fn of_many_who_confirm_one_secret_at_once_one_does() {
    for never_admits in [false, true] {
        let world = World::default();
        block_on(async {
            let account = enrol(&world, "ada@acme.example").await;
            let mut browser = Browser::default();
            session(&world, &mut browser, &account, MAIL).await;
            let secret = begin(&world, &mut browser).await.text_of("secret");
            let code = app(&world, &secret, 0);
            world.store.never_admits.set(never_admits);
            let all = join_all((0..16).map(|_| {
                let (mut browser, world, code) = (browser.clone(), &world, &code);
                async move { confirm(world, &mut browser, code).await.status }
            }))
            .await;
            assert_eq!(all.iter().filter(|status| **status == 200).count(), 1, "{all:?}");
        });
    }
}

#[test]
fn a_store_that_dies_leaves_an_app_or_none() {
    for writes in 0..8 {
        let world = World::default();
        block_on(async {
            let account = enrol(&world, "ada@acme.example").await;
            let mut browser = Browser::default();
            session(&world, &mut browser, &account, MAIL).await;
            let secret = begin(&world, &mut browser).await.text_of("secret");
            world.store.dies_after.set(Some(writes));
            let told = confirm(&world, &mut browser, &app(&world, &secret, 0)).await;
            world.store.dies_after.set(None);
            assert!(matches!(told.status, 200 | 503), "{writes}: {}", told.text);
            let again = confirm(&world, &mut browser, &app(&world, &secret, 0)).await;
            assert!(again.status == 200 || again.code() == "enrolment_gone", "{}", again.text);
            let there = get(&world, &mut browser).await;
            assert!(there.json["totp"].is_object(), "{}", there.text);
        });
    }
}
