//! `POST /magic-link`: what it answers, mails and costs, to whom, and how often.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "a test that cannot go on has to stop; not every file needs all helpers"
)]

mod support;

use domain::{Secs, days, hours, mins};
use serde_json::{Value, json};
use support::*;
use testkit::{Browser, World, block_on};

#[test]
fn a_request_answers_202_and_mails_link_and_code() {
    let world = World::default();
    let mut browser = Browser::default();
    let answer = ask(&world, &mut browser);
    let members: Vec<&String> = answer.json.as_object().unwrap().keys().collect();
    assert_eq!(members, ["attempt", "expires_in", "match"]);
    assert_eq!(answer.json["expires_in"], 600);
    let digits = answer.text_of("match");
    assert!(digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()), "{digits}");
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("attempt=lka_") && cookie.ends_with("HttpOnly; SameSite=Lax"), "{cookie}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(!browser.cookies["attempt"].contains(&answer.text_of("attempt")));

    let mail = newest(&world);
    assert_eq!(mail.message.to.as_str(), ADA);
    assert_eq!(mail.message.subject, "Sign in to Latchkey");
    assert!(mail.code.len() == 8 && mail.code.bytes().all(|b| b.is_ascii_digit()), "{}", mail.code);
    for part in [&mail.message.text, &mail.message.html] {
        assert!(part.contains(&mail.token) && part.contains(&mail.code));
    }
}

#[test]
fn on_https_the_cookie_is_bound_to_the_host() {
    let world = World::with(&[("public_url", "https://id.example")]);
    let mut browser = Browser::default().with("origin", "https://id.example");
    let cookie = ask(&world, &mut browser).headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-attempt=lka_") && cookie.ends_with("; Secure"), "{cookie}");
}

/// The digits prove that someone sees the starting screen, so the mail must not tell them.
#[test]
fn the_mail_never_has_the_digits() {
    let world = World::default();
    for turn in 0..40 {
        let mut browser = Browser::default().with("spin-client-addr", &format!("192.0.2.{turn}:1"));
        let email = format!("p{turn}@acme.example");
        let digits = post(&world, &mut browser, "/magic-link", json!({"email": email})).text_of("match");
        let mail = newest(&world);
        // Whole words of the text part; token and code contain any two digits by chance.
        let words = mail.message.text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == digits);
        assert!(!words, "{digits} in {}", mail.message.text);
    }
}

#[test]
fn a_german_browser_gets_a_german_mail() {
    let world = World::default();
    ask(&world, &mut Browser::default().with("accept-language", "de-DE,de;q=0.9,en;q=0.5"));
    let message = newest(&world).message;
    assert_eq!(message.subject, "Anmelden bei Latchkey");
    assert!(message.text.contains("zehn Minuten") && message.html.contains("lang=\"de\""));
}

#[test]
fn the_tenants_brand_names_the_mail() {
    let world = World::default();
    set_policy(&world, "brand.name", json!("<b>Acme</b> & Co"));
    ask(&world, &mut Browser::default());
    let message = newest(&world).message;
    assert_eq!(message.subject, "Sign in to <b>Acme</b> & Co");
    assert!(message.html.contains("&lt;b&gt;Acme&lt;/b&gt; &amp; Co") && !message.html.contains("<b>Acme"));
}

/// PROTOCOLS: attack case 34.
#[test]
fn evil_host_headers_change_nothing() {
    let world = World::default();
    let mut browser = Browser::default();
    for name in ["host", "forwarded", "x-forwarded-host", "x-forwarded-proto", "x-original-url", "x-host"] {
        browser = browser.with(name, "evil.example");
    }
    ask(&world, &mut browser);
    let mail = newest(&world);
    assert!(!mail.message.text.contains("evil") && !mail.message.html.contains("evil"));
    assert!(mail.message.link.unwrap().starts_with("http://localhost:3000/magic-link/confirm#lkm_"));
}

