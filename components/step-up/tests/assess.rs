//! `POST /step-up/assess`: what passes, what is asked, what is stopped.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod common;

use common::*;
use domain::{Authenticated, Digest, Method, TenantId, Token, mins, secret::AttemptToken};
use kv_schema::{Change, handoff, passkeys};
use serde_json::json;
use step_up::routes::answer;
use testkit::{Browser, World, block_on, join_all};

#[test]
fn the_first_sign_in_of_an_account_passes() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
        let told = assess(&world, &mut browser, &raw).await;
        assert_eq!(told.status, 200, "{}", told.text);
        assert_eq!((&told.json["decision"], &told.json["level"]), (&json!("allow"), &json!("low")));
        assert_eq!((&told.json["score"], &told.json["reasons"]), (&json!(0), &json!([])));
        assert!(told.text_of("handoff").starts_with("lkd_"));
        assert!(told.json.get("factors").is_none() && !browser.cookies.contains_key("transaction"));
        let browsers = [Token::<AttemptToken>::parse(&browser.cookies["attempt"]).unwrap().digest()];
        let cleared =
            handoff::open_cleared(&world.ports(), &told.text_of("handoff"), &browsers).await.unwrap();
        let cleared = cleared.unwrap();
        assert_eq!(cleared.handoff().who.amr(), ["email"], "nothing was added to what was done");
        assert_eq!(cleared.handoff().terms.as_ref().unwrap().slug, "root");
    });
}

#[test]
fn a_new_device_is_told_and_a_known_one_is_not() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let (mut known, mut new) = (Browser::default(), Browser::default());
        signed_in_before(&world, &mut known, &account).await;
        let raw = handoff(&world, &mut known, &account, Method::MagicLink, 0).await;
        let told = assess(&world, &mut known, &raw).await;
        assert_eq!((told.json["score"].clone(), codes(&told)), (json!(0), vec![]));
        let raw = handoff(&world, &mut new, &account, Method::MagicLink, 0).await;
        let told = assess(&world, &mut new, &raw).await;
        assert_eq!((told.text_of("decision"), codes(&told)), ("allow".into(), vec!["new_device".to_owned()]));
        assert_eq!(told.json["reasons"][0]["weight"], told.json["score"]);
        assert!(told.json["reasons"][0]["text"].is_string());
    });
}

#[test]
fn medium_is_challenged_with_what_the_account_has() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        passkey(&world, &account, 1).await;
        signed_in_before(&world, &mut Browser::default(), &account).await;
        let mut browser = Browser::default();
        let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 3).await;
        let told = assess(&world, &mut browser, &raw).await;
        assert_eq!((told.text_of("decision"), told.text_of("level")), ("challenge".into(), "medium".into()));
        assert_eq!(told.json["factors"], json!(["passkey"]));
        assert!(told.json.get("handoff").is_none() && told.json.get("enrol").is_none());
        assert_eq!(codes(&told), ["new_device", "recent_failures"]);
        assert!(browser.cookies["transaction"].starts_with("lkt_"));
    });
}

#[test]
fn medium_without_a_factor_is_blocked_as_no_factor_and_offers_no_enrolment() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        signed_in_before(&world, &mut Browser::default(), &account).await;
        for second_factor in ["risk", "always"] {
            policy(&world, "second_factor", second_factor.into()).await;
            let mut browser = Browser::default();
            let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 3).await;
            let told = assess(&world, &mut browser, &raw).await;
            assert_eq!((told.text_of("decision"), told.text_of("level")), ("block".into(), "medium".into()));
            assert_eq!(codes(&told).last().unwrap(), "no_factor");
            for absent in ["handoff", "factors", "enrol"] {
                assert!(told.json.get(absent).is_none(), "{absent}");
            }
            assert!(!browser.cookies.contains_key("transaction"));
        }
        let log = world.log.0.borrow().join("\n");
        assert!(log.contains("stopped") && log.contains("no_factor"), "it is noted");
        assert!(!log.contains("ada@") && !log.contains("lkh_"), "{log}");
    });
}

