//! `/dev/mailbox`: there in development alone.
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

use serde_json::json;
use support::*;
use testkit::{Browser, World};

#[test]
fn mails_are_listed_newest_first_and_by_address() {
    let world = World::default();
    let mut browser = Browser::default();
    for email in [ADA, "bob@acme.example", ADA] {
        post(&world, &mut browser, "/magic-link", json!({"email": email}));
        world.advance(domain::Secs(5));
    }
    let all = get(&world, &mut browser, "/dev/mailbox");
    assert_eq!(all.json["messages"].as_array().unwrap().len(), 3);
    let some = get(&world, &mut browser, "/dev/mailbox?to=ADA@acme.example");
    let messages = some.json["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    let mut members: Vec<&String> = messages[0].as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["at", "code", "from", "html", "link", "subject", "text", "to"]);
    assert_eq!(
        (messages[0]["at"].as_str(), messages[1]["at"].as_str()),
        (Some("2026-11-24T09:30:10Z"), Some("2026-11-24T09:30:00Z"))
    );
    assert_eq!(
        get(&world, &mut browser, "/dev/mailbox?to=nobody@acme.example").json,
        json!({"messages": []})
    );
    let wrong = get(&world, &mut browser, "/dev/mailbox?to=nonsense");
    assert_eq!((wrong.status, wrong.text_of("field").as_str()), (422, "to"));
}

#[test]
fn a_browser_gets_a_page_with_link_and_code_and_nothing_that_acts() {
    let world = World::default();
    set_policy(&world, "brand.name", json!("<img src=x onerror=alert(1)>"));
    let mut browser = Browser::default().with("accept", "text/html,application/xhtml+xml");
    let empty = get(&world, &mut browser, "/dev/mailbox");
    assert!(empty.text.contains("No mail yet"));
    ask(&world, &mut browser);
    let page = get(&world, &mut browser, "/dev/mailbox?to=ada@acme.example");
    let mail = newest(&world);
    assert!(
        page.text.contains(&mail.code)
            && page.text.contains(&format!("href=\"{}\"", mail.message.link.unwrap()))
    );
    assert!(!page.text.contains("<img") && page.text.contains("&lt;img"));
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
    assert_eq!(page.headers["cache-control"], "no-store");
}

#[test]
fn elsewhere_than_in_development_it_is_not_there() {
    for mailer in ["", "resend", "mailpit"] {
        let world = World::with(&[("mailer", mailer)]);
        let answer = get(&world, &mut Browser::default(), "/dev/mailbox");
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }
}
