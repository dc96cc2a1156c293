//! `POST /step-up/verify` with codes: an authenticator app's, and recovery codes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use common::*;
use domain::{Acr, Authenticated, Method, Secs, Token, hours, mins, secret::TransactionToken};
use kv_schema::{Account, Change, handoff, passkeys, passkeys::Passkeys};
use serde_json::json;
use testkit::{Answer, Browser, World, block_on, join_all};

/// Somebody with an authenticator app and recovery codes, who is signed in nowhere.
struct Person {
    account: Account,
    secret: String,
    codes: Vec<String>,
}

async fn person(world: &World, email: &str) -> Person {
    let account = enrol(world, email).await;
    let mut browser = Browser::default();
    session(world, &mut browser, &account, &[Method::MagicLink]).await;
    let secret = set_up(world, &mut browser).await;
    let list = post(world, &mut browser, "/step-up/recovery-codes", json!({})).await;
    let codes = serde_json::from_value(list.json["codes"].clone()).unwrap();
    world.advance(mins(5));
    Person { account, secret, codes }
}

async fn totp(world: &World, browser: &mut Browser, code: &str) -> Answer {
    post(world, browser, "/step-up/verify", json!({ "factor": "totp", "code": code })).await
}

async fn recovery(world: &World, browser: &mut Browser, code: &str) -> Answer {
    post(world, browser, "/step-up/verify", json!({ "factor": "recovery_code", "code": code })).await
}

/// Who a cleared handoff is for.
async fn cleared(world: &World, browser: &Browser, told: &Answer) -> Authenticated {
    assert_eq!(told.status, 200, "{}", told.text);
    let browsers = [Token::<TransactionToken>::parse(&browser.cookies["transaction"]).unwrap().digest()];
    let cleared = handoff::open_cleared(&world.ports(), &told.text_of("handoff"), &browsers).await;
    cleared.unwrap().unwrap().handoff().who.clone()
}

async fn kept(world: &World, person: &Person) -> Passkeys {
    passkeys::read(&world.ports(), person.account.id).await.unwrap().unwrap()
}

async fn asked(world: &World, browser: &mut Browser, person: &Person) -> Answer {
    forget_failures(world, &person.account).await;
    challenged(world, browser, &person.account).await
}

#[test]
fn an_apps_code_clears_the_handoff_at_the_higher_level() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let told = asked(&world, &mut browser, &ada).await;
        assert_eq!(told.json["factors"], json!(["totp", "recovery_code"]));
        assert!(told.json.get("enrol").is_none());
        let told = totp(&world, &mut browser, &app(&world, &ada.secret, 0)).await;
        let who = cleared(&world, &browser, &told).await;
        assert_eq!((who.account(), who.acr(), who.at()), (ada.account.id, Acr::Aal2, world.now()));
        assert_eq!(who.amr(), ["email", "otp", "mfa"]);
        assert_eq!(kept(&world, &ada).await.factors.totp.unwrap().used, world.now());
    });
}

#[test]
fn a_passkey_is_preferred_and_all_that_can_answer_are_named() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        passkey(&world, &ada.account, 1).await;
        let told = asked(&world, &mut Browser::default(), &ada).await;
        assert_eq!(told.json["factors"], json!(["passkey", "totp", "recovery_code"]));
    });
}

#[test]
fn a_recovery_code_is_good_once_and_counted() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        asked(&world, &mut browser, &ada).await;
        let typed = ada.codes[3].to_lowercase().replace('-', " ");
        let told = recovery(&world, &mut browser, &typed).await;
        let who = cleared(&world, &browser, &told).await;
        assert_eq!((who.acr(), who.amr()), (Acr::Aal2, vec!["email", "recovery_code", "mfa"]));
        let list = kept(&world, &ada).await.factors.recovery.unwrap();
        assert_eq!((list.codes.len(), list.used), (9, Some(world.now())));

        asked(&world, &mut browser, &ada).await;
        let told = recovery(&world, &mut browser, &ada.codes[3]).await;
        assert_eq!((told.status, told.code()), (400, "factor_refused"));
        let told = recovery(&world, &mut browser, &ada.codes[4]).await;
        assert_eq!(told.status, 200);
    });
}

