//! `POST /step-up/passkey/options` and `POST /step-up/verify`: the second factor.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use common::*;
use domain::{Method, Token, mins, secret::TransactionToken};
use kv_schema::{Account, Change, handoff, passkeys};
use serde_json::{Value, json};
use step_up::routes::answer;
use testkit::{Answer, Browser, World, block_on, join_all};

async fn options(world: &World, browser: &mut Browser) -> Value {
    let told = post(world, browser, "/step-up/passkey/options", json!({})).await;
    assert_eq!(told.status, 200, "{}", told.text);
    told.json
}

async fn verify(world: &World, browser: &mut Browser, response: &Value) -> Answer {
    post(world, browser, "/step-up/verify", json!({ "factor": "passkey", "response": response })).await
}

/// A person before the question, with the passkey that answers it.
async fn before_the_question(world: &World) -> (Account, authenticator::Passkey, Browser) {
    let account = enrol(world, "ada@acme.example").await;
    let key = passkey(world, &account, 1).await;
    let mut browser = Browser::default();
    challenged(world, &mut browser, &account).await;
    (account, key, browser)
}

/// One wrong answer: right in form, signed by nobody the account knows.
async fn fail(world: &World, browser: &mut Browser, key: &authenticator::Passkey) -> Answer {
    let asked = options(world, browser).await;
    let mut response = key.sign_in(&asked).unwrap();
    response["response"]["signature"] = response["response"]["authenticatorData"].clone();
    verify(world, browser, &response).await
}

#[test]
fn the_right_passkey_clears_the_handoff_at_the_higher_level() {
    let world = World::default();
    block_on(async {
        let (account, key, mut browser) = before_the_question(&world).await;
        let asked = options(&world, &mut browser).await;
        assert_eq!(asked["allowCredentials"][0]["id"], key.id());
        assert_eq!((&asked["userVerification"], &asked["rpId"]), (&json!("required"), &json!("localhost")));
        world.advance(mins(1));
        let told = verify(&world, &mut browser, &key.sign_in(&asked).unwrap()).await;
        assert_eq!(told.status, 200, "{}", told.text);
        let text = told.text_of("handoff");
        let attempt = browser.cookies.remove("attempt").unwrap();
        let browsers = [Token::<TransactionToken>::parse(&browser.cookies["transaction"]).unwrap().digest()];
        let foreign = [Token::<domain::secret::AttemptToken>::parse(&attempt).unwrap().digest()];
        assert!(
            handoff::open_cleared(&world.ports(), &text, &foreign).await.unwrap().is_err(),
            "bound to the step-up"
        );
        let cleared = handoff::open_cleared(&world.ports(), &text, &browsers).await.unwrap().unwrap();
        let who = &cleared.handoff().who;
        assert_eq!((who.account(), who.amr()), (account.id, vec!["email", "pop", "user", "mfa"]));
        assert_eq!((who.acr(), who.at()), (domain::Acr::Aal2, world.now()));
        let kept = passkeys::read(&world.ports(), account.id).await.unwrap().unwrap();
        assert_eq!(kept.credentials[0].used, Some(world.now()));
        assert!(kept.failed.is_empty());
    });
}

