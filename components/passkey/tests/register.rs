//! Adding, listing, renaming and removing passkeys, and every way in which it is refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on has to stop and say why"
)]

mod forge;

use domain::{Authenticated, Digest, Method, SessionId, TenantId, Ulid, mins};
use forge::{Key, Person, ask, b64, person, post, register, session_by, verify};
use kv_schema::{
    Change, account, factors::Recovery, handoff, passkeys, tenant, transaction, transaction::Transaction,
};
use passkey::routes::answer;
use serde_json::{Value, json};
use testkit::{Answer, Browser, World, block_on, join_all};

async fn list(world: &World, browser: &mut Browser) -> Answer {
    browser.send(world, answer, "GET", "/passkey/credentials", Value::Null).await
}

async fn finish(world: &World, person: &mut Person, change: impl FnOnce(&mut forge::Registration)) -> Answer {
    let options = post(world, &mut person.browser, "/passkey/register/options", json!({})).await;
    let mut made = Key::new("new", &person.handle()).register(&options.json);
    change(&mut made);
    post(world, &mut person.browser, "/passkey/register/verify", made.json()).await
}

fn refused(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (400, "registration_refused"), "{}", answer.text);
}

#[test]
fn options_are_those_of_a_passkey() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let options = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.json;
        assert_eq!(options["rp"], json!({"id": "localhost", "name": "Latchkey"}));
        assert_eq!(
            options["user"],
            json!({"id": ada.account.handle, "name": "ada@acme.example", "displayName": "ada@acme.example"})
        );
        let algorithms: Vec<_> =
            options["pubKeyCredParams"].as_array().unwrap().iter().map(|each| &each["alg"]).collect();
        assert_eq!(algorithms, [-7, -257, -35]);
        assert_eq!(
            options["authenticatorSelection"],
            json!({"residentKey": "required", "requireResidentKey": true, "userVerification": "required"})
        );
        assert_eq!((&options["attestation"], &options["timeout"]), (&json!("none"), &json!(300_000)));
        assert_eq!(forge::unb64(options["challenge"].as_str().unwrap()).len(), 32);
        assert_eq!(options["extensions"], json!({"credProps": true}));
    });
}

#[test]
fn a_passkey_is_added_named_and_excluded_next_time() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let made = finish(&world, &mut ada, |made| {
            made.attested.as_mut().unwrap().aaguid =
                forge::unb64("-_wwBxVOTsyMC24CBVfXvQ").try_into().unwrap();
            made.transports = json!(["hybrid", "internal", "internal", "telepathy", 7]);
        })
        .await;
        assert_eq!(made.status, 201, "{}", made.text);
        let id = Key::new("new", &[]).id();
        assert_eq!(
            made.json,
            json!({
                "id": id,
                "name": "iCloud Keychain",
                "created_at": "2026-11-24T09:30:00Z",
                "backed_up": true,
                "transports": ["hybrid", "internal"],
                "aaguid": "fbfc3007-154e-4ecc-8c0b-6e020557d7bd",
                "provider": "iCloud Keychain",
                "signal": {
                    "rpId": "localhost",
                    "userId": ada.account.handle,
                    "allAcceptedCredentialIds": [id],
                    "name": "ada@acme.example",
                    "displayName": "ada@acme.example",
                },
            })
        );
        assert!(!ada.browser.cookies.contains_key("ceremony"));
        let options = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.json;
        assert_eq!(
            options["excludeCredentials"],
            json!([{"type": "public-key", "id": id, "transports": ["hybrid", "internal"]}])
        );
        // Several with one name are numbered.
        for name in ["second", "third"] {
            register(&world, &mut ada, name).await;
        }
        let listed = list(&world, &mut ada.browser).await.json;
        let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|each| &each["name"]).collect();
        assert_eq!(names, ["iCloud Keychain", "Passkey", "Passkey 2"]);
        assert_eq!(listed["signal"]["allAcceptedCredentialIds"].as_array().unwrap().len(), 3);
        assert!(listed["items"][1].get("provider").is_none());
        assert_eq!(listed["items"][1]["last_used_at"], Value::Null);
    });
}

