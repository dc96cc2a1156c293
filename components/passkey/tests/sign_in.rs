//! Signing in, and every way in which it is refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on has to stop and say why"
)]

mod forge;

use domain::{Digest, Token, days, mins, secret::CeremonyToken};
use forge::{ask, person, post, register, verify};
use kv_schema::{Change, account, handoff, passkeys, policy::Own, tenant};
use passkey::routes::answer;
use serde_json::{Value, json};
use testkit::{Browser, World, block_on, join_all};

/// What the ceremony cookie of a browser hashes to.
fn digest(browser: &Browser) -> Digest {
    Token::<CeremonyToken>::parse(&browser.cookies["ceremony"]).unwrap().digest()
}

async fn set_policy(world: &World, key: &str, value: Value) {
    tenant::update(&world.ports(), domain::TenantId::ROOT, |root| {
        let own = [(key.to_owned(), Own { value: value.clone(), locked: false })];
        root.policy = root.policy.below(root.id, &own.into());
        Change::Write(())
    })
    .await
    .unwrap();
}

#[test]
fn a_discovered_passkey_ends_in_a_handoff_for_this_browser() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let (mut browser, options) = ask(&world, json!({})).await;
        assert_eq!(options["rpId"], "localhost");
        assert_eq!(options["allowCredentials"], json!([]));
        assert_eq!(options["userVerification"], "required");
        assert_eq!(options["timeout"], 300_000);
        assert_eq!(forge::unb64(options["challenge"].as_str().unwrap()).len(), 32);
        let done = verify(&world, &mut browser, key.sign_in(&options).json()).await;
        assert_eq!(done.status, 200, "{}", done.text);
        let text = done.text_of("handoff");
        let ports = world.ports();
        assert!(handoff::take(&ports, &text, &[Digest::of(&[b"other"])]).await.unwrap().is_err());
        let handoff = handoff::take(&ports, &text, &[digest(&browser)]).await.unwrap().unwrap();
        assert_eq!(
            (handoff.who.account(), handoff.who.tenant(), handoff.failures),
            (ada.account.id, domain::TenantId::ROOT, 0)
        );
        assert_eq!(handoff.who.amr(), ["pop", "user", "mfa"]);
        let kept = passkeys::read(&ports, ada.account.id).await.unwrap().unwrap();
        assert_eq!(kept.credentials[0].used, Some(ports.now));
    });
}

#[test]
fn a_typed_address_gets_its_own_passkeys_with_transports() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let (mut browser, options) = ask(&world, json!({"email": "ada@acme.example"})).await;
        assert_eq!(
            options["allowCredentials"],
            json!([{"type": "public-key", "id": key.id(), "transports": ["hybrid", "internal"]}])
        );
        // Authenticators may leave the user handle out when they were told what to look for.
        let mut silent = key.sign_in(&options);
        silent.handle = None;
        assert_eq!(verify(&world, &mut browser, silent.json()).await.status, 200);
    });
}

/// PROTOCOLS: attack case 42.
#[test]
fn known_and_unknown_addresses_look_and_cost_the_same() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        register(&world, &mut ada, "ada's").await;
        person(&world, "bob@acme.example").await;
        let mut seen = Vec::new();
        for email in ["ada@acme.example", "bob@acme.example", "nobody@acme.example"] {
            ask(&world, json!({ "email": email })).await;
            world.store.operations();
            let (browser, options) = ask(&world, json!({ "email": email })).await;
            let operations = world.store.operations();
            let (_, again) = ask(&world, json!({ "email": email })).await;
            assert_eq!(options["allowCredentials"], again["allowCredentials"], "stable: {email}");
            let listed = options["allowCredentials"].as_array().unwrap().clone();
            assert!((1..=2).contains(&listed.len()));
            for each in &listed {
                let members: Vec<&String> = each.as_object().unwrap().keys().collect();
                assert_eq!(members, ["id", "transports", "type"]);
                assert!([16, 20, 32].contains(&forge::unb64(each["id"].as_str().unwrap()).len()));
            }
            let members: Vec<String> = options.as_object().unwrap().keys().cloned().collect();
            seen.push((members, operations.reads, operations.writes, browser.cookies.len()));
        }
        assert!(seen.iter().all(|each| *each == seen[0]), "{seen:?}");
        let (_, other) = ask(&world, json!({"email": "someone@acme.example"})).await;
        let (_, nobody) = ask(&world, json!({"email": "nobody@acme.example"})).await;
        assert_ne!(other["allowCredentials"], nobody["allowCredentials"]);
    });
}