#[test]
fn medium_after_a_passkey_is_allowed() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        passkey(&world, &account, 1).await;
        signed_in_before(&world, &mut Browser::default(), &account).await;
        policy(&world, "second_factor", "always".into()).await;
        let mut browser = Browser::default();
        let raw = handoff(&world, &mut browser, &account, Method::Passkey, 4).await;
        let told = assess(&world, &mut browser, &raw).await;
        assert_eq!((told.text_of("decision"), told.text_of("level")), ("allow".into(), "medium".into()));
    });
}

#[test]
fn high_is_blocked_whatever_the_policy_and_the_factors() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        passkey(&world, &account, 1).await;
        signed_in_before(&world, &mut Browser::default(), &account).await;
        for second_factor in ["never", "risk", "always"] {
            policy(&world, "second_factor", second_factor.into()).await;
            for method in [Method::MagicLink, Method::Passkey] {
                let mut browser = Browser::default();
                let raw = handoff(&world, &mut browser, &account, method, 12).await;
                let told = assess(&world, &mut browser, &raw).await;
                assert_eq!(
                    (told.text_of("decision"), told.text_of("level")),
                    ("block".into(), "high".into())
                );
                assert_eq!(codes(&told).last().unwrap(), "too_risky");
                assert!(told.json.get("handoff").is_none() && !browser.cookies.contains_key("transaction"));
            }
        }
    });
}

#[test]
fn failures_with_passkeys_count_for_an_hour() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        signed_in_before(&world, &mut Browser::default(), &account).await;
        passkeys::update(&world.ports(), account.id, |passkeys| {
            passkeys.failed = vec![world.now(); 3];
            Change::Write(())
        })
        .await
        .unwrap();
        let score = async |method, failures| {
            let mut browser = Browser::default();
            let raw = handoff(&world, &mut browser, &account, method, failures).await;
            assess(&world, &mut browser, &raw).await.json["score"].as_u64().unwrap()
        };
        assert_eq!(score(Method::MagicLink, 0).await, 42);
        assert_eq!(score(Method::MagicLink, 1).await, 46);
        assert_eq!(score(Method::Passkey, 3).await, 42, "the same failures are not counted twice");
        world.advance(mins(60));
        assert_eq!(score(Method::MagicLink, 0).await, 30);
    });
}

#[test]
fn a_stranger_who_fails_does_not_stop_the_owner_on_a_known_device() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        signed_in_before(&world, &mut browser, &account).await;
        let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 1_000).await;
        assert_eq!(assess(&world, &mut browser, &raw).await.json["decision"], "allow");
    });
}

#[test]
fn policy_always_asks_at_low_risk_and_offers_enrolment_to_who_has_no_factor() {
    let world = World::default();
    block_on(async {
        let (with, without) = (enrol(&world, "a@acme.example").await, enrol(&world, "b@acme.example").await);
        passkey(&world, &with, 1).await;
        let mut browser = Browser::default();
        let told = challenged(&world, &mut browser, &with).await;
        assert_eq!(
            (told.text_of("level"), codes(&told)),
            ("low".into(), vec!["second_factor_required".to_owned()])
        );
        assert!(told.json.get("enrol").is_none());
        let told = challenged(&world, &mut browser, &without).await;
        assert_eq!((&told.json["factors"], &told.json["enrol"]), (&json!(["passkey", "totp"]), &json!(true)));
        let open =
            kv_schema::transaction::read(&world.ports(), &browser.cookies["transaction"]).await.unwrap();
        assert!(open.unwrap().1.may_enrol);
        let raw = handoff(&world, &mut browser, &with, Method::Passkey, 0).await;
        assert_eq!(assess(&world, &mut browser, &raw).await.json["decision"], "allow", "two factors already");
    });
}