#[test]
fn the_brand_in_the_prompt_is_the_roots() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        tenant::update(&world.ports(), TenantId::ROOT, |root| {
            let own = kv_schema::policy::Own { value: "Acme Identity".into(), locked: false };
            root.policy = root.policy.below(root.id, &[("brand.name".to_owned(), own)].into());
            Change::Write(())
        })
        .await
        .unwrap();
        let options = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.json;
        assert_eq!(options["rp"]["name"], "Acme Identity");
    });
}

#[test]
fn unauthorized() {
    let world = World::default();
    block_on(async {
        let mut nobody = Browser::default();
        for (method, path) in [
            ("POST", "/passkey/register/options"),
            ("POST", "/passkey/register/verify"),
            ("GET", "/passkey/credentials"),
            ("PATCH", "/passkey/credentials/AAAA"),
            ("DELETE", "/passkey/credentials/AAAA"),
        ] {
            let body = if method == "GET" || method == "DELETE" { Value::Null } else { json!({}) };
            let refused = nobody.send(&world, answer, method, path, body).await;
            assert_eq!((refused.status, refused.code()), (401, "unauthorized"), "{method} {path}");
        }
    });
}

#[test]
fn cross_site() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let one = format!("/passkey/credentials/{}", key.id());
        let mut evil = ada.browser.clone().with("origin", "https://evil.example");
        for (method, path) in [
            ("POST", "/passkey/register/options"),
            ("POST", "/passkey/register/verify"),
            ("PATCH", one.as_str()),
            ("DELETE", one.as_str()),
        ] {
            let body = if method == "DELETE" { Value::Null } else { json!({}) };
            let refused = evil.send(&world, answer, method, path, body).await;
            assert_eq!((refused.status, refused.code()), (403, "cross_site"), "{method} {path}");
        }
        assert_eq!(list(&world, &mut ada.browser).await.json["items"].as_array().unwrap().len(), 1);
    });
}

/// PROTOCOLS: attack case 30.
#[test]
fn policy_is_not_only_in_the_browser() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        // Made non-discoverable, although asked otherwise.
        let options = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.json;
        let mut body = Key::new("new", &ada.handle()).register(&options).json();
        body["clientExtensionResults"]["credProps"]["rk"] = false.into();
        refused(&post(&world, &mut ada.browser, "/passkey/register/verify", body).await);
        // Unverified; excluded.
        refused(&finish(&world, &mut ada, |made| made.flags &= !forge::UV).await);
        let key = register(&world, &mut ada, "ada's").await;
        refused(
            &finish(&world, &mut ada, |made| {
                made.id = key.id.clone();
                made.attested.as_mut().unwrap().id = key.id.clone();
            })
            .await,
        );
        // The answer to an ordinary question without presence, as only the conditional one allows.
        refused(&finish(&world, &mut ada, |made| made.flags &= !forge::UP).await);
    });
}

#[test]
fn a_passkey_made_without_a_prompt_still_needs_one_to_sign_in() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let asked = json!({"mediation": "conditional"});
        let options = post(&world, &mut ada.browser, "/passkey/register/options", asked).await.json;
        let key = Key::new("new", &ada.handle());
        let mut made = key.register(&options);
        made.flags &= !(forge::UP | forge::UV);
        assert_eq!(post(&world, &mut ada.browser, "/passkey/register/verify", made.json()).await.status, 201);
        let (mut browser, options) = ask(&world, json!({})).await;
        let mut got = key.sign_in(&options);
        got.flags &= !forge::UV;
        assert_eq!(verify(&world, &mut browser, got.json()).await.code(), "sign_in_refused");
        let (mut browser, options) = ask(&world, json!({})).await;
        assert_eq!(verify(&world, &mut browser, key.sign_in(&options).json()).await.status, 200);
    });
}