/// Neither a decoy nor a real id in the list, nor any other, tells an address that is known from one that is not.
#[test]
fn a_typed_address_is_not_told_apart_by_answers() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        register(&world, &mut ada, "ada's").await;
        let mut eve = person(&world, "eve@evil.example").await;
        let eves = register(&world, &mut eve, "eve's").await;
        for email in ["ada@acme.example", "nobody@acme.example"] {
            let listed =
                async |options: &Value| forge::unb64(options["allowCredentials"][0]["id"].as_str().unwrap());
            // With the listed id and a key of one's own, with and without a user handle; with one's own passkey; with an id that is nobody's.
            for (id, handle) in
                [(0, None), (0, Some(eve.handle())), (1, Some(eve.handle())), (1, None), (2, None)]
            {
                let (mut browser, options) = ask(&world, json!({ "email": email })).await;
                let mut forged = eves.sign_in(&options);
                match id {
                    0 => forged.id = listed(&options).await,
                    2 => forged.id = vec![9; 20],
                    _ => {}
                }
                forged.handle = handle.clone();
                let refused = verify(&world, &mut browser, forged.json()).await;
                assert_eq!(
                    (refused.status, refused.code()),
                    (400, "sign_in_refused"),
                    "{email} {id} {handle:?}"
                );
                assert!(refused.json.get("credentialId").is_none());
            }
        }
    });
}

/// PROTOCOLS: attack case 31.
#[test]
fn not_the_owner() {
    let world = World::default();
    block_on(async {
        let mut bob = person(&world, "bob@acme.example").await;
        let bobs = register(&world, &mut bob, "bob's").await;
        let mut eve = person(&world, "eve@evil.example").await;
        let eves = register(&world, &mut eve, "eve's").await;
        // Bob's ceremony, Eve's credential.
        let (mut browser, options) = ask(&world, json!({"email": "bob@acme.example"})).await;
        assert_eq!(
            verify(&world, &mut browser, eves.sign_in(&options).json()).await.code(),
            "sign_in_refused"
        );
        // Bob's handle, Eve's key and id.
        let (mut browser, options) = ask(&world, json!({})).await;
        let mut forged = eves.sign_in(&options);
        forged.handle = Some(bob.handle());
        assert_eq!(verify(&world, &mut browser, forged.json()).await.code(), "unknown_credential");
        // Bob's handle and id, Eve's key.
        let (mut browser, options) = ask(&world, json!({})).await;
        let mut forged = bobs.sign_in(&options);
        forged.signs = eves.signs.clone();
        assert_eq!(verify(&world, &mut browser, forged.json()).await.code(), "sign_in_refused");
    });
}

#[test]
fn unknown_credential_names_it_and_only_its_keeper_is_told_it_was_known() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let mut other_tail = ada.handle();
        *other_tail.last_mut().unwrap() ^= 1;
        let handles = [
            Some(other_tail), // the account's id is known, the rest of the handle is not
            Some(ada.handle()[..16].to_vec()),
            Some(vec![7; 32]),
            Some(vec![7; 3]),
        ];
        for handle in handles {
            let (mut browser, options) = ask(&world, json!({})).await;
            let mut forged = key.sign_in(&options);
            forged.handle = handle.clone();
            let refused = verify(&world, &mut browser, forged.json()).await;
            assert_eq!((refused.status, refused.code()), (404, "unknown_credential"), "{handle:?}");
            assert_eq!(
                (refused.text_of("rpId"), refused.text_of("credentialId")),
                ("localhost".into(), key.id())
            );
        }
        let path = format!("/passkey/credentials/{}", key.id());
        assert_eq!(ada.browser.send(&world, answer, "DELETE", &path, Value::Null).await.status, 200);
        let (mut browser, options) = ask(&world, json!({})).await;
        let refused = verify(&world, &mut browser, key.sign_in(&options).json()).await;
        assert_eq!((refused.status, refused.code()), (404, "unknown_credential"));
    });
}

