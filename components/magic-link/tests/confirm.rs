//! The link: its page, the press here and elsewhere, and every way in which it is refused.
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

use domain::{
    Acr, Secs, Token, mins,
    secret::{AttemptToken, HandoffToken, LinkToken, SessionToken},
};
use kv_schema::account;
use magic_link::routes;
use serde_json::{Value, json};
use support::*;
use testkit::{Browser, World, block_on, join_all};

#[test]
fn pressed_where_it_started_it_gives_the_handoff_without_digits() {
    let world = World::default();
    let mut browser = Browser::default();
    let body = json!({"email": " ADA@Acme.Example ", "return_to": "/account?x=1"});
    post(&world, &mut browser, "/magic-link", body);
    let answer = confirm(&world, &mut browser, &newest(&world).token);
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json.as_object().unwrap().len(), 1);
    let handoff = take(&world, &browser, &answer);
    assert_eq!((handoff.who.acr(), handoff.who.amr()), (Acr::Aal1, vec!["email"]));
    assert_eq!(handoff.return_to.unwrap().as_str(), "/account?x=1");
    let account = block_on(account::read(&world.ports(), handoff.who.account())).unwrap().unwrap();
    assert_eq!(account.email.as_str(), ADA);
}

#[test]
fn the_handoff_is_bound_to_the_starting_browser() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let handoff = confirm(&world, &mut browser, &newest(&world).token).text_of("handoff");
    let mut other = Browser::default();
    ask(&world, &mut other);
    let theirs = Token::<AttemptToken>::parse(&other.cookies["attempt"]).unwrap().digest();
    assert!(taken_with(&world, &handoff, theirs).is_err());
}

#[test]
fn pressed_elsewhere_with_the_digits_the_starting_tab_goes_on() {
    let world = World::default();
    let (mut tab, mut phone) = (Browser::default(), Browser::default());
    let digits = ask(&world, &mut tab).text_of("match");
    let token = newest(&world).token;
    assert_eq!(poll(&world, &mut tab).json, json!({"status": "pending"}));
    let answer = confirm_with(&world, &mut phone, &token, &digits);
    assert_eq!((answer.status, &answer.json), (200, &json!({"confirmed": true})));
    assert!(phone.cookies.is_empty(), "the other device is not signed in");
    assert_eq!(poll(&world, &mut phone).json, json!({"status": "expired"}));

    let answer = poll(&world, &mut tab);
    assert_eq!(answer.text_of("status"), "confirmed");
    take(&world, &tab, &answer);
    assert_eq!(poll(&world, &mut tab).json, json!({"status": "expired"}), "given once");
}

#[test]
fn match_wrong() {
    let world = World::default();
    let (mut tab, mut phone) = (Browser::default(), Browser::default());
    let digits = ask(&world, &mut tab).text_of("match");
    let token = newest(&world).token;
    // Missing is no try.
    for _ in 0..20 {
        let answer = confirm(&world, &mut phone, &token);
        assert_eq!((answer.status, answer.code()), (400, "match_wrong"));
    }
    for _ in 0..10 {
        let answer = confirm_with(&world, &mut phone, &token, &other_digits(&digits));
        assert_eq!((answer.status, answer.code()), (400, "match_wrong"));
    }
    let answer = confirm_with(&world, &mut phone, &token, &digits);
    assert_eq!((answer.status, answer.code()), (429, "too_many_requests"), "right, but too late");
    assert!(answer.headers.contains_key("retry-after"));
    // Nothing is burned for the one who started it.
    assert_eq!(confirm(&world, &mut tab, &token).status, 200);
}

#[test]
fn nine_wrong_digits_and_the_right_ones() {
    let world = World::default();
    let (mut tab, mut phone) = (Browser::default(), Browser::default());
    let digits = ask(&world, &mut tab).text_of("match");
    let token = newest(&world).token;
    for _ in 0..9 {
        confirm_with(&world, &mut phone, &token, &other_digits(&digits));
    }
    assert_eq!(confirm_with(&world, &mut phone, &token, &digits).json, json!({"confirmed": true}));
    assert_eq!(poll(&world, &mut tab).text_of("status"), "confirmed");
}

