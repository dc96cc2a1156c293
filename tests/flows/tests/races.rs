//! Single use under parallel requests, through the whole system, on every store there is (PROTOCOLS: attack cases 1 to 3).

use flows::{add_passkey, ask_for_link, assess, handoff_by_link, newest_mail, sign_in_by_link, token_of};
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

    let answers = parallel(MANY, |_| assess(&mut browser.clone(), &handoff));
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(wins(&statuses, 200), 1, "{told}: judging gave {statuses:?}");
    let cleared = answers.iter().find(|answer| answer.status == 200).unwrap().text_of("handoff");

    let answers = parallel(MANY, |_| {
        let mut one = browser.clone();
        let answer = one.post("/session", &json!({ "handoff": cleared }));
        (answer.status, one)
    });
    let statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    assert_eq!(wins(&statuses, 201), 1, "{told}: beginning a session gave {statuses:?}");
    let mut winner = answers.into_iter().find(|(status, _)| *status == 201).unwrap().1;

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
    let accounts = parallel(8, |number| {
        let mut one = system.client();
        // One address in several tenants' eyes is one account of the space; newest wins, so each needs an address of its own mail.
        let email = format!("person{}@acme.example", number % 2);
        let handoff = (0..20).find_map(|_| {
            ask_for_link(&mut one, &email, None);
            let token = token_of(&newest_mail(&mut one, &email));
            let answer = one.post("/magic-link/confirm", &json!({ "token": token }));
            (answer.status == 200 && answer.json.get("handoff").is_some()).then(|| answer.text_of("handoff"))
        });
        handoff.map(|handoff| {
            let judged = assess(&mut one, &handoff).expect(200);
            let begun = one.post("/session", &json!({ "handoff": judged["handoff"] })).expect(201);
            (number % 2, begun["account"].clone())
        })
    });
    for (which, account) in accounts.iter().flatten() {
        for (other_which, other) in accounts.iter().flatten() {
            assert_eq!(which == other_which, account == other);
        }
    }
    assert!(accounts.iter().flatten().count() >= 2, "at least one of each came through");
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