/// Made after the question was asked: the person's own, but not among those asked for.
#[test]
fn not_allowed() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        register(&world, &mut ada, "first").await;
        let (mut browser, options) = ask(&world, json!({"email": "ada@acme.example"})).await;
        let second = register(&world, &mut ada, "second").await;
        let refused = verify(&world, &mut browser, second.sign_in(&options).json()).await;
        assert_eq!((refused.status, refused.code()), (400, "sign_in_refused"));
        assert!(world.log.0.borrow().last().unwrap().contains("NotAllowed"));
    });
}

#[test]
fn user_handle_missing() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let (mut browser, options) = ask(&world, json!({})).await;
        let mut silent = key.sign_in(&options);
        silent.handle = None;
        assert_eq!(verify(&world, &mut browser, silent.json()).await.code(), "sign_in_refused");
    });
}

/// PROTOCOLS: attack cases 3 and 4.
#[test]
fn ceremony_gone() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let refused = async |browser: &mut Browser, body: Value| {
            let refused = verify(&world, browser, body).await;
            assert_eq!((refused.status, refused.code()), (400, "sign_in_refused"), "{}", refused.text);
        };
        // No cookie; another browser's ceremony; a token of another kind; cut.
        let (mut browser, options) = ask(&world, json!({})).await;
        let good = key.sign_in(&options).json();
        refused(&mut Browser::default(), good.clone()).await;
        let (mut other, _) = ask(&world, json!({})).await;
        refused(&mut other, good.clone()).await;
        let cookie = browser.cookies["ceremony"].clone();
        let mut cut = browser.clone();
        cut.cookies.insert("ceremony".into(), cookie[..cookie.len() - 1].into());
        refused(&mut cut, good.clone()).await;
        cut.cookies.insert("ceremony".into(), cookie.replace("lkc_", "lkt_"));
        refused(&mut cut, good.clone()).await;
        // None of which spent it. Twice; too late; for a registration.
        assert_eq!(verify(&world, &mut browser, good.clone()).await.status, 200);
        refused(&mut browser, good).await;
        let (mut browser, options) = ask(&world, json!({})).await;
        world.advance(mins(5));
        refused(&mut browser, key.sign_in(&options).json()).await;
        let options = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.json;
        let as_request = json!({"rpId": "localhost", "challenge": options["challenge"]});
        refused(&mut ada.browser.clone(), key.sign_in(&as_request).json()).await;
    });
}

/// PROTOCOLS: attack case 3.
#[test]
fn of_sixty_four_answers_at_once_one_signs_in() {
    for never_admits in [false, true] {
        let world = World::default();
        world.store.never_admits.set(never_admits);
        block_on(async {
            let mut ada = person(&world, "ada@acme.example").await;
            let key = register(&world, &mut ada, "ada's").await;
            let (browser, options) = ask(&world, json!({})).await;
            let good = key.sign_in(&options).json();
            let all = join_all((0..64).map(|_| {
                let mut browser = browser.clone();
                let (world, good) = (&world, good.clone());
                async move { verify(world, &mut browser, good).await.status }
            }))
            .await;
            assert_eq!(all.iter().filter(|status| **status == 200).count(), 1);
            assert_eq!(all.iter().filter(|status| **status == 400).count(), 63);
        });
    }
}

#[test]
fn a_counter_is_never_judged_by_an_old_one() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let mut key = register(&world, &mut ada, "ada's").await;
        key.counter = 5;
        // Two ceremonies, the same counter, at once: one of them is a copy's.
        let (first, second) = (ask(&world, json!({})).await, ask(&world, json!({})).await);
        let all = join_all([first, second].into_iter().map(|(mut browser, options)| {
            let (world, body) = (&world, key.sign_in(&options).json());
            async move { verify(world, &mut browser, body).await.status }
        }))
        .await;
        assert_eq!(all.iter().filter(|status| **status == 200).count(), 1, "{all:?}");
        assert!(world.log.0.borrow().iter().any(|line| line.contains("CounterRegression")));
        let kept = passkeys::read(&world.ports(), ada.account.id).await.unwrap().unwrap();
        assert_eq!(kept.failed.len(), 1, "the risk can see it");
    });
}