#[test]
fn factor_refused_unless_it_is_this_accounts_answer_to_this_question() {
    let world = World::default();
    block_on(async {
        let (account, key, mut browser) = before_the_question(&world).await;
        let eve = enrol(&world, "eve@acme.example").await;
        let eves = passkey(&world, &eve, 2).await;

        let unasked =
            verify(&world, &mut browser, &key.sign_in(&json!({ "challenge": "AAAA" })).unwrap()).await;
        assert_eq!((unasked.status, unasked.code()), (400, "factor_refused"));
        let older = options(&world, &mut browser).await;
        let asked = options(&world, &mut browser).await;
        // PROTOCOLS: attack cases 18 and 31.
        let of_eve = verify(&world, &mut browser, &eves.sign_in(&asked).unwrap()).await;
        options(&world, &mut browser).await;
        let stale = verify(&world, &mut browser, &key.sign_in(&older).unwrap()).await;
        let asked = options(&world, &mut browser).await;
        let mut other_handle = key.sign_in(&asked).unwrap();
        other_handle["response"]["userHandle"] =
            eves.sign_in(&asked).unwrap()["response"]["userHandle"].clone();
        let other_handle = verify(&world, &mut browser, &other_handle).await;
        options(&world, &mut browser).await;
        let nonsense = verify(&world, &mut browser, &json!({ "id": 7 })).await;
        for (name, told) in
            [("eve", &of_eve), ("stale", &stale), ("handle", &other_handle), ("nonsense", &nonsense)]
        {
            assert_eq!((told.status, told.code()), (400, "factor_refused"), "{name}");
            assert_eq!(told.text, unasked.text, "nothing tells them apart");
        }
        let noted = passkeys::read(&world.ports(), account.id).await.unwrap().unwrap().failed;
        assert_eq!(noted.len(), 4, "each is a signal for the next sign-in");
        let theirs = passkeys::read(&world.ports(), eve.id).await.unwrap().unwrap().failed;
        assert!(theirs.is_empty());

        let asked = options(&world, &mut browser).await;
        assert_eq!(verify(&world, &mut browser, &key.sign_in(&asked).unwrap()).await.status, 200);
    });
}

#[test]
fn an_answer_is_judged_once() {
    let world = World::default();
    block_on(async {
        let (_, key, mut browser) = before_the_question(&world).await;
        let response = key.sign_in(&options(&world, &mut browser).await).unwrap();
        assert_eq!(verify(&world, &mut browser, &response).await.status, 200);
        assert_eq!(verify(&world, &mut browser, &response).await.code(), "factor_refused");
        // And the step-up is over, even for a new answer.
        let response = key.sign_in(&options(&world, &mut browser).await).unwrap();
        assert_eq!(verify(&world, &mut browser, &response).await.code(), "transaction_gone");
    });
}

/// PROTOCOLS: attack case 3.
#[test]
fn of_sixty_four_at_once_one_clears() {
    for never_admits in [false, true] {
        let world = World::default();
        block_on(async {
            let (account, key, mut browser) = before_the_question(&world).await;
            signed_in_before(&world, &mut browser, &account).await;
            let response = key.sign_in(&options(&world, &mut browser).await).unwrap();
            world.store.never_admits.set(never_admits);
            let all = join_all((0..64).map(|_| {
                let (mut browser, world, response) = (browser.clone(), &world, &response);
                async move { verify(world, &mut browser, response).await.status }
            }))
            .await;
            assert_eq!(all.iter().filter(|status| **status == 200).count(), 1, "{all:?}");
            assert!(all.iter().all(|status| matches!(status, 200 | 400 | 429)));
        });
    }
}

/// PROTOCOLS: attack case 32.
#[test]
fn five_wrong_answers_end_a_transaction() {
    let world = World::default();
    block_on(async {
        let (_, key, mut browser) = before_the_question(&world).await;
        for _ in 0..5 {
            assert_eq!(fail(&world, &mut browser, &key).await.code(), "factor_refused");
        }
        let told = post(&world, &mut browser, "/step-up/passkey/options", json!({})).await;
        assert_eq!((told.status, told.code()), (429, "too_many_requests"));
        assert!(told.headers.contains_key("retry-after"));
    });
}