#[test]
fn wrong_digits_at_once_are_all_counted() {
    let world = World::default();
    let digits = ask(&world, &mut Browser::default()).text_of("match");
    let token = newest(&world).token;
    let wrong = other_digits(&digits);
    let codes: Vec<u16> = block_on(join_all((0..64).map(|_| {
        let (world, token, wrong) = (&world, &token, &wrong);
        async move {
            let body = json!({"token": token, "match": wrong});
            Browser::default().send(world, routes::answer, "POST", "/magic-link/confirm", body).await.status
        }
    })));
    assert_eq!(codes.iter().filter(|status| **status == 400).count(), 10);
    assert_eq!(codes.iter().filter(|status| **status == 429).count(), 54);
}

/// PROTOCOLS: attack case 41.
#[test]
fn scanners_change_nothing() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let token = newest(&world).token;
    let before = world.store.dump();
    let mut scanner =
        Browser::default().with("user-agent", "Mozilla/5.0 HeadlessChrome").with("accept", "text/html");
    world.store.operations();
    for turn in 0..50 {
        let path = if turn % 2 == 0 {
            "/magic-link/confirm".to_owned()
        } else {
            format!("/magic-link/confirm?token={token}")
        };
        assert_eq!(get(&world, &mut scanner, &path).status, 200);
        let head = block_on(scanner.send(&world, routes::answer, "HEAD", &path, Value::Null));
        assert_eq!((head.status, head.text.as_str()), (200, ""));
    }
    assert_eq!(world.store.operations(), testkit::Operations::default());
    assert_eq!(world.store.dump(), before);
    // One that presses buttons has neither the cookie nor the digits.
    let pressed = form(&world, &mut scanner, "/magic-link/confirm", &format!("token={token}"));
    assert_eq!(pressed.status, 400);
    assert_eq!(confirm(&world, &mut browser, &token).status, 200);
    let again = confirm(&world, &mut browser, &token);
    assert_eq!((again.status, again.code()), (410, "link_used"));
}

#[test]
fn the_page_has_strict_headers_and_asks_for_digits_elsewhere_alone() {
    let world = World::default();
    let mut browser = Browser::default();
    let elsewhere = get(&world, &mut Browser::default(), "/magic-link/confirm");
    assert!(elsewhere.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "noindex, nofollow"),
    ] {
        assert_eq!(elsewhere.headers[name], value, "{name}");
    }
    assert!(elsewhere.text.contains("<div data-of=\"digits\"><label"), "asked for at once");
    assert!(
        elsewhere.text.contains("/static/js/magic-link-confirm.js") && !elsewhere.text.contains("onclick")
    );
    let digits = ask(&world, &mut browser).text_of("match");
    let here = get(&world, &mut browser, "/magic-link/confirm");
    assert!(here.text.contains("<div data-of=\"digits\" hidden>"));
    assert!(!here.text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == digits));
}

#[test]
fn the_page_shows_no_foreign_text() {
    let world = World::default();
    let page = get(
        &world,
        &mut Browser::default(),
        "/magic-link/confirm?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    );
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("alert(1)"));
}

/// PROTOCOLS: attack case 3.
#[test]
fn of_sixty_four_presses_at_once_one_gets_the_handoff() {
    for never_admits in [false, true] {
        let world = World::default();
        let mut browser = Browser::default();
        ask(&world, &mut browser);
        world.store.never_admits.set(never_admits);
        let mail = newest(&world);
        let answers = block_on(join_all((0..64).map(|turn| {
            let (world, mail, mut browser) = (&world, &mail, browser.clone());
            async move {
                // The link and the code of one mail are one thing.
                let (path, body) = if turn % 2 == 0 {
                    ("/magic-link/confirm", json!({"token": mail.token}))
                } else {
                    ("/magic-link/code", json!({"code": mail.code}))
                };
                browser.send(world, routes::answer, "POST", path, body).await
            }
        })));
        let handoffs = answers.iter().filter(|answer| !answer.text_of("handoff").is_empty());
        assert_eq!(handoffs.count(), 1);
        let refused = answers.iter().filter(|answer| (answer.status, answer.code()) == (410, "link_used"));
        assert_eq!(refused.count(), 63);
    }
}