#[test]
fn failures_are_counted_bounded_and_forgotten() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let fail = async || {
            let (mut browser, options) = ask(&world, json!({})).await;
            let mut forged = key.sign_in(&options);
            forged.flags &= !forge::UV;
            assert_eq!(verify(&world, &mut browser, forged.json()).await.code(), "sign_in_refused");
        };
        let succeed = async || {
            let (mut browser, options) = ask(&world, json!({})).await;
            let done = verify(&world, &mut browser, key.sign_in(&options).json()).await;
            let taken = handoff::take(&world.ports(), &done.text_of("handoff"), &[digest(&browser)]).await;
            taken.unwrap().unwrap().failures
        };
        for _ in 0..3 {
            fail().await;
        }
        assert_eq!(succeed().await, 3);
        for _ in 0..30 {
            fail().await;
        }
        assert_eq!(succeed().await, 20);
        world.advance(mins(60));
        assert_eq!(succeed().await, 0);
    });
}

#[test]
fn account_disabled() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        account::update(&world.ports(), ada.account.id, |account| {
            account.state = account::State::Disabled;
            Change::Write(())
        })
        .await
        .unwrap();
        let (mut browser, options) = ask(&world, json!({})).await;
        let refused = verify(&world, &mut browser, key.sign_in(&options).json()).await;
        assert_eq!((refused.status, refused.code()), (400, "sign_in_refused"));
    });
}

#[test]
fn method_off() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let (mut browser, options) = ask(&world, json!({})).await;
        set_policy(&world, "methods", json!(["magic_link"])).await;
        let refused = verify(&world, &mut browser, key.sign_in(&options).json()).await;
        assert_eq!((refused.status, refused.code()), (400, "sign_in_refused"), "switched off in between");
        let refused = post(&world, &mut Browser::default(), "/passkey/sign-in/options", json!({})).await;
        assert_eq!((refused.status, refused.code()), (403, "method_disabled"));
    });
}

#[test]
fn tenant_unknown_tenant_gone_and_sign_up_closed() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let ports = world.ports();
        let root = tenant::find(&ports, None).await.unwrap().unwrap();
        let tenant::Made::New(acme) = tenant::create(&ports, &root, "acme", "Acme").await.unwrap() else {
            panic!()
        };
        for unknown in ["nobody", "ten_01KAT3G7N0000000000000000Z", "../x"] {
            let mut browser = Browser::default();
            let body = json!({ "tenant": unknown });
            let refused = post(&world, &mut browser, "/passkey/sign-in/options", body).await;
            assert_eq!((refused.status, refused.json["field"].as_str()), (422, Some("tenant")));
        }
        // A member of the root alone becomes one of the tenant that was asked for, if it takes new ones.
        let sign_in = async || {
            let (mut browser, options) = ask(&world, json!({"tenant": "acme"})).await;
            let done = verify(&world, &mut browser, key.sign_in(&options).json()).await;
            (done, browser)
        };
        let close = async |open: bool| {
            tenant::update(&world.ports(), acme.id, |acme| {
                let own = [("sign_up".to_owned(), Own { value: open.into(), locked: false })];
                acme.policy = acme.policy.below(acme.id, &own.into());
                Change::Write(())
            })
            .await
            .unwrap();
        };
        close(false).await;
        let (refused, _) = sign_in().await;
        assert_eq!((refused.status, refused.code()), (400, "sign_in_refused"));
        close(true).await;
        let (done, browser) = sign_in().await;
        let taken = handoff::take(&world.ports(), &done.text_of("handoff"), &[digest(&browser)]).await;
        assert_eq!(taken.unwrap().unwrap().who.tenant(), acme.id);
        // Deleted in between.
        let (mut browser, options) = ask(&world, json!({"tenant": "acme"})).await;
        tenant::update(&world.ports(), acme.id, |acme| {
            acme.deleted = true;
            Change::Write(())
        })
        .await
        .unwrap();
        let refused = verify(&world, &mut browser, key.sign_in(&options).json()).await;
        assert_eq!((refused.status, refused.code()), (400, "sign_in_refused"));
    });
}

#[test]
fn cross_site() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let (browser, options) = ask(&world, json!({})).await;
        for mut browser in
            [browser.clone().with("origin", "https://evil.example"), browser.clone().without("origin")]
        {
            let refused = verify(&world, &mut browser, key.sign_in(&options).json()).await;
            assert_eq!((refused.status, refused.code()), (403, "cross_site"));
        }
        let mut same = browser.clone().without("origin").with("sec-fetch-site", "same-origin");
        assert_eq!(verify(&world, &mut same, key.sign_in(&options).json()).await.status, 200, "not spent");
    });
}

