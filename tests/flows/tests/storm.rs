//! Many at once where something is counted, added, changed, switched off or deleted while people sign in.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has to stop and say why"
)]

use authenticator::Passkey;
use flows::{
    add_passkey, administrator, ask_for_link, assess, begin, handoff_by_link, handoff_by_passkey,
    newest_mail, sign_in_by_link, token_of,
};
use rig::{Answer, Client, Options, System, parallel};
use serde_json::{Value, json};

const ADA: &str = "ada@acme.example";
const MANY: usize = 24;

fn count(answers: &[Answer], status: u16, code: &str) -> usize {
    answers.iter().filter(|answer| (answer.status, answer.code()) == (status, code)).count()
}

#[track_caller]
fn all_of(answers: &[Answer], allowed: &[(u16, &str)]) {
    for answer in answers {
        assert!(allowed.contains(&(answer.status, answer.code())), "{} {}", answer.status, answer.text);
    }
}

fn patch(client: &mut Client, path: &str, body: &Value) -> Answer {
    client.send("PATCH", path, Some(("application/json", body.to_string().as_bytes())))
}

fn put(client: &mut Client, path: &str, body: &Value) -> Answer {
    client.send("PUT", path, Some(("application/json", body.to_string().as_bytes())))
}

/// PROTOCOLS: attack case 32.
#[test]
fn wrong_codes_at_once_are_no_more_than_five_tries() {
    let system = System::start(Options::house());
    let mut browser = system.client();
    ask_for_link(&mut browser, ADA, None);
    let mail = newest_mail(&mut browser, ADA);
    let right = mail["code"].as_str().unwrap();
    let wrong = if right == "00000000" { "00000001" } else { "00000000" };
    let answers = parallel(MANY, |_| browser.clone().post("/magic-link/code", &json!({ "code": wrong })));
    all_of(&answers, &[(400, "code_wrong"), (429, "too_many_requests")]);
    assert_eq!(count(&answers, 400, "code_wrong"), 5);
    let late = browser.post("/magic-link/code", &json!({ "code": right }));
    assert_eq!((late.status, late.code()), (429, "too_many_requests"), "a right guess comes too late");
    assert!(late.header("retry-after").parse::<u64>().is_ok_and(|secs| (1..=600).contains(&secs)));
    browser.post("/magic-link/confirm", &json!({ "token": token_of(&mail) })).expect(200);
}

#[test]
fn wrong_digits_at_once_are_no_more_than_ten_tries() {
    let system = System::start(Options::house());
    let (mut browser, elsewhere) = (system.client(), system.client());
    let right: u8 = ask_for_link(&mut browser, ADA, None)["match"].as_str().unwrap().parse().unwrap();
    let token = token_of(&newest_mail(&mut browser, ADA));
    let press = |digits: u8| {
        elsewhere.clone().post("/magic-link/confirm", &json!({ "token": token, "match": digits.to_string() }))
    };
    let answers = parallel(MANY, |_| press(if right == 10 { 11 } else { 10 }));
    all_of(&answers, &[(400, "match_wrong"), (429, "too_many_requests")]);
    assert_eq!(count(&answers, 400, "match_wrong"), 10);
    assert_eq!(press(right).status, 429, "a right guess comes too late");
    browser.post("/magic-link/confirm", &json!({ "token": token })).expect(200);
}

