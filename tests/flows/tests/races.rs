//! Single use under parallel requests, through the whole system, on every store there is (PROTOCOLS: attack cases 1 to 3).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has to stop and say why"
)]

use flows::{
    add_passkey, administrator, ask_for_link, assess, handoff_by_link, newest_mail, sign_in_by_link, token_of,
};
use rig::{Options, Redis, Store, System, parallel};
use serde_json::json;

const MANY: usize = 24;

fn wins(statuses: &[u16], win: u16) -> usize {
    statuses.iter().filter(|status| **status == win).count()
}

fn everything_once(store: Store) {
    let told = format!("{store:?}");
    let system = System::start(Options::house().store(store));
    let mut browser = system.client();

    ask_for_link(&mut browser, "ada@acme.example", None);
    let token = token_of(&newest_mail(&mut browser, "ada@acme.example"));
    let answers = parallel(MANY, |_| browser.clone().post("/magic-link/confirm", &json!({ "token": token })));
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(wins(&statuses, 200), 1, "{told}: confirming gave {statuses:?}");
    assert!(statuses.iter().all(|status| *status < 500), "{told}: {statuses:?}");
    let handoff = answers.iter().find(|answer| answer.status == 200).unwrap().text_of("handoff");

    let answers = parallel(MANY, |_| {
        let mut one = browser.clone();
        (assess(&mut one, &handoff), one)
    });
    let statuses: Vec<u16> = answers.iter().map(|(answer, _)| answer.status).collect();
    assert_eq!(wins(&statuses, 200), 1, "{told}: judging gave {statuses:?}");
    let (judged, browser) = answers.into_iter().find(|(answer, _)| answer.status == 200).unwrap();
    assert_eq!(judged.json["decision"], "allow", "{told}: {}", judged.text);
    let cleared = judged.text_of("handoff");

    let answers = parallel(MANY, |_| {
        let mut one = browser.clone();
        let answer = one.post("/session", &json!({ "handoff": cleared }));
        (answer, one)
    });
    let statuses: Vec<u16> = answers.iter().map(|(answer, _)| answer.status).collect();
    assert_eq!(
        wins(&statuses, 201),
        1,
        "{told}: beginning a session gave {statuses:?} {}",
        answers[0].0.text
    );
    let mut winner = answers.into_iter().find(|(answer, _)| answer.status == 201).unwrap().1;

    let (passkey, _) = add_passkey(&mut winner, &system.origin(), 7);
    let mut browser = system.client();
    let options = browser.post("/passkey/sign-in/options", &json!({})).expect(200);
    let response = passkey.sign_in(&options).unwrap();
    let statuses = parallel(MANY, |_| browser.clone().post("/passkey/sign-in/verify", &response).status);
    assert_eq!(wins(&statuses, 200), 1, "{told}: a passkey ceremony gave {statuses:?}");

    // Sixteen browsers sign in at once: none of their sessions is lost.
    let browsers = parallel(16, |_| {
        let mut one = system.client();
        let options = one.post("/passkey/sign-in/options", &json!({})).expect(200);
        let handoff = one.post("/passkey/sign-in/verify", &passkey.sign_in(&options).unwrap()).expect(200);
        let judged = assess(&mut one, handoff["handoff"].as_str().unwrap()).expect(200);
        one.post("/session", &json!({ "handoff": judged["handoff"] })).expect(201);
        one
    });
    for mut one in browsers {
        assert_eq!(one.get("/session").status, 200, "{told}: a session was lost");
    }
    assert_eq!(winner.send("DELETE", "/session/all", None).status, 204, "{told}");
    assert_eq!(winner.get("/session").status, 401, "{told}: signed out everywhere");
}

#[test]
fn everything_is_good_once_on_sqlite() {
    everything_once(Store::Sqlite);
}

#[test]
fn everything_is_good_once_on_redis() {
    if let Some(redis) = Redis::start() {
        everything_once(Store::Redis(redis.address()));
    }
}

#[test]
fn first_sign_ins_at_once_make_one_account() {
    let system = System::start(Options::house());
    let mut admin = administrator(&system);
    // Tenants that share one account space, each with a mail of its own for the same address.
    let waiting: Vec<_> = (0..5)
        .map(|number| {
            let slug = format!("unit{number}");
            admin.post("/admin/tenants", &json!({ "name": slug, "slug": slug })).expect(201);
            let mut one = system.client();
            ask_for_link(&mut one, "ada@acme.example", Some(&slug));
            let token = token_of(&newest_mail(&mut one, "ada@acme.example"));
            (one, token)
        })
        .collect();
    let accounts = parallel(waiting.len(), |number| {
        let (mut one, token) = waiting[number].clone();
        let confirmed = one.post("/magic-link/confirm", &json!({ "token": token })).expect(200);
        let judged = assess(&mut one, confirmed["handoff"].as_str().unwrap()).expect(200);
        one.post("/session", &json!({ "handoff": judged["handoff"] })).expect(201)["account"].clone()
    });
    assert!(accounts.iter().all(|account| *account == accounts[0] && !account.is_null()), "{accounts:?}");
}

#[test]
fn a_handoff_of_another_browser_is_refused() {
    let system = System::start(Options::house());
    let (mut victim, mut thief) = (system.client(), system.client());
    let handoff = handoff_by_link(&mut victim, "ada@acme.example", None);
    ask_for_link(&mut thief, "eve@acme.example", None);
    assert!((400..500).contains(&assess(&mut thief, &handoff).status));
    sign_in_by_link(&mut victim, "ada@acme.example", None);
}