#[test]
fn policy_never_and_the_thresholds_are_honoured() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        signed_in_before(&world, &mut Browser::default(), &account).await;
        let judge = async |failures| {
            let mut browser = Browser::default();
            let raw = handoff(&world, &mut browser, &account, Method::MagicLink, failures).await;
            let told = assess(&world, &mut browser, &raw).await;
            (told.text_of("decision"), told.text_of("level"))
        };
        policy(&world, "risk.medium", 30.into()).await;
        assert_eq!(judge(0).await, ("block".into(), "medium".into()));
        policy(&world, "second_factor", "never".into()).await;
        assert_eq!(judge(0).await, ("allow".into(), "medium".into()));
        policy(&world, "risk.high", 30.into()).await;
        assert_eq!(judge(0).await, ("block".into(), "high".into()));
        policy(&world, "risk.high", 100.into()).await;
        policy(&world, "risk.medium", 100.into()).await;
        assert_eq!(judge(12).await, ("allow".into(), "low".into()));
    });
}

/// PROTOCOLS: attack cases 25 and 35.
#[test]
fn account_unavailable_whether_disabled_deleted_or_no_member() {
    let world = World::default();
    block_on(async {
        let mut told = Vec::new();
        for case in 0..3 {
            let account = enrol(&world, &format!("a{case}@acme.example")).await;
            passkey(&world, &account, case).await;
            let mut browser = Browser::default();
            let raw = handoff(&world, &mut browser, &account, Method::Passkey, 0).await;
            match case {
                0 => disable(&world, &account).await,
                1 => leave(&world, &account).await,
                _ => kv_schema::account::delete(&world.ports(), &account).await.unwrap(),
            }
            let answer = assess(&world, &mut browser, &raw).await;
            assert_eq!((answer.status, answer.text_of("decision")), (200, "block".into()));
            assert_eq!(codes(&answer), ["account_unavailable"]);
            told.push(answer.text);
        }
        assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
    });
}

/// PROTOCOLS: attack cases 3, 4, 9, 15 and 18.
#[test]
fn handoff_refused_used_over_cut_foreign_or_of_another_kind() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;

        let mut stranger = Browser::default();
        handoff(&world, &mut stranger, &account, Method::MagicLink, 0).await;
        let mut bare = Browser::default();
        let cookie = browser.cookies["attempt"].clone();
        let mut refused = vec![
            assess(&world, &mut stranger, &raw).await,
            assess(&world, &mut bare, &raw).await,
            assess(&world, &mut browser, &raw[..raw.len() - 1]).await,
            assess(&world, &mut browser, &format!("{raw}A")).await,
            assess(&world, &mut browser, &raw.replace("lkh_", "lkd_")).await,
            assess(&world, &mut browser, "").await,
            assess(&world, &mut browser, &cookie).await,
            assess(&world, &mut browser, &"lkh_A.A".repeat(5_000)).await,
        ];
        let told = assess(&world, &mut browser, &raw).await;
        assert_eq!(told.json["decision"], "allow", "none of these spent it");
        refused.push(assess(&world, &mut browser, &told.text_of("handoff")).await);
        refused.push(assess(&world, &mut browser, &raw).await);
        let late = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
        world.advance(mins(2));
        refused.push(assess(&world, &mut browser, &late).await);
        for (at, refusal) in refused.iter().enumerate() {
            assert_eq!((refusal.status, refusal.code()), (400, "handoff_refused"), "{at}: {}", refusal.text);
            assert_eq!(refusal.text, refused[0].text, "nothing tells them apart");
        }
    });
}

/// PROTOCOLS: attack case 3.
#[test]
fn of_sixty_four_at_once_one_is_judged() {
    for never_admits in [false, true] {
        let world = World::default();
        world.store.never_admits.set(never_admits);
        block_on(async {
            let account = enrol(&world, "ada@acme.example").await;
            let mut browser = Browser::default();
            let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
            let all = join_all((0..64).map(|_| {
                let (mut browser, world, raw) = (browser.clone(), &world, &raw);
                async move { assess(world, &mut browser, raw).await }
            }))
            .await;
            let (won, lost): (Vec<_>, Vec<_>) = all.into_iter().partition(|answer| answer.status == 200);
            assert_eq!(won.len(), 1);
            assert!(lost.iter().all(|answer| answer.code() == "handoff_refused"));
            // A form sent twice by a double click still signs in.
            let browsers = [Token::<AttemptToken>::parse(&browser.cookies["attempt"]).unwrap().digest()];
            let cleared = won[0].text_of("handoff");
            assert!(handoff::open_cleared(&world.ports(), &cleared, &browsers).await.unwrap().is_ok());
        });
    }
}