#[test]
fn a_code_is_good_within_a_step_and_not_beyond() {
    for (steps, status) in [(-2, 400), (-1, 200), (0, 200), (1, 200), (2, 400)] {
        let world = World::default();
        block_on(async {
            let ada = person(&world, "ada@acme.example").await;
            let mut browser = Browser::default();
            asked(&world, &mut browser, &ada).await;
            let told = totp(&world, &mut browser, &app(&world, &ada.secret, steps)).await;
            assert_eq!(told.status, status, "{steps}: {}", told.text);
        });
    }
}

/// RFC 6238 section 5.2: the verifier must not accept the second attempt of an OTP.
#[test]
fn factor_refused_for_a_step_that_was_used_or_came_before_it() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        asked(&world, &mut browser, &ada).await;
        let (before, now, next) =
            (app(&world, &ada.secret, -1), app(&world, &ada.secret, 0), app(&world, &ada.secret, 1));
        assert_eq!(totp(&world, &mut browser, &now).await.status, 200);
        // In another transaction of another browser, too.
        let mut thief = Browser::default().with("spin-client-addr", "198.51.100.1:1");
        asked(&world, &mut thief, &ada).await;
        for code in [&now, &before] {
            let told = totp(&world, &mut thief, code).await;
            assert_eq!((told.status, told.code()), (400, "factor_refused"));
        }
        assert_eq!(totp(&world, &mut thief, &next).await.status, 200);
    });
}

#[test]
fn the_code_that_set_the_app_up_signs_nobody_in() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        session(&world, &mut browser, &account, &[Method::MagicLink]).await;
        let secret = set_up(&world, &mut browser).await;
        challenged(&world, &mut browser, &account).await;
        assert_eq!(totp(&world, &mut browser, &app(&world, &secret, 0)).await.code(), "factor_refused");
        assert_eq!(totp(&world, &mut browser, &app(&world, &secret, 1)).await.status, 200);
    });
}

/// PROTOCOLS: attack case 3.
#[test]
fn of_many_with_one_code_at_once_one_clears() {
    for never_admits in [false, true] {
        for factor in ["totp", "recovery_code"] {
            let world = World::default();
            block_on(async {
                let ada = person(&world, "ada@acme.example").await;
                let code = if factor == "totp" { app(&world, &ada.secret, 0) } else { ada.codes[0].clone() };
                // Each in a transaction and a network of its own, and twice there: nothing but the code itself is what is used up.
                let mut browsers = Vec::new();
                for network in 0..12 {
                    let address = format!("198.51.100.{network}:1");
                    let mut browser = Browser::default().with("spin-client-addr", &address);
                    asked(&world, &mut browser, &ada).await;
                    browsers.extend([browser.clone(), browser]);
                }
                world.store.never_admits.set(never_admits);
                let all = join_all(browsers.iter().map(|browser| {
                    let (mut browser, world, code) = (browser.clone(), &world, &code);
                    async move {
                        let body = json!({ "factor": factor, "code": code });
                        post(world, &mut browser, "/step-up/verify", body).await.status
                    }
                }))
                .await;
                assert_eq!(all.iter().filter(|status| **status == 200).count(), 1, "{factor} {all:?}");
                assert!(all.iter().all(|status| matches!(status, 200 | 400)), "{all:?}");
            });
        }
    }
}

