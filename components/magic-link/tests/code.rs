//! The typed code: its budgets come before its being right.
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

use domain::{Secs, mins};
use magic_link::routes;
use serde_json::{Value, json};
use support::*;
use testkit::{Browser, World, block_on, join_all};

#[test]
fn the_code_gives_the_handoff_where_it_started() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let code = newest(&world).code;
    let spaced = format!(" {} - {} ", &code[..4], &code[4..]);
    let answer = type_code(&world, &mut browser, &spaced);
    assert_eq!(answer.status, 200, "{}", answer.text);
    take(&world, &browser, &answer);
}

#[test]
fn the_code_is_worth_nothing_elsewhere() {
    let world = World::default();
    ask(&world, &mut Browser::default());
    let code = newest(&world).code;
    let answer = type_code(&world, &mut Browser::default(), &code);
    assert_eq!((answer.status, answer.code()), (410, "link_expired"));
    let mut other = Browser::default();
    post(&world, &mut other, "/magic-link", json!({"email": "bob@acme.example"}));
    assert_eq!(type_code(&world, &mut other, &code).code(), "code_wrong");
}

/// PROTOCOLS: attack case 32.
#[test]
fn code_wrong_five_times_then_429_even_if_right() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let mail = newest(&world);
    for _ in 0..5 {
        let answer = type_code(&world, &mut browser, &other_than(&mail.code));
        assert_eq!((answer.status, answer.code()), (400, "code_wrong"));
    }
    let answer = type_code(&world, &mut browser, &mail.code);
    assert_eq!((answer.status, answer.code()), (429, "too_many_requests"));
    assert!(answer.headers.contains_key("retry-after"));
    // The link of the same mail still works, and tells that there were failures.
    let answer = confirm(&world, &mut browser, &mail.token);
    assert_eq!(take(&world, &browser, &answer).failures, 5);
}

#[test]
fn wrong_codes_at_once_are_all_counted() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let wrong = other_than(&newest(&world).code);
    let answers = block_on(join_all((0..64).map(|_| {
        let (world, mut browser, body) = (&world, browser.clone(), json!({"code": wrong}));
        async move { browser.send(world, routes::answer, "POST", "/magic-link/code", body).await.status }
    })));
    assert_eq!(answers.iter().filter(|status| **status == 400).count(), 5);
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 59);
}

/// PROTOCOLS: attack case 32: the budget survives new mails and successes, and is the address's, however it is spelled.
#[test]
fn thirty_wrong_codes_an_hour_over_all_mails() {
    let world = World::default();
    let mut wrong = 0;
    for turn in 0..7 {
        let mut browser = Browser::default();
        let email = if turn % 2 == 0 { ADA } else { "ADA@ACME.example" };
        post(&world, &mut browser, "/magic-link", json!({"email": email}));
        let mail = newest(&world);
        for _ in 0..5 {
            let status = type_code(&world, &mut browser, &other_than(&mail.code)).status;
            wrong += usize::from(status == 400);
        }
        // A success in between gives nothing back.
        if turn == 2 {
            assert_eq!(confirm(&world, &mut browser, &mail.token).status, 200);
        }
        world.advance(mins(2));
    }
    assert_eq!(wrong, 30);
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let mail = newest(&world);
    let refused = type_code(&world, &mut browser, &mail.code);
    assert_eq!(refused.status, 429);
    let after: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(confirm(&world, &mut browser, &mail.token).status, 200, "the link is no guess");
    world.advance(Secs(after));
    ask(&world, &mut browser);
    assert_eq!(type_code(&world, &mut browser, &newest(&world).code).status, 200);
}

/// PROTOCOLS: attack case 32.
#[test]
fn many_tenants_are_no_way_to_guess_more_codes() {
    let world = World::default();
    let slugs = ["acme", "globex", "initech", "hooli", "umbrella", "stark"];
    tenants(&world, &slugs);
    let mut wrong = 0;
    for slug in slugs {
        let mut browser = Browser::default();
        post(&world, &mut browser, "/magic-link", json!({"email": ADA, "tenant": slug}));
        let code = newest(&world).code;
        wrong += (0..5).filter(|_| type_code(&world, &mut browser, &other_than(&code)).status == 400).count();
    }
    assert_eq!(wrong, 30);
    world.advance(mins(11));
    let mut browser = Browser::default();
    post(&world, &mut browser, "/magic-link", json!({"email": ADA}));
    let refused = type_code(&world, &mut browser, &newest(&world).code);
    assert_eq!((refused.status, refused.code()), (429, "too_many_requests"), "in no tenant");
}

#[test]
fn the_hours_wrong_codes_count_across_midnight() {
    let world = World::default();
    // 2026-11-24T23:40:00Z
    world.set(domain::Moment::from_secs(1_795_563_600));
    for _ in 0..6 {
        let mut browser = Browser::default();
        ask(&world, &mut browser);
        for _ in 0..5 {
            type_code(&world, &mut browser, &other_than(&newest(&world).code));
        }
    }
    world.advance(mins(30));
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    assert_eq!(type_code(&world, &mut browser, &newest(&world).code).status, 429);
    world.advance(mins(30));
    ask(&world, &mut browser);
    assert_eq!(type_code(&world, &mut browser, &newest(&world).code).status, 200);
}

#[test]
fn without_a_mail_no_code_is_right() {
    let world = World::default();
    for _ in 0..6 {
        ask(&world, &mut Browser::default());
    }
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    for _ in 0..5 {
        assert_eq!(type_code(&world, &mut browser, &newest(&world).code).code(), "code_wrong");
    }
    assert_eq!(type_code(&world, &mut browser, "00000000").status, 429);
}

#[test]
fn malformed_codes_are_wrong_ones() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    for code in ["123456", "abc", &"9".repeat(10_000), "１２３４５６７８"] {
        assert_eq!(type_code(&world, &mut browser, code).code(), "code_wrong", "{code:.20}");
    }
}

#[test]
fn cross_site() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let code = newest(&world).code;
    for mut foreign in
        [browser.clone().with("origin", "https://evil.example"), browser.clone().without("origin")]
    {
        let answer = type_code(&world, &mut foreign, &code);
        assert_eq!((answer.status, answer.code()), (403, "cross_site"));
    }
    assert_eq!(type_code(&world, &mut browser, &code).status, 200);
}

#[test]
fn a_form_gets_pages() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    let code = newest(&world).code;
    let wrong = form(&world, &mut browser, "/magic-link/code", &format!("code={}", other_than(&code)));
    assert_eq!(wrong.status, 400);
    assert!(
        wrong.text.contains("action=\"/magic-link/code\"") && wrong.text.contains("That is not the code")
    );
    let right =
        form(&world, &mut browser, "/magic-link/code", &format!("code={}+{}", &code[..4], &code[4..]));
    assert_eq!(right.status, 200);
    assert!(right.text.contains("action=\"/step-up/assess\"") && right.text.contains("name=\"handoff\""));
}

#[test]
fn bad_input_is_refused() {
    let world = World::default();
    let mut browser = Browser::default();
    ask(&world, &mut browser);
    for (body, field) in [("{}", "code"), ("{\"code\":12345678}", "code"), ("{\"code\":\"1\",\"x\":1}", "x")]
    {
        let sent = Some(("application/json", body.to_owned()));
        let answer = block_on(browser.send_text(&world, routes::answer, "POST", "/magic-link/code", sent));
        assert_eq!((answer.status, answer.text_of("field").as_str()), (422, field));
    }
    let wrong = block_on(browser.send(&world, routes::answer, "GET", "/magic-link/code", Value::Null));
    assert_eq!(wrong.status, 405);
}