#[test]
fn of_sixty_four_polls_at_once_one_gets_the_handoff() {
    let world = World::default();
    let mut tab = Browser::default();
    let digits = ask(&world, &mut tab).text_of("match");
    let confirmed = confirm_with(&world, &mut Browser::default(), &newest(&world).token, &digits);
    assert_eq!(confirmed.status, 200);
    let answers = block_on(join_all((0..64).map(|_| {
        let (world, mut tab) = (&world, tab.clone());
        async move { tab.send(world, routes::answer, "GET", "/magic-link/attempt", Value::Null).await }
    })));
    assert_eq!(answers.iter().filter(|answer| !answer.text_of("handoff").is_empty()).count(), 1);
}

#[test]
fn a_head_request_does_not_use_up_the_handoff() {
    let world = World::default();
    let mut tab = Browser::default();
    let digits = ask(&world, &mut tab).text_of("match");
    confirm_with(&world, &mut Browser::default(), &newest(&world).token, &digits);
    block_on(tab.send(&world, routes::answer, "HEAD", "/magic-link/attempt", Value::Null));
    let foreign = poll(&world, &mut tab.clone().without("origin").with("sec-fetch-site", "cross-site"));
    assert_eq!((foreign.status, foreign.code()), (403, "cross_site"));
    assert_eq!(poll(&world, &mut tab).text_of("status"), "confirmed");
}

#[test]
fn the_newest_wins() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let (old, mut old_browser) = (newest(&world), browser.clone());
    ask(&world, &mut browser);
    let refused = confirm(&world, &mut old_browser, &old.token);
    assert_eq!((refused.status, refused.code()), (410, "link_expired"));
    assert_eq!(type_code(&world, &mut old_browser, &old.code).code(), "link_expired");
    assert_eq!(type_code(&world, &mut browser, &old.code).code(), "code_wrong");
    assert_eq!(poll(&world, &mut old_browser).text_of("status"), "expired");
    assert_eq!(confirm(&world, &mut browser, &newest(&world).token).status, 200);
}

#[test]
fn the_newest_wins_across_midnight() {
    let world = World::default();
    // 2026-11-24T23:58:00Z
    world.set(domain::Moment::from_secs(1_795_564_680));
    let mut before = Browser::default();
    ask(&world, &mut before);
    let old = newest(&world).token;
    world.advance(mins(4));
    let mut after = Browser::default();
    ask(&world, &mut after);
    assert_eq!(confirm(&world, &mut before, &old).code(), "link_expired");
    assert_eq!(confirm(&world, &mut after, &newest(&world).token).status, 200);
}

#[test]
fn a_link_works_across_midnight() {
    let world = World::default();
    world.set(domain::Moment::from_secs(1_795_564_680));
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    world.advance(mins(5));
    assert_eq!(confirm(&world, &mut browser, &newest(&world).token).status, 200);
}

#[test]
fn link_expired() {
    let world = World::default();
    let mut browser = Browser::default();
    let digits = ask(&world, &mut browser).text_of("match");
    let mail = newest(&world);
    world.advance(Secs(599));
    assert_eq!(confirm(&world, &mut Browser::default(), &mail.token).code(), "match_wrong", "alive");
    world.advance(Secs(1));
    for answer in [
        confirm(&world, &mut browser, &mail.token),
        confirm_with(&world, &mut Browser::default(), &mail.token, &digits),
        type_code(&world, &mut browser, &mail.code),
    ] {
        assert_eq!((answer.status, answer.code()), (410, "link_expired"));
    }
    assert_eq!(poll(&world, &mut browser).json, json!({"status": "expired"}));
}

#[test]
fn link_used() {
    let world = World::default();
    let mut browser = Browser::default();
    let digits = ask(&world, &mut browser).text_of("match");
    let mail = newest(&world);
    assert_eq!(confirm(&world, &mut browser, &mail.token).status, 200);
    for answer in [
        confirm(&world, &mut browser, &mail.token),
        confirm_with(&world, &mut Browser::default(), &mail.token, &digits),
        type_code(&world, &mut browser, &mail.code),
    ] {
        assert_eq!((answer.status, answer.code()), (410, "link_used"));
    }
}