#[test]
fn cross_site_is_refused_on_every_route() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
        for path in ["/step-up/assess", "/step-up/passkey/options", "/step-up/verify"] {
            for foreign in [
                browser.clone().without("origin"),
                browser.clone().with("origin", "https://evil.example"),
                browser.clone().with("origin", "null"),
                browser.clone().with("origin", "https://evil.example").with("sec-fetch-site", "same-origin"),
                browser.clone().with("origin", "null").with("sec-fetch-site", "cross-site"),
                browser.clone().without("origin").with("sec-fetch-site", "same-site"),
            ] {
                let told = post(&world, &mut foreign.clone(), path, json!({ "handoff": raw })).await;
                assert_eq!((told.status, told.code()), (403, "cross_site"), "{path} {:?}", foreign.headers);
            }
        }
        // A form on a page that sends no referrer: Chromium and Firefox say `null`, and where it came from in the other header.
        let mut ours = browser.with("origin", "null").with("sec-fetch-site", "same-origin");
        assert_eq!(assess(&world, &mut ours, &raw).await.status, 200);
    });
}

#[test]
fn bad_bodies_name_what_is_wrong() {
    let world = World::default();
    block_on(async {
        let mut browser = Browser::default();
        for (media, body, status, code, field) in [
            ("application/json", "{", 400, "malformed_json", ""),
            ("application/json", "", 400, "malformed_json", ""),
            ("application/json", "{}", 422, "invalid_field", "handoff"),
            ("application/json", r#"{"handoff":7}"#, 422, "invalid_field", "handoff"),
            ("application/json", r#"{"handoff":"a","x":1}"#, 422, "invalid_field", "x"),
            ("application/json", r#"{"handoff":"a","signals":[]}"#, 422, "invalid_field", "signals"),
            ("application/json", "[]", 422, "invalid_field", "body"),
            ("text/plain", "{}", 415, "unsupported_media_type", ""),
        ] {
            let told = browser
                .send_text(&world, answer, "POST", "/step-up/assess", Some((media, body.into())))
                .await;
            assert_eq!((told.status, told.code()), (status, code), "{body}");
            assert_eq!(told.text_of("field"), field, "{body}");
        }
        let wrong = browser.send_text(&world, answer, "GET", "/step-up/assess", None).await;
        assert_eq!((wrong.status, wrong.headers["allow"].to_str().unwrap()), (405, "POST"));
        assert_eq!(browser.send_text(&world, answer, "POST", "/step-up/x", None).await.status, 404);
    });
}

/// PROTOCOLS: attack case 33.
#[test]
fn nothing_a_client_sends_lowers_the_score() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        signed_in_before(&world, &mut Browser::default(), &account).await;
        let mut plain = Browser::default();
        let raw = handoff(&world, &mut plain, &account, Method::MagicLink, 2).await;
        let wanted = assess(&world, &mut plain, &raw).await.json["score"].as_u64().unwrap();
        for (name, value) in [
            ("x-forwarded-for", "127.0.0.1"),
            ("forwarded", "for=127.0.0.1"),
            ("spin-client-addr", "127.0.0.1:1"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
            ("accept-language", "de"),
            ("cookie", "device=lkv_AAAA"),
        ] {
            let mut browser = Browser::default().with(name, value);
            let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 2).await;
            let body = json!({ "handoff": raw, "signals": { "time_zone": "Europe/Berlin", "known": true } });
            let told = post(&world, &mut browser, "/step-up/assess", body).await;
            assert!(told.json["score"].as_u64().unwrap() >= wanted, "{name}: {}", told.text);
        }
        let mut bare = Browser::default().without("user-agent").without("spin-client-addr");
        let raw = handoff(&world, &mut bare, &account, Method::MagicLink, 2).await;
        assert!(assess(&world, &mut bare, &raw).await.json["score"].as_u64().unwrap() >= wanted);
    });
}