/// PROTOCOLS: attack case 32.
#[test]
fn ten_wrong_answers_an_hour_stop_a_network_but_not_the_owners_known_device() {
    let world = World::default();
    block_on(async {
        let (account, key, mut stranger) = before_the_question(&world).await;
        let mut owner = Browser::default();
        signed_in_before(&world, &mut owner, &account).await;
        for _ in 0..2 {
            challenged_again(&world, &mut stranger, &account).await;
            for _ in 0..5 {
                assert_eq!(fail(&world, &mut stranger, &key).await.code(), "factor_refused");
            }
        }
        challenged_again(&world, &mut stranger, &account).await;
        let right = key.sign_in(&options(&world, &mut stranger).await).unwrap();
        let told = verify(&world, &mut stranger, &right).await;
        assert_eq!(
            (told.status, told.code()),
            (429, "too_many_requests"),
            "a new transaction is no new budget"
        );
        let wait: u64 = told.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=3600).contains(&wait), "{wait}");

        challenged_again(&world, &mut owner, &account).await;
        let right = key.sign_in(&options(&world, &mut owner).await).unwrap();
        assert_eq!(verify(&world, &mut owner, &right).await.status, 200, "same network, known device");

        world.advance(mins(60));
        challenged_again(&world, &mut stranger, &account).await;
        let right = key.sign_in(&options(&world, &mut stranger).await).unwrap();
        assert_eq!(verify(&world, &mut stranger, &right).await.status, 200, "an hour later");
    });
}

/// PROTOCOLS: attack case 32.
#[test]
fn thirty_wrong_answers_an_hour_stop_strangers_from_any_network() {
    let world = World::default();
    block_on(async {
        let (account, key, _) = before_the_question(&world).await;
        for network in 0..6 {
            let mut stranger =
                Browser::default().with("spin-client-addr", &format!("198.51.100.{network}:1"));
            challenged_again(&world, &mut stranger, &account).await;
            for _ in 0..5 {
                assert_eq!(fail(&world, &mut stranger, &key).await.code(), "factor_refused");
            }
        }
        let mut stranger = Browser::default().with("spin-client-addr", "198.51.100.99:1");
        challenged_again(&world, &mut stranger, &account).await;
        assert_eq!(fail(&world, &mut stranger, &key).await.status, 429);
    });
}

#[test]
fn right_answers_spend_nothing() {
    let world = World::default();
    block_on(async {
        let (account, key, mut browser) = before_the_question(&world).await;
        for _ in 0..12 {
            challenged_again(&world, &mut browser, &account).await;
            let right = key.sign_in(&options(&world, &mut browser).await).unwrap();
            assert_eq!(verify(&world, &mut browser, &right).await.status, 200);
        }
    });
}

/// Later than the first, when earlier failures would be a risk of their own.
async fn challenged_again(world: &World, browser: &mut Browser, account: &Account) {
    forget_failures(world, account).await;
    challenged(world, browser, account).await;
}

/// PROTOCOLS: attack cases 4 and 28.
#[test]
fn transaction_gone_without_one_after_its_time_or_with_another_kind_of_cookie() {
    let world = World::default();
    block_on(async {
        let (_, key, browser) = before_the_question(&world).await;
        let asked = options(&world, &mut browser.clone()).await;
        let response = key.sign_in(&asked).unwrap();
        let transaction = browser.cookies["transaction"].clone();
        for cookie in [
            String::new(),
            transaction[..transaction.len() - 1].to_owned(),
            format!("{transaction}A"),
            browser.cookies["attempt"].clone(),
            browser.cookies["attempt"].replace("lka_", "lkt_"),
            transaction.replace("lkt_", "lkc_"),
        ] {
            let mut other = browser.clone();
            other.cookies.insert("transaction".into(), cookie.clone());
            for answer in [
                post(&world, &mut other, "/step-up/passkey/options", json!({})).await,
                verify(&world, &mut other, &response).await,
            ] {
                assert_eq!((answer.status, answer.code()), (400, "transaction_gone"), "{cookie}");
            }
        }
        world.advance(mins(10));
        assert_eq!(verify(&world, &mut browser.clone(), &response).await.code(), "transaction_gone");
    });
}

/// PROTOCOLS: attack case 35.
#[test]
fn blocked_when_the_account_was_disabled_or_left_meanwhile() {
    let world = World::default();
    block_on(async {
        let (account, key, mut browser) = before_the_question(&world).await;
        let response = key.sign_in(&options(&world, &mut browser).await).unwrap();
        leave(&world, &account).await;
        let told = verify(&world, &mut browser, &response).await;
        assert_eq!((told.status, told.code()), (403, "blocked"));
        disable(&world, &account).await;
        let told = post(&world, &mut browser, "/step-up/passkey/options", json!({})).await;
        assert_eq!((told.status, told.code()), (403, "blocked"));
    });
}