#[test]
fn ceremony_gone() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = Key::new("new", &ada.handle());
        let options = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.json;
        let body = key.register(&options).json();
        let mut without = ada.browser.clone();
        without.cookies.remove("ceremony");
        refused(&post(&world, &mut without, "/passkey/register/verify", body.clone()).await);
        // A sign-in's ceremony adds nothing.
        let (other, asked) = ask(&world, json!({})).await;
        without.cookies.insert("ceremony".into(), other.cookies["ceremony"].clone());
        let mut as_creation = options.clone();
        as_creation["challenge"] = asked["challenge"].clone();
        refused(
            &post(&world, &mut without, "/passkey/register/verify", key.register(&as_creation).json()).await,
        );
        world.advance(mins(5));
        refused(&post(&world, &mut ada.browser, "/passkey/register/verify", body).await);
    });
}

#[test]
fn of_sixty_four_answers_at_once_one_adds_it() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let options = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.json;
        let body = Key::new("new", &ada.handle()).register(&options).json();
        let all = join_all((0..64).map(|_| {
            let (world, body, mut browser) = (&world, body.clone(), ada.browser.clone());
            async move { post(world, &mut browser, "/passkey/register/verify", body).await.status }
        }))
        .await;
        assert_eq!(all.iter().filter(|status| **status == 201).count(), 1);
        assert_eq!(list(&world, &mut ada.browser).await.json["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn one_credential_id_in_many_ceremonies_at_once_is_one_persons() {
    let world = World::default();
    block_on(async {
        let mut people = Vec::new();
        for n in 0..8 {
            let mut each = person(&world, &format!("p{n}@acme.example")).await;
            let options = post(&world, &mut each.browser, "/passkey/register/options", json!({})).await.json;
            let body = Key::new("shared", &each.handle()).register(&options).json();
            people.push((each, body));
        }
        let all = join_all(people.iter().map(|(each, body)| {
            let (world, body, mut browser) = (&world, body.clone(), each.browser.clone());
            async move { post(world, &mut browser, "/passkey/register/verify", body).await.status }
        }))
        .await;
        assert_eq!(all.iter().filter(|status| **status == 201).count(), 1, "{all:?}");
    });
}

#[test]
fn too_many() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let options = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.json;
        let late = ada.browser.clone();
        for n in 0..passkeys::Passkeys::MOST {
            register(&world, &mut ada, &format!("number {n}")).await;
        }
        let full = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await;
        assert_eq!((full.status, full.code()), (409, "too_many_passkeys"));
        let key = Key::new("late", &ada.handle());
        let mut late = late;
        let full = post(&world, &mut late, "/passkey/register/verify", key.register(&options).json()).await;
        assert_eq!((full.status, full.code()), (409, "too_many_passkeys"));
        // Its id is free again.
        let mut bob = person(&world, "bob@acme.example").await;
        register(&world, &mut bob, "late").await;
    });
}

#[test]
fn a_death_at_any_write_burns_no_credential_id() {
    for writes in 0..5 {
        let world = World::default();
        block_on(async {
            let mut ada = person(&world, "ada@acme.example").await;
            let key = Key::new("new", &ada.handle());
            let options = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.json;
            world.store.dies_after.set(Some(writes));
            let body = key.register(&options).json();
            let first = post(&world, &mut ada.browser, "/passkey/register/verify", body).await;
            world.store.dies_after.set(None);
            assert!(matches!(first.status, 201 | 503), "{}", first.text);
            let there = list(&world, &mut ada.browser).await.json["items"].as_array().unwrap().len();
            if first.status == 201 {
                assert_eq!(there, 1);
            }
            if there == 0 {
                register(&world, &mut ada, "new").await;
            }
            let (mut browser, options) = ask(&world, json!({})).await;
            let done = verify(&world, &mut browser, key.sign_in(&options).json()).await;
            assert_eq!(done.status, 200, "after {writes} writes");
        });
    }
}