/// PROTOCOLS: attack case 33.
#[test]
fn a_damaged_record_is_medium_and_a_dead_store_is_no_decision() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        signed_in_before(&world, &mut browser, &account).await;
        let key = world.store.keys().into_iter().find(|key| key.contains(":sessions:")).unwrap();
        ports::Store::set(&world.store, &key, b"{").await.unwrap();
        let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
        let told = assess(&world, &mut browser, &raw).await;
        assert_eq!((told.text_of("decision"), told.text_of("level")), ("block".into(), "medium".into()));
        assert_eq!(codes(&told), ["device_unknown", "no_factor"]);

        for writes in 0..2 {
            let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
            world.store.dies_after.set(Some(writes));
            let told = assess(&world, &mut browser, &raw).await;
            world.store.dies_after.set(None);
            assert!(told.status == 503 || told.code() == "handoff_refused", "{}", told.text);
            assert!(told.json.get("handoff").is_none());
        }
    });
}

/// DESIGN section 10: assess and session together are 6 reads and 3 writes; here 4 and 1, in `session` 2 and 2.
#[test]
fn judging_costs_four_reads_and_one_write() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        passkey(&world, &account, 1).await;
        // A root that somebody changed is found through its cell; the cell is read once in the life of an instance.
        policy(&world, "risk.high", 80.into()).await;
        for warm in [false, true] {
            let mut browser = Browser::default();
            signed_in_before(&world, &mut browser, &account).await;
            let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
            world.store.operations();
            assert_eq!(assess(&world, &mut browser, &raw).await.json["decision"], "allow");
            let done = world.store.operations();
            assert!(done.writes == 1 && done.reads <= if warm { 4 } else { 5 }, "{done:?}");
        }
    });
}

#[test]
fn without_script_the_chain_goes_on_as_pages() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let mut browser = Browser::default();
        let form = async |browser: &mut Browser, raw: &str| {
            browser.send_form(&world, answer, "/step-up/assess", &format!("handoff={raw}")).await
        };
        let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
        let page = form(&mut browser, &raw).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(page.headers.contains_key("content-security-policy"));
        assert_eq!(page.headers["cache-control"], "no-store");
        assert!(
            page.text.contains(r#"action="/session""#) && page.text.contains(r#"name="handoff" value="lkd_"#)
        );

        let again = form(&mut browser, &raw).await;
        assert_eq!(again.status, 400);
        assert!(
            again.text.contains("sign in again") && again.text.contains(r#"href="/sign-in""#),
            "{}",
            again.text
        );

        passkey(&world, &account, 1).await;
        policy(&world, "second_factor", "always".into()).await;
        let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
        let page = form(&mut browser, &raw).await;
        assert!(page.status == 200 && page.text.contains("passkey") && page.text.contains("scripts"));
        assert!(!page.text.contains("lkd_") && !browser.cookies.contains_key("transaction"));

        disable(&world, &account).await;
        let raw = handoff(&world, &mut browser, &account, Method::MagicLink, 0).await;
        let page = form(&mut browser, &raw).await;
        assert_eq!(page.status, 403);
        assert!(page.text.contains("This account cannot sign in here; ask whoever manages it for you."));

        let mut foreign = browser.clone().with("origin", "https://evil.example");
        assert_eq!(form(&mut foreign, &raw).await.status, 403);
    });
}

#[test]
fn secrets_do_not_reach_the_log_or_the_store() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        passkey(&world, &account, 1).await;
        let mut browser = Browser::default();
        challenged(&world, &mut browser, &account).await;
        assess(&world, &mut browser, "lkh_nonsense").await;
        let cookie = &browser.cookies["transaction"];
        assert!(!world.store.dump().contains(&cookie[16..48]));
        let log = world.log.0.borrow().join("\n");
        assert!(!log.contains("nonsense") && !log.contains("lkt_") && !log.contains("ada"), "{log}");
    });
}

#[test]
fn the_digest_of_no_cookie_binds_nothing() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world, "ada@acme.example").await;
        let who = Authenticated::dangerous_claim(TenantId::ROOT, account.id, Method::MagicLink, world.now());
        let raw = handoff::mint(&world.ports(), who, Digest::of(&[b""]), 0, None).await.unwrap();
        let told = assess(&world, &mut Browser::default(), raw.reveal()).await;
        assert_eq!(told.code(), "handoff_refused");
    });
}