/// PROTOCOLS: attack cases 42 and 43: no account is read, so nothing can differ.
#[test]
fn known_unknown_disabled_and_closed_look_and_cost_the_same() {
    let world = World::default();
    ada_exists(&world);
    let mut first = Vec::new();
    let mut look = |email: &str| {
        // The first request of a day for an address makes its record; measured is the second.
        for _ in 0..2 {
            let mut browser = Browser::default();
            world.store.operations();
            let answer = post(&world, &mut browser, "/magic-link", json!({"email": email}));
            let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            let members: Vec<String> = answer.json.as_object().unwrap().keys().cloned().collect();
            let cookies: Vec<String> = browser.cookies.keys().cloned().collect();
            let seen = (answer.status, names, members, cookies, answer.text.len(), world.store.operations());
            first.push(seen);
        }
        first.pop().unwrap()
    };
    let known = look(ADA);
    let unknown = look("bob@acme.example");
    assert_eq!(known, unknown);
    block_on(async {
        let ports = world.ports();
        let root = kv_schema::tenant::find(&ports, None).await.unwrap().unwrap();
        let ada = kv_schema::account::by_email(&ports, &root, &ADA.parse().unwrap()).await.unwrap().unwrap();
        kv_schema::account::update(&ports, ada.id, |account| {
            account.state = kv_schema::account::State::Disabled;
            kv_schema::Change::Write(())
        })
        .await
        .unwrap();
    });
    assert_eq!(look(ADA), known, "disabled");
    world.advance(mins(10));
    set_policy(&world, "sign_up", json!(false));
    let closed = look("carol@acme.example");
    assert_eq!(closed.5.writes, known.5.writes, "closed sign-up");
    assert_eq!((closed.0, &closed.1, &closed.2, &closed.3), (known.0, &known.1, &known.2, &known.3));
    assert_eq!(look("dora@acme.example"), closed);
    assert_eq!(look(ADA), closed);
}

/// DESIGN section 10: issue 4 + 2. Left out: the development mailbox (2 writes) and what the first of a window or day makes.
#[test]
fn asking_costs_at_most_four_reads_and_two_writes() {
    let provider = [("mailer", "resend"), ("mailer_from", "a@id.example"), ("mail_api_key", "key")];
    for slug in [None, Some("acme")] {
        let world = World::with(&provider);
        block_on(async {
            let ports = world.ports();
            let root = kv_schema::tenant::find(&ports, None).await.unwrap().unwrap();
            kv_schema::tenant::create(&ports, &root, "acme", "Acme").await.unwrap();
        });
        set_policy(&world, "brand.name", json!("touched"));
        let body = json!({"email": ADA, "tenant": slug});
        post(&world, &mut Browser::default(), "/magic-link", body.clone());
        world.store.operations();
        assert_eq!(post(&world, &mut Browser::default(), "/magic-link", body).status, 202);
        let cost = world.store.operations();
        assert!(cost.reads <= 4 && cost.writes <= 2, "{cost:?} for {slug:?}");
    }
}

#[test]
fn an_address_gets_six_mails_in_ten_minutes_then_none_and_nobody_can_tell() {
    let world = World::default();
    let mut shapes = Vec::new();
    for _ in 0..8 {
        let mut browser = Browser::default();
        let answer = ask(&world, &mut browser);
        shapes.push((answer.text.len(), poll(&world, &mut browser).json));
    }
    assert_eq!(mails(&world).len(), 6);
    assert!(shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:?}");
    world.advance(mins(10));
    ask(&world, &mut Browser::default());
    assert_eq!(mails(&world).len(), 7);
}

/// PROTOCOLS: attack case 32.
#[test]
fn many_tenants_are_no_way_to_mail_an_address_more() {
    let world = World::default();
    let slugs =
        ["acme", "globex", "initech", "hooli", "umbrella", "stark", "wayne", "wonka", "tyrell", "cyberdyne"];
    tenants(&world, &slugs);
    let mut browsers = Vec::new();
    for slug in slugs {
        let mut browser = Browser::default();
        let asked = post(&world, &mut browser, "/magic-link", json!({"email": ADA, "tenant": slug}));
        assert_eq!(asked.status, 202);
        browsers.push(browser);
    }
    assert_eq!(mails(&world).len(), 6);
    // Each tenant has an attempt of its own; of many those go that were asked longest ago.
    let waiting: Vec<String> =
        browsers.iter_mut().map(|browser| poll(&world, browser).text_of("status")).collect();
    let (gone, left) = waiting.split_at(2);
    assert!(gone.iter().all(|status| status == "expired"), "{waiting:?}");
    assert!(left.iter().all(|status| status == "pending"), "{waiting:?}");
}

