//! `kill -9` in the middle of sign-ins, and a start on the same state: what was answered stands, and nothing is half made.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has to stop and say why"
)]

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use authenticator::Passkey;
use flows::{add_passkey, administrator, assess, handoff_by_passkey, newest_mail, token_of};
use rig::{Answer, Client, Options, Redis, Store, System, parallel, wait_until};
use serde_json::json;

const WORKERS: usize = 6;
const KILLS: usize = 3;

/// What one worker was told before the host died.
#[derive(Default)]
struct Told {
    /// Addresses that asked for a mail.
    asked: Vec<String>,
    /// Browsers whose session was answered with 201.
    signed_in: Vec<(String, Client)>,
    /// Passkeys whose registration was answered with 201, by address.
    passkeys: Vec<(String, Passkey)>,
    /// Sessions whose end was answered with 204.
    ended: Vec<Client>,
}

/// Answered by a host that lives, or `None`. A 5xx is nobody's fault but ours.
fn send(client: &mut Client, method: &str, path: &str, body: &serde_json::Value) -> Option<Answer> {
    let text = body.to_string();
    let answer = client.try_send(method, path, Some(("application/json", text.as_bytes()))).ok()?;
    assert!(answer.status < 500, "{method} {path}: {} {}", answer.status, answer.text);
    Some(answer)
}

/// A first sign-in with all its steps, a passkey, and now and then a sign-out; `None` when the host is gone.
fn live(system: &System, email: &str, seed: [u8; 32], told: &mut Told) -> Option<()> {
    let mut one = stranger(system, email);
    told.asked.push(email.to_owned());
    send(&mut one, "POST", "/magic-link", &json!({ "email": email }))?;
    let path = format!("/dev/mailbox?to={}", email.replace('@', "%40"));
    let mail = one.try_send("GET", &path, None).ok()?.json["messages"][0].clone();
    let confirmed = send(&mut one, "POST", "/magic-link/confirm", &json!({ "token": token_of(&mail) }))?;
    let judged = send(&mut one, "POST", "/step-up/assess", &json!({ "handoff": confirmed.json["handoff"] }))?;
    let begun = send(&mut one, "POST", "/session", &json!({ "handoff": judged.json["handoff"] }))?;
    assert_eq!(begun.status, 201, "{}", begun.text);
    told.signed_in.push((email.to_owned(), one.clone()));
    let options = send(&mut one, "POST", "/passkey/register/options", &json!({}))?;
    let (passkey, response) = Passkey::create(&options.json, &system.origin(), seed).unwrap();
    let added = send(&mut one, "POST", "/passkey/register/verify", &response)?;
    assert_eq!(added.status, 201, "{}", added.text);
    told.passkeys.push((email.to_owned(), passkey));
    if seed[0].is_multiple_of(4) {
        // From here on it may be over, whether or not we hear of it.
        let (_, gone) = told.signed_in.pop()?;
        let over = send(&mut one, "DELETE", "/session", &json!({}))?;
        assert_eq!(over.status, 204, "{}", over.text);
        told.ended.push(gone);
    }
    Some(())
}

/// A browser in a network of its own, so that no budget of a network ends the load.
fn stranger(system: &System, email: &str) -> Client {
    let number = email.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let [_, a, b, c] = number.to_be_bytes();
    system.client().with("x-test-address", &format!("10.{a}.{b}.{c}"))
}

/// Sign-ins until the host is killed under them.
fn until_killed(system: &System, round: usize) -> Vec<Told> {
    let (over, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    parallel(WORKERS + 1, |worker| {
        let mut told = Told::default();
        if worker == WORKERS {
            // Each time at another moment of somebody's sign-in.
            assert!(wait_until(Duration::from_secs(60), || done.load(Ordering::Relaxed) >= WORKERS * 2));
            std::thread::sleep(Duration::from_millis(37 * u64::try_from(round).unwrap()));
            system.kill();
            over.store(true, Ordering::Relaxed);
            return told;
        }
        for number in 0..1_000 {
            let email = format!("p{round}-{worker}-{number}@acme.example");
            let mut seed = [0; 32];
            seed[..3].copy_from_slice(&[number, round, worker].map(|n| u8::try_from(n % 256).unwrap()));
            if live(system, &email, seed, &mut told).is_none() || over.load(Ordering::Relaxed) {
                return told;
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
        told
    })
}

/// What was told stands; who was in the middle begins again and gets in, as one account.
fn stands(system: &System, told: &[Told]) {
    let mut admin = administrator(system);
    for told in told {
        for (email, browser) in &told.signed_in {
            let who = browser.clone().get("/session").expect(200);
            assert_eq!(who["account"]["email"], *email, "a session that was answered is lost");
        }
        for browser in &told.ended {
            assert_eq!(browser.clone().get("/session").status, 401, "a session that was ended is back");
        }
        for (email, passkey) in &told.passkeys {
            let mut one = stranger(system, email);
            let handoff = handoff_by_passkey(&mut one, passkey);
            let judged = assess(&mut one, &handoff).expect(200);
            let begun = one.post("/session", &json!({ "handoff": judged["handoff"] })).expect(201);
            assert_eq!(begun["account"]["email"], *email);
        }
        for email in told.asked.iter().rev().take(2) {
            let mut one = stranger(system, email);
            one.post("/magic-link", &json!({ "email": email })).expect(202);
            let token = token_of(&newest_mail(&mut one, email));
            let confirmed = one.post("/magic-link/confirm", &json!({ "token": token })).expect(200);
            let judged = assess(&mut one, confirmed["handoff"].as_str().unwrap()).expect(200);
            // A second browser of an account that signed in before may be asked for its passkey; nobody is shut out.
            assert_ne!(judged["decision"], "block", "{judged}");
        }
    }
    let (mut seen, mut after) = (BTreeSet::new(), String::new());
    loop {
        let page = admin.get(&format!("/admin/tenants/root/accounts?limit=200{after}")).expect(200);
        for item in page["items"].as_array().unwrap() {
            assert!(seen.insert(item["email"].as_str().unwrap().to_owned()), "two accounts: {item}");
            let path = format!("/admin/tenants/root/accounts/{}", item["id"].as_str().unwrap());
            let whole = admin.get(&path).expect(200);
            assert_eq!(whole["memberships"].as_array().map(Vec::len), Some(1), "half made: {whole}");
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    for told in told {
        assert!(told.signed_in.iter().all(|(email, _)| seen.contains(email)), "an account is not listed");
    }
}

fn killed_in_the_middle(store: Store) {
    let mut system =
        System::start(Options::house().store(store).variable("trusted_proxy_header", "x-test-address"));
    let mut first = stranger(&system, "ada@acme.example");
    flows::sign_in_by_link(&mut first, "ada@acme.example", None);
    add_passkey(&mut first, &system.origin(), 255);
    let mut all = Vec::new();
    for round in 0..KILLS {
        let told = until_killed(&system, round);
        assert!(told.iter().any(|told| !told.signed_in.is_empty()), "nobody signed in before the kill");
        system.revive();
        stands(&system, &told);
        all.extend(told);
    }
    stands(&system, &all);
    assert_eq!(first.get("/session").status, 200);
}

#[test]
fn killed_in_the_middle_of_sign_ins_nothing_answered_is_lost_on_sqlite() {
    killed_in_the_middle(Store::Sqlite);
}

#[test]
fn killed_in_the_middle_of_sign_ins_nothing_answered_is_lost_on_redis() {
    if let Some(redis) = Redis::start() {
        killed_in_the_middle(Store::Redis(redis.address()));
    }
}