#[test]
fn link_used_when_confirmed_elsewhere_twice() {
    let world = World::default();
    let mut tab = Browser::default();
    let digits = ask(&world, &mut tab).text_of("match");
    let token = newest(&world).token;
    assert_eq!(confirm_with(&world, &mut Browser::default(), &token, &digits).status, 200);
    assert_eq!(confirm_with(&world, &mut Browser::default(), &token, &digits).code(), "link_used");
    // The starting browser may still use its own link instead of polling.
    assert_eq!(confirm(&world, &mut tab, &token).status, 200);
    assert_eq!(poll(&world, &mut tab).text_of("status"), "expired");
}

/// PROTOCOLS: attack cases 4 and 9.
#[test]
fn cut_changed_and_foreign_tokens_are_refused() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let token = newest(&world).token;
    let place = Token::<LinkToken>::parse(&token).unwrap().locator().to_vec();
    let mut refused = vec![
        token[..token.len() - 1].to_owned(),
        format!("{token}A"),
        token.to_uppercase(),
        "lkm_".to_owned(),
        "x".to_owned(),
        browser.cookies["attempt"].clone(),
        browser.cookies["attempt"].replace("lka_", "lkm_"),
        // Right place, wrong secret; right form, no place.
        Token::<LinkToken>::issue(&place, [7; 32]).1.reveal().clone(),
        Token::<LinkToken>::issue(&[1, 2, 3], [7; 32]).1.reveal().clone(),
        Token::<SessionToken>::issue(&place, [7; 32]).1.reveal().clone(),
        Token::<HandoffToken>::issue(&place, [7; 32]).1.reveal().clone(),
    ];
    refused.push("A".repeat(50_000));
    for text in refused {
        let answer = confirm(&world, &mut browser, &text);
        assert_eq!((answer.status, answer.code()), (410, "link_expired"), "{text:.80}");
    }
    // A link's token is no cookie.
    let mut planted = Browser::default();
    planted.cookies.insert("attempt".into(), token.clone());
    assert_eq!(poll(&world, &mut planted).text_of("status"), "expired");
    assert_eq!(confirm(&world, &mut planted, &token).code(), "match_wrong");
    assert_eq!(confirm(&world, &mut browser, &token).status, 200, "and the real one still works");
}

/// PROTOCOLS: attack case 15: the attacker's started attempt, opened by the victim, signs in neither of them.
#[test]
fn a_link_started_by_another_needs_what_their_screen_shows() {
    let world = World::default();
    let (mut attacker, mut victim) = (Browser::default(), Browser::default());
    ask(&world, &mut attacker);
    let token = newest(&world).token;
    assert_eq!(confirm(&world, &mut victim, &token).code(), "match_wrong");
    assert_eq!(poll(&world, &mut attacker).text_of("status"), "pending");
    // The victim's own cookie is another attempt's.
    post(&world, &mut victim, "/magic-link", json!({"email": "victim@acme.example"}));
    assert_eq!(confirm(&world, &mut victim, &token).code(), "match_wrong");
}

#[test]
fn cross_site() {
    let world = World::default();
    let mut browser = Browser::default();
    let digits = ask(&world, &mut browser).text_of("match");
    let token = newest(&world).token;
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("origin", "")] {
        let mut foreign = browser.clone().with(name, value);
        let answer = confirm(&world, &mut foreign, &token);
        assert_eq!((answer.status, answer.code()), (403, "cross_site"), "{value}");
        foreign.cookies.clear();
        assert_eq!(confirm_with(&world, &mut foreign, &token, &digits).code(), "cross_site", "elsewhere too");
    }
    assert_eq!(confirm(&world, &mut browser.clone().without("origin"), &token).code(), "cross_site");
    // A form on a page without referrer says `null`; the browser itself says where it comes from.
    let mut form = browser.clone().with("origin", "null").with("sec-fetch-site", "same-origin");
    assert_eq!(confirm(&world, &mut form, &token).status, 200);
}