#[test]
fn sign_ins_to_two_tenants_do_not_end_each_other() {
    let world = World::default();
    tenants(&world, &["acme", "globex"]);
    let mut started = Vec::new();
    for slug in ["acme", "globex"] {
        let mut browser = Browser::default();
        post(&world, &mut browser, "/magic-link", json!({"email": ADA, "tenant": slug}));
        started.push((browser, newest(&world).token));
    }
    let [(acme, at_acme), (globex, at_globex)] = &mut started[..] else { panic!("two") };
    let crossed = confirm(&world, acme, at_globex);
    assert_eq!((crossed.status, crossed.code()), (400, "match_wrong"), "another browser, as ever");
    let one = confirm(&world, acme, at_acme);
    let other = confirm(&world, globex, at_globex);
    let (one, other) = (take(&world, acme, &one), take(&world, globex, &other));
    assert_eq!(one.who.account(), other.who.account());
    assert_ne!(one.who.tenant(), other.who.tenant());
}

#[test]
fn an_address_gets_twenty_mails_a_day() {
    let world = World::default();
    let mut asked = 0;
    while mails(&world).len() < 20 {
        asked += 1;
        assert!(asked <= 20, "each was mailed");
        ask(&world, &mut Browser::default());
        world.advance(mins(10));
    }
    ask(&world, &mut Browser::default());
    assert_eq!(mails(&world).len(), 20);
    world.advance(days(1));
    ask(&world, &mut Browser::default());
    assert!(mails(&world)[0].at == world.now());
}

#[test]
fn midnight_gives_no_new_budget() {
    let world = World::default();
    // 2026-11-24T23:58:00Z
    world.set(domain::Moment::from_secs(1_795_564_680));
    for _ in 0..6 {
        ask(&world, &mut Browser::default());
    }
    world.advance(mins(4));
    for _ in 0..3 {
        ask(&world, &mut Browser::default());
    }
    assert_eq!(mails(&world).len(), 6);
    world.advance(mins(6));
    for _ in 0..7 {
        ask(&world, &mut Browser::default());
    }
    assert_eq!(mails(&world).len(), 12);
}

#[test]
fn success_gives_no_budget_back() {
    let world = World::default();
    for _ in 0..6 {
        let mut browser = Browser::default();
        ask(&world, &mut browser);
        assert_eq!(confirm(&world, &mut browser, &newest(&world).token).status, 200);
    }
    ask(&world, &mut Browser::default());
    assert_eq!(mails(&world).len(), 6);
}

#[test]
fn too_many_mails() {
    let world = World::default();
    let send = |turn: u32, network: &str| {
        let mut browser = Browser::default().with("spin-client-addr", network);
        post(&world, &mut browser, "/magic-link", json!({"email": format!("p{turn}@acme.example")}))
    };
    for turn in 0..60 {
        assert_eq!(send(turn, "192.0.2.7:1").status, 202);
    }
    let refused = send(60, "192.0.2.7:9");
    assert_eq!((refused.status, refused.code()), (429, "too_many_requests"));
    let after: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=600).contains(&after));
    // A forged platform header does not help: the platform's own comes last.
    assert_eq!(send(61, "192.0.2.8:1").status, 202, "another network");
    world.advance(Secs(after));
    assert_eq!(send(62, "192.0.2.7:1").status, 202);
}

/// A botnet has many networks; what it can have sent in a tenant's name is bounded all the same.
#[test]
fn too_many_mails_of_one_tenant() {
    let world = World::default();
    let budget = kv_schema::budget::Budget { name: "mail-tenant", most: 50_000, window: mins(10) };
    block_on(async {
        for _ in 0..50_000 {
            kv_schema::budget::spend_shared(&world.ports(), domain::TenantId::ROOT, budget).await.unwrap();
        }
    });
    let answer = post(&world, &mut Browser::default(), "/magic-link", json!({"email": ADA}));
    assert_eq!((answer.status, answer.code()), (429, "too_many_requests"));
    world.advance(mins(10));
    ask(&world, &mut Browser::default());
}

#[test]
fn one_ipv6_customer_is_one_network() {
    let world = World::default();
    let mut last = 0;
    for turn in 0..61 {
        let mut browser =
            Browser::default().with("spin-client-addr", &format!("[2001:db8:1:2::{turn:x}]:443"));
        let email = format!("p{turn}@acme.example");
        last = post(&world, &mut browser, "/magic-link", json!({"email": email})).status;
    }
    assert_eq!(last, 429);
}