/// API section 1; PROTOCOLS: attack case 45.
#[test]
fn what_is_no_answer_at_all_spends_nothing() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let (mut browser, options) = ask(&world, json!({})).await;
        let good = key.sign_in(&options).json();
        let deep = format!("{{\"id\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
        let large = format!("{{\"id\":\"{}\"}}", "x".repeat(1 << 20));
        let doubled = good.to_string().replacen('{', "{\"id\":\"AAAA\",", 1);
        for (body, status, code) in [
            ("", 400, "malformed_json"),
            ("{", 400, "malformed_json"),
            (deep.as_str(), 400, "malformed_json"),
            ("[]", 422, "invalid_field"),
            ("{}", 422, "invalid_field"),
            (large.as_str(), 413, "too_large"),
            (doubled.as_str(), 422, "invalid_field"),
        ] {
            for path in ["/passkey/sign-in/verify", "/passkey/register/verify"] {
                let mut sender = browser.clone();
                sender.cookies.insert("session".into(), ada.browser.cookies["session"].clone());
                let body = Some(("application/json", body.to_owned()));
                let refused = sender.send_text(&world, answer, "POST", path, body).await;
                assert_eq!((refused.status, refused.code()), (status, code), "{path} {:.40}", refused.text);
            }
        }
        let body = Some(("text/plain", good.to_string()));
        let refused = browser.send_text(&world, answer, "POST", "/passkey/sign-in/verify", body).await;
        assert_eq!(refused.status, 415);
        let mut missing = good.clone();
        missing["response"].as_object_mut().unwrap().remove("signature");
        let refused = verify(&world, &mut browser, missing).await;
        assert_eq!((refused.status, refused.text_of("field")), (422, "response.signature".into()));
        for (body, field) in [
            (json!({"email": 7}), "email"),
            (json!({"email": "no address"}), "email"),
            (json!({"mail": "a@b.example"}), "mail"),
        ] {
            let refused = post(&world, &mut browser.clone(), "/passkey/sign-in/options", body).await;
            assert_eq!((refused.status, refused.text_of("field")), (422, field.to_owned()));
        }
        assert_eq!(verify(&world, &mut browser, good).await.status, 200);
    });
}

/// DESIGN section 10: options ≤ 2 + 1, verify ≤ 4 + 2, warm.
#[test]
fn operations_stay_within_the_budget() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        set_policy(&world, "session.idle", json!(3_600)).await;
        let mut most = ((0, 0), (0, 0));
        for n in 0..40 {
            world.store.operations();
            let (mut browser, options) = ask(&world, json!({})).await;
            let asking = world.store.operations();
            let done = verify(&world, &mut browser, key.sign_in(&options).json()).await;
            assert_eq!(done.status, 200);
            let verifying = world.store.operations();
            // One request in sixteen reserves the next numbers.
            if n > 0 && asking.writes + verifying.writes <= 3 {
                most.0 = (asking.reads.max(most.0.0), asking.writes.max(most.0.1));
                most.1 = (verifying.reads.max(most.1.0), verifying.writes.max(most.1.1));
            }
        }
        println!("sign-in options {} + {}, verify {} + {}", most.0.0, most.0.1, most.1.0, most.1.1);
        assert!(most.0.0 <= 2 && most.0.1 == 1 && most.1.0 <= 4 && most.1.1 == 2, "{most:?}");
    });
}

#[test]
fn nothing_secret_is_logged() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let (mut browser, options) = ask(&world, json!({"email": "ada@acme.example"})).await;
        let mut forged = key.sign_in(&options);
        forged.flags &= !forge::UP;
        verify(&world, &mut browser, forged.json()).await;
        let log = world.log.0.borrow().join("\n");
        assert!(log.contains("UserNotPresent"), "{log}");
        for secret in
            ["ada@", &key.id(), &browser.cookies["ceremony"], options["challenge"].as_str().unwrap()]
        {
            assert!(!log.contains(secret), "{secret} in {log}");
        }
    });
}

#[test]
fn a_session_of_days_ago_does_not_matter_to_a_new_sign_in() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        world.advance(days(60));
        let (mut browser, options) = ask(&world, json!({})).await;
        assert_eq!(verify(&world, &mut browser, key.sign_in(&options).json()).await.status, 200);
    });
}