#[test]
fn rename_and_remove() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let path = format!("/passkey/credentials/{}", key.id());
        let renamed =
            ada.browser.send(&world, answer, "PATCH", &path, json!({"name": " Schlüssel 🔑 "})).await;
        assert_eq!((renamed.status, renamed.text_of("name")), (200, "Schlüssel 🔑".into()));
        assert_eq!(renamed.json["signal"]["allAcceptedCredentialIds"], json!([key.id()]));
        for name in ["", "   ", "a\u{0}b", "a\nb", "a\u{85}b", &"x".repeat(65)] {
            let refused = ada.browser.send(&world, answer, "PATCH", &path, json!({ "name": name })).await;
            assert_eq!((refused.status, refused.text_of("field")), (422, "name".into()), "{name:?}");
        }
        let longest = "ü".repeat(64);
        let renamed = ada.browser.send(&world, answer, "PATCH", &path, json!({ "name": longest })).await;
        assert_eq!(renamed.status, 200);
        let gone = ada.browser.send(&world, answer, "DELETE", &path, Value::Null).await;
        assert_eq!((gone.status, &gone.json["signal"]["allAcceptedCredentialIds"]), (200, &json!([])));
        let again = ada.browser.send(&world, answer, "DELETE", &path, Value::Null).await;
        assert_eq!(again.status, 404);
        // The id is free: an authenticator may be given to someone else.
        let mut bob = person(&world, "bob@acme.example").await;
        register(&world, &mut bob, "ada's").await;
    });
}

/// PROTOCOLS: attack case 26.
#[test]
fn another_accounts_passkeys_do_not_exist() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let mut eve = person(&world, "eve@evil.example").await;
        register(&world, &mut eve, "eve's").await;
        let nobodys = b64([9; 32]);
        for id in [key.id(), nobodys] {
            let path = format!("/passkey/credentials/{id}");
            let rename = eve.browser.send(&world, answer, "PATCH", &path, json!({"name": "mine"})).await;
            let remove = eve.browser.send(&world, answer, "DELETE", &path, Value::Null).await;
            assert_eq!((rename.status, remove.status), (404, 404));
            assert_eq!((rename.code(), remove.code()), ("not_found", "not_found"));
        }
        let listed = list(&world, &mut ada.browser).await.json;
        assert_eq!(listed["items"][0]["name"], "Passkey", "still there, still hers");
        assert!(!list(&world, &mut eve.browser).await.text.contains(&key.id()));
    });
}

/// Policy `second_factor: always`, nothing enrolled: the step-up that waits lets its person enrol a first passkey, and no second one.
#[test]
fn a_step_up_may_enrol_the_first_factor_and_no_other() {
    let world = World::default();
    block_on(async {
        let ada = person(&world, "ada@acme.example").await;
        let waiting = async |may_enrol: bool| {
            let ports = world.ports();
            let who =
                Authenticated::dangerous_claim(TenantId::ROOT, ada.account.id, Method::MagicLink, ports.now);
            let own = Digest::of(&[b"browser"]);
            let handoff = handoff::mint(&ports, who, own, 0, None).await.unwrap();
            let handoff = handoff::take(&ports, handoff.reveal(), &[own]).await.unwrap().unwrap();
            let waiting = Transaction { handoff, challenge: None, wrong: 0, may_enrol };
            let mut browser = Browser::default();
            let cookie = transaction::open(&ports, &waiting).await.unwrap().reveal().clone();
            browser.cookies.insert("transaction".into(), cookie);
            browser
        };
        let mut no = waiting(false).await;
        assert_eq!(post(&world, &mut no, "/passkey/register/options", json!({})).await.status, 401);
        let mut yes = waiting(true).await;
        let mut second = waiting(true).await;
        let early = post(&world, &mut second, "/passkey/register/options", json!({})).await.json;
        let options = post(&world, &mut yes, "/passkey/register/options", json!({})).await;
        assert_eq!(options.status, 200, "{}", options.text);
        let body = Key::new("first", &ada.handle()).register(&options.json).json();
        assert_eq!(post(&world, &mut yes, "/passkey/register/verify", body).await.status, 201);
        assert_eq!(list(&world, &mut yes).await.status, 401, "that is no session");
        let more = post(&world, &mut yes, "/passkey/register/options", json!({})).await;
        refused(&more);
        let body = Key::new("second", &ada.handle()).register(&early).json();
        refused(&post(&world, &mut second, "/passkey/register/verify", body).await);
        world.advance(mins(10));
        assert_eq!(post(&world, &mut yes, "/passkey/register/options", json!({})).await.status, 401);
    });
}