#[test]
fn factor_refused_tells_nothing_apart() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let eve = person(&world, "eve@acme.example").await;
        let bare = enrol(&world, "bob@acme.example").await;
        passkey(&world, &bare, 1).await;
        let mut browser = Browser::default();
        asked(&world, &mut browser, &ada).await;
        let of_eve = totp(&world, &mut browser, &app(&world, &eve.secret, 0)).await;
        let her_code = recovery(&world, &mut browser, &eve.codes[0]).await;
        let nonsense = totp(&world, &mut browser, "hello").await;
        world.advance(Secs(30));
        let crossed = recovery(&world, &mut browser, &app(&world, &ada.secret, 0)).await;
        let mut other = Browser::default();
        challenged(&world, &mut other, &bare).await;
        let has_none = totp(&world, &mut other, "123456").await;
        let no_list = recovery(&world, &mut other, &ada.codes[0]).await;
        for told in [&of_eve, &her_code, &nonsense, &crossed, &has_none, &no_list] {
            assert_eq!((told.status, told.code()), (400, "factor_refused"));
            assert_eq!(told.text, of_eve.text);
        }
        assert_eq!(kept(&world, &ada).await.failed.len(), 4, "each is a signal for the next sign-in");
        let bobs = passkeys::read(&world.ports(), bare.id).await.unwrap().unwrap();
        assert_eq!(bobs.failed.len(), 2);
    });
}

/// API.md section 1, PROTOCOLS attack case 32.
#[test]
fn too_many_requests_after_wrong_codes_with_waits_that_grow() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        // To the beginning of an hour, so that the windows are known.
        world.advance(Secs(3600 - world.now().secs() % 3600));
        let mut browser = Browser::default();
        let began = world.now();
        let mut at = Vec::new();
        let mut waits = Vec::new();
        while at.len() < 10 {
            asked(&world, &mut browser, &ada).await;
            let told = totp(&world, &mut browser, &wrong(&world, &ada.secret)).await;
            match told.status {
                400 => at.push(world.now().since(began).0),
                429 => {
                    let wait: u64 = told.headers["retry-after"].to_str().unwrap().parse().unwrap();
                    waits.push(wait);
                    world.advance(Secs(wait));
                }
                other => panic!("{other} {}", told.text),
            }
        }
        assert_eq!(at, [0, 0, 0, 30, 30, 30, 600, 600, 600, 630]);
        assert_eq!(waits, [30, 30, 540, 30]);
        asked(&world, &mut browser, &ada).await;
        let told = totp(&world, &mut browser, &app(&world, &ada.secret, 0)).await;
        assert_eq!((told.status, told.code()), (429, "too_many_requests"), "right or wrong");
        assert_eq!(told.headers["retry-after"], "2970", "the rest of the hour");
    });
}

/// API.md section 1: a stranger cannot lock the owner out.
#[test]
fn a_known_device_has_a_bucket_of_its_own() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let mut owner = Browser::default();
        signed_in_before(&world, &mut owner, &ada.account).await;
        let mut stranger = Browser::default();
        let mut refused = 0;
        while refused < 3 {
            asked(&world, &mut stranger, &ada).await;
            let told = totp(&world, &mut stranger, &wrong(&world, &ada.secret)).await;
            refused += u8::from(told.status == 429);
        }
        asked(&world, &mut owner, &ada).await;
        assert_eq!(totp(&world, &mut owner, &app(&world, &ada.secret, 0)).await.status, 200);
    });
}

#[test]
fn five_wrong_codes_end_a_transaction() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        asked(&world, &mut browser, &ada).await;
        for _ in 0..5 {
            world.advance(Secs(30));
            assert_eq!(
                totp(&world, &mut browser, &wrong(&world, &ada.secret)).await.code(),
                "factor_refused"
            );
        }
        world.advance(Secs(30));
        let told = totp(&world, &mut browser, &app(&world, &ada.secret, 0)).await;
        assert_eq!((told.status, told.code()), (429, "too_many_requests"));
    });
}