#[test]
fn right_digits_at_once_confirm_once_and_the_handoff_is_told_once() {
    let system = System::start(Options::house());
    let (mut browser, elsewhere) = (system.client(), system.client());
    let digits = ask_for_link(&mut browser, ADA, None)["match"].clone();
    let token = token_of(&newest_mail(&mut browser, ADA));
    let answers = parallel(MANY, |_| {
        elsewhere.clone().post("/magic-link/confirm", &json!({ "token": token, "match": digits }))
    });
    all_of(&answers, &[(200, ""), (410, "link_used")]);
    assert_eq!(count(&answers, 200, ""), 1);
    let polls = parallel(MANY, |_| browser.clone().get("/magic-link/attempt"));
    all_of(&polls, &[(200, "")]);
    let told: Vec<String> =
        polls.iter().map(|poll| poll.text_of("handoff")).filter(|handoff| !handoff.is_empty()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    begin(&mut browser, &told[0]);
}

#[test]
fn one_registration_answered_many_times_makes_one_passkey() {
    let system = System::start(Options::house());
    let mut browser = system.client();
    sign_in_by_link(&mut browser, ADA, None);
    let options = browser.post("/passkey/register/options", &json!({})).expect(200);
    let (passkey, response) = Passkey::create(&options, &system.origin(), [1; 32]).unwrap();
    let answers = parallel(MANY, |_| browser.clone().post("/passkey/register/verify", &response));
    all_of(&answers, &[(201, ""), (400, "registration_refused")]);
    assert_eq!(count(&answers, 201, ""), 1);
    let listed = browser.get("/passkey/credentials").expect(200);
    assert_eq!(listed["signal"]["allAcceptedCredentialIds"], json!([passkey.id()]));
}

#[test]
fn registrations_and_renames_at_once_lose_none() {
    let system = System::start(Options::house());
    let mut browser = system.client();
    sign_in_by_link(&mut browser, ADA, None);
    let answers = parallel(MANY, |number| {
        let mut one = browser.clone();
        let options = one.post("/passkey/register/options", &json!({})).expect(200);
        let seed = [u8::try_from(number).unwrap() + 1; 32];
        one.post("/passkey/register/verify", &Passkey::create(&options, &system.origin(), seed).unwrap().1)
    });
    all_of(&answers, &[(201, ""), (409, "too_many_passkeys")]);
    assert_eq!(count(&answers, 201, ""), 20, "as many as an account may have");
    let ids = |browser: &mut Client| -> Vec<String> {
        let listed = browser.get("/passkey/credentials").expect(200);
        listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = ids(&mut browser);
    assert_eq!(all.len(), 20);
    let renamed = parallel(all.len(), |number| {
        let path = format!("/passkey/credentials/{}", all[number]);
        patch(&mut browser.clone(), &path, &json!({ "name": format!("key {number}") }))
    });
    all_of(&renamed, &[(200, "")]);
    let listed = browser.get("/passkey/credentials").expect(200);
    let names: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, (0..20).map(|number| format!("key {number}")).collect::<Vec<_>>());
    // Half of them at once, each from two tabs: each is removed once.
    let removed = parallel(20, |number| {
        browser.clone().send("DELETE", &format!("/passkey/credentials/{}", all[number / 2]), None)
    });
    all_of(&removed, &[(200, ""), (404, "not_found")]);
    assert_eq!((count(&removed, 200, ""), ids(&mut browser)), (10, all[10..].to_vec()));
}

/// Browsers with a judged sign-in each, one press away from a session.
fn almost_in(system: &System, passkey: &Passkey, how_many: usize) -> Vec<(Client, Value)> {
    parallel(how_many, |_| {
        let mut one = system.client();
        let handoff = handoff_by_passkey(&mut one, passkey);
        let judged = assess(&mut one, &handoff).expect(200);
        assert_eq!(judged["decision"], "allow", "{judged}");
        (one, judged["handoff"].clone())
    })
}

/// Half of the browsers press at the moment in which `meanwhile` happens; which of them got in.
fn press_while(
    browsers: &[(Client, Value)],
    meanwhile: impl Fn() + Sync,
    refusals: &[(u16, &str)],
) -> Vec<Client> {
    let pressed = parallel(browsers.len() + 1, |number| {
        let Some((browser, handoff)) = browsers.get(number) else {
            meanwhile();
            return None;
        };
        let mut one = browser.clone();
        let answer = one.post("/session", &json!({ "handoff": handoff }));
        if answer.status == 201 {
            return Some(one);
        }
        assert!(refusals.contains(&(answer.status, answer.code())), "{} {}", answer.status, answer.text);
        None
    });
    pressed.into_iter().flatten().collect()
}

#[test]
fn disabling_while_people_sign_in_leaves_no_session_behind() {
    let system = System::start(Options::house());
    let mut browser = system.client();
    let account = sign_in_by_link(&mut browser, ADA, None)["account"]["id"].as_str().unwrap().to_owned();
    let (passkey, _) = add_passkey(&mut browser, &system.origin(), 1);
    let path = format!("/admin/tenants/root/accounts/{account}");
    for _ in 0..3 {
        let browsers = almost_in(&system, &passkey, 12);
        let state = |state: &str| {
            patch(&mut administrator(&system), &path, &json!({ "state": state })).expect(200);
        };
        let got_in = press_while(&browsers, || state("disabled"), &[(403, "blocked")]);
        for mut one in got_in.iter().cloned() {
            assert_eq!(one.get("/session").status, 401, "a session outlived its account's disabling");
        }
        let mut late = system.client();
        let options = late.post("/passkey/sign-in/options", &json!({})).expect(200);
        let refused = late.post("/passkey/sign-in/verify", &passkey.sign_in(&options).unwrap());
        assert_eq!((refused.status, refused.code()), (400, "sign_in_refused"));
        state("active");
        for mut one in got_in {
            assert_eq!(one.get("/session").status, 401, "a session came back with its account");
        }
    }
    assert_eq!(browser.get("/session").status, 401);
}

#[test]
fn deleting_while_people_sign_in_leaves_nothing_behind() {
    let system = System::start(Options::house());
    let mut browser = system.client();
    let account = sign_in_by_link(&mut browser, ADA, None)["account"]["id"].as_str().unwrap().to_owned();
    let (passkey, _) = add_passkey(&mut browser, &system.origin(), 1);
    let browsers = almost_in(&system, &passkey, 12);
    let path = format!("/admin/tenants/root/accounts/{account}");
    let delete = || assert_eq!(administrator(&system).send("DELETE", &path, None).status, 204);
    let got_in = press_while(&browsers, delete, &[(403, "blocked")]);
    for mut one in got_in.into_iter().chain([browser]) {
        assert_eq!(one.get("/session").status, 401, "a session outlived its account");
    }
    let mut late = system.client();
    let options = late.post("/passkey/sign-in/options", &json!({})).expect(200);
    let refused = late.post("/passkey/sign-in/verify", &passkey.sign_in(&options).unwrap());
    assert_eq!((refused.status, refused.code()), (404, "unknown_credential"));
    let mut again = system.client();
    let other = sign_in_by_link(&mut again, ADA, None)["account"]["id"].as_str().unwrap().to_owned();
    assert_ne!(other, account, "a new account, not the old one");
    assert_eq!(again.get("/passkey/credentials").expect(200)["items"], json!([]));
    let members = administrator(&system).get("/admin/tenants/root/accounts").expect(200);
    assert_eq!(members["items"].as_array().map(Vec::len), Some(1), "{members}");
}

#[test]
fn a_stricter_policy_counts_for_every_judgement_after_its_answer() {
    let system = System::start(Options::house());
    let mut browser = system.client();
    sign_in_by_link(&mut browser, ADA, None);
    add_passkey(&mut browser, &system.origin(), 1);
    let waiting: Vec<(Client, String)> = (0..4)
        .map(|number| {
            let slug = format!("unit{number}");
            let tenant = json!({ "name": slug, "slug": slug });
            administrator(&system).post("/admin/tenants", &tenant).expect(201);
            // A known device, so that nothing but the policy can ask for more.
            let mut one = browser.clone();
            let handoff = handoff_by_link(&mut one, ADA, Some(&slug));
            (one, handoff)
        })
        .collect();
    let strict = json!({ "second_factor": { "value": "always", "locked": true } });
    let answers = parallel(waiting.len() / 2 + 1, |number| {
        if number == 0 {
            return put(&mut administrator(&system), "/admin/tenants/root/policy", &strict);
        }
        let (browser, handoff) = &waiting[number - 1];
        assess(&mut browser.clone(), handoff)
    });
    all_of(&answers, &[(200, "")]);
    for (browser, handoff) in &waiting[waiting.len() / 2..] {
        let judged = assess(&mut browser.clone(), handoff).expect(200);
        assert_eq!(judged["decision"], "challenge", "judged by the old policy: {judged}");
    }
    let weaker = json!({ "second_factor": { "value": "never" } });
    let refused = put(&mut administrator(&system), "/admin/tenants/unit0/policy", &weaker);
    assert_eq!((refused.status, refused.code()), (403, "locked"));
}