#[test]
fn a_passkey_removed_meanwhile_answers_nothing() {
    let world = World::default();
    block_on(async {
        let (account, key, mut browser) = before_the_question(&world).await;
        let response = key.sign_in(&options(&world, &mut browser).await).unwrap();
        passkeys::update(&world.ports(), account.id, |passkeys| {
            passkeys.credentials.clear();
            Change::Write(())
        })
        .await
        .unwrap();
        assert_eq!(verify(&world, &mut browser, &response).await.code(), "factor_refused");
        let told = post(&world, &mut browser, "/step-up/passkey/options", json!({})).await;
        assert_eq!((told.status, told.code()), (400, "factor_refused"), "never any passkey");
    });
}

#[test]
fn a_passkey_enrolled_for_the_step_up_answers_it() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        assert_eq!(challenged(&world, &mut browser, &account).await.json["enrol"], true);
        let key = passkey(&world, &account, 1).await;
        let response = key.sign_in(&options(&world, &mut browser).await).unwrap();
        assert_eq!(verify(&world, &mut browser, &response).await.status, 200);
    });
}

#[test]
fn an_unknown_factor_names_the_known_ones() {
    let world = World::default();
    block_on(async {
        let (_, _, mut browser) = before_the_question(&world).await;
        for (body, field) in [
            (json!({ "factor": "email", "code": "123456" }), "factor"),
            (json!({ "factor": "totp" }), "code"),
            (json!({ "factor": "totp", "code": "" }), "code"),
            (json!({ "factor": "totp", "code": 123456 }), "code"),
            (json!({ "factor": "recovery_code" }), "code"),
            (json!({ "factor": "recovery_code", "code": "A".repeat(65) }), "code"),
            (json!({ "factor": 7 }), "factor"),
            (json!({}), "factor"),
            (json!({ "factor": "passkey" }), "response"),
            (json!({ "factor": "passkey", "response": {}, "x": 1 }), "x"),
        ] {
            let told = post(&world, &mut browser, "/step-up/verify", body.clone()).await;
            assert_eq!(
                (told.status, told.code(), told.text_of("field").as_str()),
                (422, "invalid_field", field),
                "{body}"
            );
        }
        let told = post(&world, &mut browser, "/step-up/verify", json!({ "factor": "sms" })).await;
        assert!(told.text_of("detail").contains("`passkey`, `totp` or `recovery_code`"));
        let twice = r#"{"factor":"passkey","response":{"id":"a","id":"b"}}"#;
        let told = browser
            .send_text(&world, answer, "POST", "/step-up/verify", Some(("application/json", twice.into())))
            .await;
        assert_eq!((told.status, told.text_of("field").as_str()), (422, "response"));
        let told = post(&world, &mut browser, "/step-up/passkey/options", json!({ "x": 1 })).await;
        assert_eq!(told.status, 422);
    });
}

/// PROTOCOLS: attack case 27.
#[test]
fn a_fresh_mail_is_no_second_factor() {
    let world = World::default();
    block_on(async {
        let (account, _, mut browser) = before_the_question(&world).await;
        let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
        let told = assess(&world, &mut browser, &raw).await;
        assert_eq!(
            (told.text_of("decision"), &told.json["factors"]),
            ("challenge".into(), &json!(["passkey"]))
        );
    });
}

#[test]
fn a_store_that_dies_clears_nothing() {
    for writes in 0..12 {
        let world = World::default();
        block_on(async {
            let (_, key, mut browser) = before_the_question(&world).await;
            let response = key.sign_in(&options(&world, &mut browser).await).unwrap();
            world.store.dies_after.set(Some(writes));
            let told = verify(&world, &mut browser, &response).await;
            world.store.dies_after.set(None);
            assert!(matches!(told.status, 200 | 503), "{writes}: {}", told.text);
            // Whatever was cut short, at most one handoff comes of it.
            let again = verify(&world, &mut browser, &response).await;
            assert!(told.status != 200 || again.status != 200);
        });
    }
}