#[test]
fn a_failing_provider_is_logged_without_address_and_token_and_still_202() {
    let world = World::with(&[
        ("mailer", "postmark"),
        ("mailer_from", "no-reply@id.example"),
        ("mail_api_key", "the-provider's-key"),
    ]);
    *world.fetch.answers.borrow_mut() = vec![Ok((500, "x")), Ok((500, "x"))];
    ask(&world, &mut Browser::default());
    let sent = world.fetch.sent.borrow();
    let body: Value = serde_json::from_slice(sent[0].body()).unwrap();
    let token = body["TextBody"].as_str().unwrap().split(['#', '\n']).find(|part| part.starts_with("lkm_"));
    let lines = world.log.0.borrow();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("postmark"));
    for private in ["ada", "acme.example", token.unwrap(), "provider's"] {
        assert!(!lines[0].contains(private), "{private} in {}", lines[0]);
    }
}

/// The token lies as a digest, the code as a keyed one, the cookie as a digest.
#[test]
fn secrets_rest_as_hashes() {
    let world = World::with(&[
        ("mailer", "postmark"),
        ("mailer_from", "no-reply@id.example"),
        ("mail_api_key", "the-provider's-key"),
    ]);
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let sent = world.fetch.sent.borrow();
    let body: Value = serde_json::from_slice(sent[0].body()).unwrap();
    let text = body["TextBody"].as_str().unwrap();
    let token = text.split(['#', '\n']).find(|part| part.starts_with("lkm_")).unwrap();
    let code = text.lines().find(|line| line.len() == 8 && line.bytes().all(|b| b.is_ascii_digit())).unwrap();
    let dump = world.store.dump();
    // The token's first 44 bytes say where its record lies; what follows is the secret.
    for secret in [&token[70..], &browser.cookies["attempt"][70..], code] {
        assert!(!dump.contains(secret), "{secret}");
    }
    assert!(world.store.keys().iter().all(|key| !key.contains("acme")));
    assert_eq!(confirm(&world, &mut browser, token).status, 200, "it was the real one");
}

#[test]
fn a_mailer_that_is_not_set_up_is_said_so() {
    for settings in [&[("mailer", "")][..], &[("mailer", "pigeon")], &[("mailer", "resend")]] {
        let world = World::with(settings);
        let answer = post(&world, &mut Browser::default(), "/magic-link", json!({"email": ADA}));
        assert_eq!((answer.status, answer.code()), (500, "misconfigured"));
        assert!(world.log.0.borrow()[0].contains("set the variable mail"), "{:?}", world.log.0.borrow());
    }
}

#[test]
fn method_disabled() {
    let world = World::default();
    set_policy(&world, "methods", json!(["passkey"]));
    let answer = post(&world, &mut Browser::default(), "/magic-link", json!({"email": ADA}));
    assert_eq!((answer.status, answer.code()), (403, "method_disabled"));
    assert!(mails(&world).is_empty());
}

#[test]
fn tenant_unknown() {
    let world = World::default();
    for tenant in ["nobody", "ten_01ARZ3NDEKTSV4RRFFQ69G5FAV", "../x", ""] {
        let body = json!({"email": ADA, "tenant": tenant});
        let answer = post(&world, &mut Browser::default(), "/magic-link", body);
        assert_eq!((answer.status, answer.code()), (422, "invalid_field"), "{tenant}");
        assert_eq!(answer.text_of("field"), "tenant");
    }
}

#[test]
fn cross_site() {
    let world = World::default();
    let body = json!({"email": ADA});
    for browser in [
        Browser::default().with("origin", "https://evil.example"),
        Browser::default().with("origin", "null"),
        Browser::default().with("sec-fetch-site", "cross-site"),
        Browser::default().without("origin").with("sec-fetch-site", "same-site"),
    ] {
        let answer = post(&world, &mut browser.clone(), "/magic-link", body.clone());
        assert_eq!((answer.status, answer.code()), (403, "cross_site"), "{:?}", browser.headers);
    }
    assert!(mails(&world).is_empty());
    // It relies on no cookie: a client that is no browser says nothing about where it comes from.
    assert_eq!(post(&world, &mut Browser::default().without("origin"), "/magic-link", body).status, 202);
}