/// PROTOCOLS: attack case 43. One code for whatever keeps someone out.
#[test]
fn nobody_here_when_sign_up_is_closed() {
    let world = World::default();
    set_policy(&world, "sign_up", json!(false));
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let token = newest(&world).token;
    let answer = confirm(&world, &mut browser, &token);
    assert_eq!((answer.status, answer.code()), (410, "link_used"));
    assert!(world.store.keys().iter().all(|key| !key.contains(":account:")));
    assert_eq!(poll(&world, &mut browser).text_of("status"), "expired");
    assert_eq!(confirm(&world, &mut browser, &token).status, 410);
    // By code and by polling too.
    let digits = ask(&world, &mut browser).text_of("match");
    confirm_with(&world, &mut Browser::default(), &newest(&world).token, &digits);
    assert_eq!(poll(&world, &mut browser).json, json!({"status": "expired"}));
    ask(&world, &mut browser);
    assert_eq!(type_code(&world, &mut browser, &newest(&world).code).code(), "link_used");
}

#[test]
fn nobody_here_when_the_account_is_disabled() {
    let world = World::default();
    ada_exists(&world);
    block_on(async {
        let ports = world.ports();
        let root = kv_schema::tenant::find(&ports, None).await.unwrap().unwrap();
        let ada = account::by_email(&ports, &root, &ADA.parse().unwrap()).await.unwrap().unwrap();
        account::update(&ports, ada.id, |account| {
            account.state = account::State::Disabled;
            kv_schema::Change::Write(())
        })
        .await
        .unwrap();
    });
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let disabled = confirm(&world, &mut browser, &newest(&world).token);
    assert_eq!((disabled.status, disabled.code()), (410, "link_used"));
    // The same words as for a link that was used.
    post(&world, &mut browser, "/magic-link", json!({"email": "bob@acme.example"}));
    let token = newest(&world).token;
    confirm(&world, &mut browser, &token);
    assert_eq!(confirm(&world, &mut browser, &token).json, disabled.json);
}

#[test]
fn nobody_here_when_the_method_was_switched_off_meanwhile() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    set_policy(&world, "methods", json!(["passkey"]));
    assert_eq!(confirm(&world, &mut browser, &newest(&world).token).code(), "link_used");
}

#[test]
fn a_tenant_is_signed_in_to_by_slug_or_id() {
    let world = World::default();
    let made = block_on(async {
        let ports = world.ports();
        let root = kv_schema::tenant::find(&ports, None).await.unwrap().unwrap();
        kv_schema::tenant::create(&ports, &root, "acme", "Acme").await.unwrap()
    });
    let kv_schema::tenant::Made::New(acme) = made else { panic!() };
    for named in ["acme".to_owned(), acme.id.to_string()] {
        let mut browser = Browser::default();
        post(&world, &mut browser, "/magic-link", json!({"email": ADA, "tenant": named}));
        let mail = newest(&world);
        assert_eq!(mail.message.subject, "Sign in to Acme");
        let answer = confirm(&world, &mut browser, &mail.token);
        assert_eq!(take(&world, &browser, &answer).who.tenant(), acme.id);
    }
    // Who names no tenant signs in where the account belongs.
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let answer = confirm(&world, &mut browser, &newest(&world).token);
    assert_eq!(take(&world, &browser, &answer).who.tenant(), acme.id);
}

/// DESIGN section 10: redeem 4 + 3, for an account that exists and is a member.
#[test]
fn redeeming_costs_at_most_four_reads_and_three_writes() {
    let world = World::default();
    ada_exists(&world);
    // The root as most deployments have it: with a policy of its own.
    set_policy(&world, "brand.name", json!("Acme"));
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let token = newest(&world).token;
    world.store.operations();
    assert_eq!(confirm(&world, &mut browser, &token).status, 200);
    let cost = world.store.operations();
    assert!(cost.reads <= 4 && cost.writes <= 3, "{cost:?}");
    ask(&world, &mut browser);
    let code = newest(&world).code;
    world.store.operations();
    assert_eq!(type_code(&world, &mut browser, &code).status, 200);
    let cost = world.store.operations();
    assert!(cost.reads <= 4 && cost.writes <= 3, "{cost:?}");
    ask(&world, &mut browser);
    world.store.operations();
    poll(&world, &mut browser);
    let cost = world.store.operations();
    assert_eq!((cost.reads, cost.writes), (1, 0), "waiting is cheap");
}