/// Who reads a mailbox and no more must not get round an authenticator app or recovery codes by a passkey of their own, nor take the owner's away.
#[test]
fn step_up_required_beside_other_factors_unless_the_session_has_two() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "first").await;
        let early = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.json;
        let made = world.now();
        passkeys::update(&world.ports(), ada.account.id, |passkeys| {
            let codes = vec![Digest::of(&[b"code"])];
            let session = SessionId::of(Ulid::new(made, [9; 10]));
            passkeys.factors.recovery = Some(Recovery { codes, made, used: None, wrong: 0, session });
            Change::Write(())
        })
        .await
        .unwrap();
        let told = post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await;
        assert_eq!((told.status, told.code()), (403, "step_up_required"));
        let body = Key::new("second", &ada.handle()).register(&early).json();
        let told = post(&world, &mut ada.browser, "/passkey/register/verify", body).await;
        assert_eq!((told.status, told.code()), (403, "step_up_required"), "in the swap, too");
        let path = format!("/passkey/credentials/{}", key.id());
        let told = ada.browser.send(&world, answer, "DELETE", &path, Value::Null).await;
        assert_eq!((told.status, told.code()), (403, "step_up_required"));
        assert_eq!(list(&world, &mut ada.browser).await.status, 200, "to look is free");

        let mut strong = session_by(&world, &ada.account, Method::Passkey).await;
        let told = post(&world, &mut strong, "/passkey/register/options", json!({})).await;
        assert_eq!(told.status, 200, "{}", told.text);
        let told = strong.send(&world, answer, "DELETE", &path, Value::Null).await;
        assert_eq!(told.status, 200, "{}", told.text);
        let left = passkeys::read(&world.ports(), ada.account.id).await.unwrap().unwrap();
        assert!(!left.has_factor(), "codes stand for nothing once the last factor is gone");
    });
}

#[test]
fn a_disabled_accounts_step_up_enrols_nothing() {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        account::update(&world.ports(), ada.account.id, |account| {
            account.state = account::State::Disabled;
            Change::Write(())
        })
        .await
        .unwrap();
        assert_eq!(post(&world, &mut ada.browser, "/passkey/register/options", json!({})).await.status, 401);
    });
}

#[test]
fn well_known() {
    let world = World::with(&[("public_url", "https://id.example:8443")]);
    block_on(async {
        let mut browser = Browser::default();
        let origins = browser.send(&world, answer, "GET", "/.well-known/webauthn", Value::Null).await;
        assert_eq!(origins.json, json!({"origins": ["https://id.example:8443"]}));
        let places = browser.send(&world, answer, "GET", "/.well-known/passkey-endpoints", Value::Null).await;
        let account = "https://id.example:8443/account";
        assert_eq!(places.json, json!({"enroll": account, "manage": account}));
        for each in [origins, places] {
            assert_eq!(each.status, 200);
            assert_eq!(each.headers["content-type"], "application/json");
            assert_eq!(each.headers["cache-control"], "public, max-age=3600");
        }
        let wrong = browser.send(&world, answer, "POST", "/.well-known/webauthn", json!({})).await;
        assert_eq!((wrong.status, wrong.headers["allow"].to_str().unwrap()), (405, "GET"));
    });
}