#[test]
fn bad_input_is_refused_by_name() {
    let world = World::default();
    let mut browser = Browser::default();
    let mut send = |media: &str, body: &str| {
        let sent = Some((media, body.to_owned()));
        let answer =
            block_on(browser.send_text(&world, magic_link::routes::answer, "POST", "/magic-link", sent));
        (answer.status, answer.code().to_owned(), answer.text_of("field"))
    };
    let json = "application/json";
    let refused = |status: u16, code: &str, field: &str| (status, code.to_owned(), field.to_owned());
    assert_eq!(send(json, "{"), refused(400, "malformed_json", ""));
    assert_eq!(send(json, &"[".repeat(60_000)), refused(400, "malformed_json", ""));
    assert_eq!(send("text/plain", "{}"), refused(415, "unsupported_media_type", ""));
    assert_eq!(send(json, "{}"), refused(422, "invalid_field", "email"));
    for email in
        ["7", "null", "\"ada\"", "\"a@evil.example@corp.example\"", "\"a\\r\\nbcc:x@acme.example\"", "[]"]
    {
        assert_eq!(
            send(json, &format!("{{\"email\":{email}}}")),
            refused(422, "invalid_field", "email"),
            "{email}"
        );
    }
    for path in ["//evil.example", "/\\\\evil.example", "javascript:alert(1)", "https://evil.example"] {
        let body = format!("{{\"email\":\"{ADA}\",\"return_to\":\"{path}\"}}");
        assert_eq!(send(json, &body), refused(422, "invalid_field", "return_to"), "{path}");
    }
    let body = format!("{{\"email\":\"{ADA}\",\"tenant\":7}}");
    assert_eq!(send(json, &body), refused(422, "invalid_field", "tenant"));
    assert!(mails(&world).is_empty());
    let wrong = block_on(browser.send(&world, magic_link::routes::answer, "PUT", "/magic-link", Value::Null));
    assert_eq!((wrong.status, wrong.headers["allow"].to_str().unwrap()), (405, "POST"));
    assert_eq!(get(&world, &mut browser, "/magic-link/nothing").code(), "not_found");
}

#[test]
fn a_form_gets_a_page_that_leads_on() {
    let world = World::default();
    let mut browser = Browser::default();
    let answer =
        form(&world, &mut browser, "/magic-link", "email=ada%40acme.example&tenant=&return_to=%2Faccount");
    assert_eq!(answer.status, 202);
    assert!(answer.text.contains("action=\"/magic-link/code\"") && answer.text.contains("<strong>"));
    assert_eq!(answer.headers["referrer-policy"], "same-origin");
    assert!(browser.cookies.contains_key("attempt"));
    assert_eq!(mails(&world).len(), 1);
    let refused = form(&world, &mut browser, "/magic-link", "email=nonsense");
    assert_eq!(refused.status, 422);
    assert!(refused.text.starts_with("<!doctype html>") && refused.text.contains("/sign-in"));
}

#[test]
fn sixty_four_requests_at_once_leave_one_attempt_and_six_mails() {
    let world = World::with(&[("trusted_proxy_header", "x-real-ip")]);
    let all: Vec<(u16, Browser)> = block_on(testkit::join_all((0..64).map(|turn| {
        let world = &world;
        async move {
            let mut browser = Browser::default().with("x-real-ip", &format!("192.0.2.{turn}"));
            let body = json!({"email": ADA});
            let answer = browser.send(world, magic_link::routes::answer, "POST", "/magic-link", body).await;
            (answer.status, browser)
        }
    })));
    assert!(all.iter().all(|(status, _)| *status == 202));
    assert_eq!(mails(&world).len(), 6);
    let pending = all
        .into_iter()
        .filter(|(_, browser)| poll(&world, &mut browser.clone()).text_of("status") == "pending");
    assert_eq!(pending.count(), 1);
}

#[test]
fn a_day_old_record_is_gone() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let token = newest(&world).token;
    world.advance(hours(72));
    let answer = confirm(&world, &mut browser, &token);
    assert_eq!((answer.status, answer.code()), (410, "link_expired"));
    assert_eq!(poll(&world, &mut browser).text_of("status"), "expired");
}