#[test]
fn without_script_a_chain_of_forms_leads_to_the_session() {
    let world = World::default();
    let mut browser = Browser::default().with("accept", "text/html");
    form(&world, &mut browser, "/magic-link", "email=ada%40acme.example");
    let token = newest(&world).token;
    let page = get(&world, &mut browser, &format!("/magic-link/confirm?token={token}"));
    assert!(page.text.contains(&format!("name=\"token\" value=\"{token}\">")), "{}", page.text);
    let answer = form(&world, &mut browser, "/magic-link/confirm", &format!("token={token}&match="));
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("<form method=\"post\" action=\"/step-up/assess\">"));
    let handoff = answer.text.split("name=\"handoff\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let cookie = Token::<AttemptToken>::parse(&browser.cookies["attempt"]).unwrap().digest();
    assert!(taken_with(&world, handoff, cookie).is_ok());
    let again = form(&world, &mut browser, "/magic-link/confirm", &format!("token={token}"));
    assert_eq!(again.status, 410);
    assert!(again.text.starts_with("<!doctype html>") && again.text.contains("/sign-in"));
}

#[test]
fn without_script_elsewhere_a_page_asks_for_the_digits() {
    let world = World::default();
    let mut tab = Browser::default().with("accept", "text/html");
    form(&world, &mut tab, "/magic-link", "email=ada%40acme.example");
    let token = newest(&world).token;
    let mut phone = Browser::default().with("accept", "text/html");
    // The link as it stands in the mail, pasted whole.
    let pasted = format!("http%3A%2F%2Flocalhost%3A3000%2Fmagic-link%2Fconfirm%23{token}");
    let asked = form(&world, &mut phone, "/magic-link/confirm", &format!("token={pasted}"));
    assert_eq!(asked.status, 400);
    assert!(asked.text.contains("name=\"match\"") && asked.text.contains(&token));
    let waiting = poll(&world, &mut tab);
    assert!(waiting.text.contains("Not confirmed yet") && waiting.text.contains("/magic-link/attempt"));
    // The digits are on the starting screen alone; the test reads them where they lie.
    let digits = world.store.dump().split("\"digits\":").nth(1).unwrap()[..2].to_owned();
    let done = form(&world, &mut phone, "/magic-link/confirm", &format!("token={token}&match={digits}"));
    assert!(done.status == 200 && done.text.contains("Confirmed"));
    assert!(poll(&world, &mut tab).text.contains("action=\"/step-up/assess\""));
    assert_eq!(poll(&world, &mut tab).status, 410);
}

/// PROTOCOLS: attack case 45, as far as it is this room's.
#[test]
fn bad_input_is_refused() {
    let world = World::default();
    let mut browser = Browser::default();
    let mut send = |body: &str| {
        let sent = Some(("application/json", body.to_owned()));
        let answer = block_on(browser.send_text(&world, routes::answer, "POST", "/magic-link/confirm", sent));
        (answer.status, answer.text_of("field"))
    };
    assert_eq!(send("{}"), (422, "token".into()));
    assert_eq!(send("{\"token\":7}"), (422, "token".into()));
    assert_eq!(send("{\"token\":\"x\",\"match\":[]}"), (422, "match".into()));
    assert_eq!(send("nonsense"), (400, String::new()));
    let mut browser = Browser::default();
    browser.cookies.insert("attempt".into(), "x".repeat(60_000));
    assert_eq!(poll(&world, &mut browser).text_of("status"), "expired");
    let wrong = block_on(browser.send(&world, routes::answer, "DELETE", "/magic-link/confirm", Value::Null));
    assert_eq!((wrong.status, wrong.headers["allow"].to_str().unwrap()), (405, "GET, POST"));
}

/// DESIGN section 5: no half-written state after a kill at any point.
#[test]
fn a_death_at_any_write_never_gives_two_handoffs() {
    for writes in 0..12 {
        let world = World::default();
        let mut browser = Browser::default();
        ask(&world, &mut browser);
        let token = newest(&world).token;
        world.store.dies_after.set(Some(writes));
        let first = confirm(&world, &mut browser, &token);
        world.store.dies_after.set(None);
        let second = confirm(&world, &mut browser, &token);
        let given = [&first, &second].iter().filter(|answer| answer.status == 200).count();
        assert!(given <= 1, "after {writes} writes");
        assert!(first.status == 200 || first.status == 503, "{}", first.text);
        // Whatever was cut short, the next mail signs in.
        ask(&world, &mut browser);
        assert_eq!(confirm(&world, &mut browser, &newest(&world).token).status, 200);
    }
}