/// NIST SP 800-63B-4 section 3.2.2.
#[test]
fn factor_disabled_after_a_hundred_wrong_codes_in_a_row_until_it_is_set_up_anew() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let mut wrongs = 0;
        let mut network = 0;
        while wrongs < 100 {
            // As patient as a guesser has to be: every network and every hour has its limits.
            let mut browser = Browser::default()
                .with("spin-client-addr", &format!("198.51.{}.{}:1", network / 250, network % 250));
            network += 1;
            asked(&world, &mut browser, &ada).await;
            for _ in 0..3 {
                let told = totp(&world, &mut browser, &wrong(&world, &ada.secret)).await;
                match told.code() {
                    "factor_refused" => wrongs += 1,
                    "too_many_requests" => {
                        world.advance(hours(1));
                        break;
                    }
                    _ => panic!("{}", told.text),
                }
                let disabled = kept(&world, &ada).await.factors.totp.unwrap().is_disabled();
                assert_eq!(disabled, wrongs == 100);
                if disabled {
                    break;
                }
            }
        }
        world.advance(hours(1));
        let mut browser = Browser::default();
        let told = asked(&world, &mut browser, &ada).await;
        assert_eq!(told.json["factors"], json!(["recovery_code"]), "it is not even offered");
        let told = totp(&world, &mut browser, &app(&world, &ada.secret, 0)).await;
        assert_eq!((told.status, told.code()), (403, "factor_disabled"));
        // Another factor of the person's gets in, and sets it up anew.
        let told = recovery(&world, &mut browser, &ada.codes[0]).await;
        assert_eq!(cleared(&world, &browser, &told).await.acr(), Acr::Aal2);
        session(&world, &mut browser, &ada.account, &[Method::MagicLink, Method::RecoveryCode]).await;
        let secret = set_up(&world, &mut browser).await;
        world.advance(mins(1));
        asked(&world, &mut browser, &ada).await;
        assert_eq!(totp(&world, &mut browser, &app(&world, &secret, 0)).await.status, 200);
    });
}

#[test]
fn a_right_code_clears_the_count_and_new_codes_do_not_inherit_it() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        passkeys::update(&world.ports(), ada.account.id, |passkeys| {
            passkeys.factors.totp.as_mut().unwrap().wrong = 99;
            passkeys.factors.recovery.as_mut().unwrap().wrong = 99;
            Change::Write(())
        })
        .await
        .unwrap();
        let mut browser = Browser::default();
        asked(&world, &mut browser, &ada).await;
        assert_eq!(totp(&world, &mut browser, &app(&world, &ada.secret, 0)).await.status, 200);
        assert_eq!(kept(&world, &ada).await.factors.totp.unwrap().wrong, 0);
        asked(&world, &mut browser, &ada).await;
        assert_eq!(recovery(&world, &mut browser, "WRNG").await.code(), "factor_refused");
        assert_eq!(recovery(&world, &mut browser, &ada.codes[0]).await.code(), "factor_disabled");
        session(&world, &mut browser, &ada.account, &[Method::MagicLink, Method::Totp]).await;
        let list = post(&world, &mut browser, "/step-up/recovery-codes", json!({})).await;
        let told = asked(&world, &mut browser, &ada).await;
        assert_eq!(told.json["factors"], json!(["totp", "recovery_code"]));
        world.advance(Secs(30));
        let new = list.json["codes"][0].as_str().unwrap();
        assert_eq!(
            recovery(&world, &mut browser, &ada.codes[1]).await.code(),
            "factor_refused",
            "an old one"
        );
        assert_eq!(recovery(&world, &mut browser, new).await.status, 200);
    });
}

/// A stranger who reads the mailbox must not be offered to set up a factor because a hundred wrong codes of theirs switched off the owner's.
#[test]
fn a_disabled_factor_is_no_reason_to_enrol() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        policy(&world, "second_factor", "always".into()).await;
        passkeys::update(&world.ports(), ada.account.id, |passkeys| {
            passkeys.factors.totp.as_mut().unwrap().wrong = 100;
            passkeys.factors.recovery.as_mut().unwrap().codes.clear();
            Change::Write(())
        })
        .await
        .unwrap();
        let mut browser = Browser::default();
        let raw = handoff(&world, &mut browser, &ada.account, Method::MagicLink, 0).await;
        let told = assess(&world, &mut browser, &raw).await;
        assert_eq!(told.text_of("decision"), "block", "{}", told.text);
        assert_eq!(codes(&told).last().map(String::as_str), Some("no_factor"));
        assert!(told.json.get("enrol").is_none());
    });
}

#[test]
fn an_app_set_up_anew_meanwhile_does_not_take_the_old_ones_code() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        asked(&world, &mut browser, &ada).await;
        let mut strong = Browser::default();
        session(&world, &mut strong, &ada.account, &[Method::MagicLink, Method::Totp]).await;
        set_up(&world, &mut strong).await;
        let told = totp(&world, &mut browser, &app(&world, &ada.secret, 0)).await;
        assert_eq!((told.status, told.code()), (400, "factor_refused"));
    });
}

/// RISK.md section 2.3: whoever did it, the owner learns of it; and nothing in the mail can be pressed.
#[test]
fn what_happens_to_a_factor_is_told_by_mail() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        asked(&world, &mut browser, &ada).await;
        assert_eq!(recovery(&world, &mut browser, &ada.codes[0]).await.status, 200);
        passkeys::update(&world.ports(), ada.account.id, |passkeys| {
            passkeys.factors.totp.as_mut().unwrap().wrong = 99;
            Change::Write(())
        })
        .await
        .unwrap();
        asked(&world, &mut browser, &ada).await;
        totp(&world, &mut browser, &wrong(&world, &ada.secret)).await;
        totp(&world, &mut browser, &wrong(&world, &ada.secret)).await;
        session(&world, &mut browser, &ada.account, &[Method::MagicLink, Method::RecoveryCode]).await;
        browser.send(&world, step_up::routes::answer, "DELETE", "/step-up/totp", json!(null)).await;
        let told = notices(&world, &ada.account).await;
        let subjects = [
            "Authenticator app set up",
            "New recovery codes",
            "Recovery code used",
            "Second factor switched off",
            "Authenticator app removed",
        ];
        assert_eq!(told.len(), subjects.len(), "{told:?}");
        assert!(told.iter().zip(subjects).all(|(told, subject)| told.starts_with(subject)), "{told:?}");
    });
}

#[test]
fn a_notice_that_does_not_go_out_holds_nobody_up() {
    let world = World::with(&[("mailer", "")]);
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        asked(&world, &mut browser, &ada).await;
        assert_eq!(recovery(&world, &mut browser, &ada.codes[0]).await.status, 200);
        assert!(world.log.0.borrow().join("\n").contains("a notice about second factors was not mailed"));
    });
}

#[test]
fn another_keyring_key_lets_nobody_in() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        asked(&world, &mut browser, &ada).await;
        let kept = kept(&world, &ada).await;
        let other = World::with(&[("keyring_key", "another keyring key for tests")]);
        let app = kept.factors.totp.unwrap();
        assert!(app.secret.unwrap(&other.ports(), ada.account.id).is_err());
        assert!(app.secret.unwrap(&world.ports(), ada.account.id).is_ok());
    });
}

#[test]
fn a_store_that_dies_clears_nothing_twice() {
    for writes in 0..14 {
        let world = World::default();
        block_on(async {
            let ada = person(&world, "ada@acme.example").await;
            let mut browser = Browser::default();
            asked(&world, &mut browser, &ada).await;
            let code = app(&world, &ada.secret, 0);
            world.store.dies_after.set(Some(writes));
            let told = totp(&world, &mut browser, &code).await;
            world.store.dies_after.set(None);
            assert!(matches!(told.status, 200 | 503), "{writes}: {}", told.text);
            let again = totp(&world, &mut browser, &code).await;
            assert!(told.status != 200 || again.status != 200);
        });
    }
}

/// DESIGN section 10: judging someone who has an app costs no more than someone who has none.
#[test]
fn judging_costs_the_same_with_an_app() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        policy(&world, "risk.high", 80.into()).await;
        let mut browser = Browser::default();
        signed_in_before(&world, &mut browser, &ada.account).await;
        for warm in [false, true] {
            let raw = handoff(&world, &mut browser, &ada.account, Method::MagicLink, 0).await;
            world.store.operations();
            assert_eq!(assess(&world, &mut browser, &raw).await.json["decision"], "allow");
            let done = world.store.operations();
            assert!(done.writes == 1 && done.reads <= if warm { 4 } else { 5 }, "{done:?}");
        }
    });
}
