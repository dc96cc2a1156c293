//! What holds on every store.

use std::collections::BTreeSet;

use rig::parallel;
use serde_json::{Value, json};

use crate::shop::Shop;

/// A name and what it does.
type Case = (&'static str, fn(&mut Shop));

pub(crate) const CASES: &[Case] = &[
    // On a store that is still empty: what others have freed would hide growth.
    ("a steady size under constant load", steady_size),
    ("missing keys", missing_keys),
    ("own writes", own_writes),
    ("limits of keys and values", limits),
    ("bodies over 64 KiB", large_bodies),
    ("expiry", expiry),
    ("64 takes of one record", sixty_four_takes),
    ("64 claims of first use", sixty_four_claims),
    ("64 attempts at one counter", sixty_four_increments),
    ("64 updates of one record", sixty_four_updates),
    ("64 first sign-ins of one address", sixty_four_enrolments),
    ("64 proposals for one cell", sixty_four_proposals),
    ("64 proposals with withdrawals in between", proposals_and_withdrawals),
];

const MANY: usize = 64;
const LEAST: i64 = 1_000_000_000_000_000_000;

fn missing_keys(shop: &mut Shop) {
    let key = json!({ "key": "missing" });
    assert_eq!(shop.post("/get", key.clone())["value"], Value::Null);
    assert_eq!(shop.post("/decided", key.clone())["number"], Value::Null);
    assert_eq!(shop.post("/append", json!({ "key": "missing", "text": "x" }))["ended"], "absent");
    shop.post("/withdraw", json!({ "key": "missing", "number": LEAST }));
    shop.post("/delete", key.clone());
    assert_eq!(shop.post("/get", key)["value"], Value::Null, "none of this created anything");
    let (status, _) = shop.status("/take", json!({ "id": "never" }));
    assert!(status == 409 || (shop.may_refuse() && status == 503), "{status}");
}

fn own_writes(shop: &mut Shop) {
    let mut caller = shop.caller();
    for round in 0..20 {
        caller.post("/set", json!({ "key": "own", "value": format!("round {round}") }));
        assert_eq!(caller.value("own"), format!("round {round}"));
    }
    let ended = caller.post("/append", json!({ "key": "own", "text": "!" }));
    // Who must know whether a swap took effect looks for its mark: some stores never admit it.
    assert!(ended["ended"] == "swapped" || ended["value"] == "round 19!", "{ended}");
    assert_eq!(caller.value("own"), "round 19!");
    caller.post("/delete", json!({ "key": "own" }));
    assert_eq!(caller.value("own"), Value::Null);
}

fn limits(shop: &mut Shop) {
    let longest = "k".repeat(200);
    shop.post("/set", json!({ "key": longest, "value": "0123456789", "times": 10_000 }));
    let value = shop.post("/get", json!({ "key": longest }))["value"].take();
    assert_eq!(value.as_str().map(str::len), Some(100_000), "a value of 100 KB under a key of 200 bytes");
    let refused = (503, "try_again".to_owned());
    let too_large = json!({ "key": longest, "value": "0123456789", "times": 10_001 });
    assert_eq!(shop.status("/set", too_large), refused);
    for key in ["k".repeat(201).as_str(), "", "a b", "a'; drop table spin_key_value; --", "a/b", "ä"] {
        assert_eq!(shop.status("/set", json!({ "key": key, "value": "x" })), refused, "{key}");
        assert_eq!(shop.status("/get", json!({ "key": key })), refused, "{key}");
        assert_eq!(shop.status("/increment", json!({ "key": key, "by": 1 })), refused, "{key}");
        assert_eq!(shop.status("/append", json!({ "key": key, "text": "x" })), refused, "{key}");
        assert_eq!(shop.status("/decide", json!({ "key": key, "number": LEAST })), refused, "{key}");
    }
    assert_eq!(shop.status("/decide", json!({ "key": "small", "number": LEAST - 1 })), refused);
}

fn large_bodies(shop: &mut Shop) {
    let most = 64 * 1024;
    let body = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
    let status = |size: usize| {
        let body = body(size);
        let json = Some(("application/json", body.as_bytes()));
        shop.system
            .client()
            .try_send("POST", "/echo", json)
            .map(|answer| (answer.status, answer.code().to_owned()))
    };
    let too_large = (413, "too_large".to_owned());
    assert_eq!(status(most), Ok((200, String::new())));
    assert_eq!(status(most + 1), Ok(too_large.clone()));
    // Whoever goes on sending is cut off, and may not come to read the answer.
    let huge = status(2_000_000);
    assert!(huge.is_err() || huge == Ok(too_large), "{huge:?}");
    let echo = shop.system.client().with("spin-client-addr", "6.6.6.6:1").post("/echo", &json!({}));
    assert_eq!(echo.json["network"], "127.0.0.1", "the platform's own header counts, not the caller's");
}

fn expiry(shop: &mut Shop) {
    let begin = |shop: &Shop| shop.post("/begin", json!({}));
    let before = begin(shop);
    shop.system.advance(299);
    if shop.may_refuse() {
        shop.system.client().post("/finish", &before);
    } else {
        shop.post("/finish", before.clone());
    }
    assert_ne!(shop.status("/finish", before).0, 200, "once");
    let late = begin(shop);
    shop.system.advance(301);
    assert_eq!(shop.status("/finish", late), (409, "spent".to_owned()), "expired is gone, swept or not");
}

fn sixty_four_takes(shop: &mut Shop) {
    for round in 0..4 {
        let id = json!({ "id": format!("take-{round}") });
        let issued = shop.status("/issue", json!({ "id": id["id"], "lives": 300 })).0;
        let won = winners(shop, "/take", &id);
        assert!(won == 1 || (shop.may_refuse() && won == 0), "{won} winners");
        assert!(issued == 200 || shop.may_refuse());
        assert_eq!(winners(shop, "/take", &id), 0, "nor later");
        let again = shop.status("/issue", json!({ "id": id["id"], "lives": 300 })).0;
        assert_ne!(again, 200, "nor can it be issued again");
        shop.post("/forget", id);
    }
    let token = shop.post("/begin", json!({}));
    let won = winners(shop, "/finish", &token);
    assert!(won == 1 || (shop.may_refuse() && won == 0), "{won} winners of a ceremony");
}

fn sixty_four_claims(shop: &mut Shop) {
    for round in 0..4 {
        let won = winners(shop, "/issue", &json!({ "id": format!("claim-{round}"), "lives": 300 }));
        assert!(won == 1 || (shop.may_refuse() && won == 0), "{won} winners");
    }
}

/// How many of 64 requests at once succeed; the others are refused, and nothing else happens to them.
fn winners(shop: &Shop, path: &str, body: &Value) -> usize {
    let statuses = parallel(MANY, |_| shop.status(path, body.clone()));
    for (status, code) in &statuses {
        let refusal = (*status, code.as_str());
        let fine = matches!(refusal, (200, _) | (409, "spent")) || (shop.may_refuse() && *status == 503);
        assert!(fine, "{path}: {refusal:?}");
    }
    statuses.iter().filter(|(status, _)| *status == 200).count()
}

fn sixty_four_increments(shop: &mut Shop) {
    let sums = parallel(MANY, |_| shop.system.client().post("/increment", &json!({ "key": "sum", "by": 3 })));
    let seen: Vec<i64> = sums.iter().filter_map(|answer| answer.json["sum"].as_i64()).collect();
    let distinct: BTreeSet<i64> = seen.iter().copied().collect();
    assert_eq!(distinct.len(), seen.len(), "no two see the same sum");
    let last = shop.post("/increment", json!({ "key": "sum", "by": 0 }))["sum"].as_i64().unwrap();
    if shop.may_refuse() {
        assert!(last <= 3 * 64 && seen.iter().all(|sum| *sum <= last));
    } else {
        assert_eq!((seen.len(), last), (MANY, 3 * 64));
    }
}

fn sixty_four_updates(shop: &mut Shop) {
    shop.post("/enrol", json!({ "email": "many@acme.example" }));
    let body = json!({ "email": "many@acme.example" });
    let done = parallel(MANY, |_| shop.system.client().post("/note", &body).status);
    let noted = done.iter().filter(|status| **status == 200).count();
    assert_eq!(noted, MANY, "none is refused: {done:?}");
    assert_eq!(shop.post("/notes", body)["notes"], MANY, "and none is lost");
}

fn sixty_four_enrolments(shop: &mut Shop) {
    let body = json!({ "email": "first@acme.example" });
    let accounts = parallel(MANY, |_| shop.caller().post("/enrol", body.clone()));
    let distinct: BTreeSet<String> = accounts.iter().map(|account| account["id"].to_string()).collect();
    assert_eq!(distinct.len(), 1, "all come to one account");
    let account = shop.post("/account", body);
    assert_eq!(account["handle"], accounts[0]["handle"]);
    assert_eq!((&account["sessions"], &account["passkeys"]), (&json!(true), &json!(true)));
    assert_eq!(account["listed"], 1, "and the tenant's list names it once");
}

fn sixty_four_proposals(shop: &mut Shop) {
    for round in 0..4 {
        let key = format!("cell-{round}");
        let propose = |number: usize| json!({ "key": key, "number": LEAST + i64::try_from(number).unwrap() });
        let answers = parallel(MANY, |number| shop.caller().post("/decide", propose(number)));
        let distinct: BTreeSet<i64> =
            answers.iter().map(|answer| answer["number"].as_i64().unwrap()).collect();
        assert_eq!(distinct.len(), 1, "{distinct:?}");
        let decided = shop.post("/decided", json!({ "key": key }))["number"].as_i64();
        assert_eq!(decided, distinct.first().copied());
        assert_eq!(
            shop.post("/decide", propose(999))["number"].as_i64(),
            decided,
            "nor does a later one change it"
        );
    }
}

/// Everybody proposes; whoever won withdraws what it won and proposes again, three times. Never do two own the same turn.
fn proposals_and_withdrawals(shop: &mut Shop) {
    let owned = parallel(MANY, |caller| {
        let mut shopper = shop.caller();
        let mut owned = Vec::new();
        for turn in 0..3 {
            let number = LEAST + i64::try_from(caller * 10 + turn).unwrap();
            let body = json!({ "key": "turns", "number": number });
            if shopper.post("/decide", body.clone())["number"] == number {
                owned.push(number);
                // While it is decided for us nobody else can be told another number.
                for _ in 0..2 {
                    assert_eq!(shopper.post("/decided", json!({ "key": "turns" }))["number"], number);
                }
                shopper.post("/withdraw", body);
            }
        }
        owned
    });
    assert!(owned.iter().any(|owned| !owned.is_empty()), "somebody won");
    let after = shop.post("/decided", json!({ "key": "turns" }))["number"].take();
    assert_eq!(after, Value::Null, "all who won have withdrawn");
    assert_eq!(shop.post("/decide", json!({ "key": "turns", "number": LEAST }))["number"], LEAST);
}

/// Ten hours of the same load, swept each hour: what lies in the store does not grow.
fn steady_size(shop: &mut Shop) {
    let mut sizes = Vec::new();
    let mut removed = 0;
    for _ in 0..10 {
        for token in 0..10 {
            let begun = shop.post("/begin", json!({}));
            if token % 2 == 0 {
                shop.system.client().post("/finish", &begun);
            }
        }
        shop.system.advance(3_600);
        removed += sweep(shop);
        sizes.extend(size(shop));
    }
    assert!(removed >= 10 * 7, "{removed} were removed");
    // The first hours fill what is then kept up.
    let (early, late) = (sizes.get(5), sizes.last());
    assert!(late <= early, "it grows: {sizes:?}");
    eprintln!("{}: after each hour {sizes:?}", shop.store);
}

fn sweep(shop: &Shop) -> u64 {
    let mut removed = 0;
    loop {
        let swept = shop.post("/sweep", json!({ "most": 100 }));
        removed += swept["removed"].as_u64().unwrap();
        if swept["done"] == true {
            return removed;
        }
    }
}

/// Keys where they can be counted, bytes on the disk where there is one; what a store in memory holds is not to be seen from outside.
fn size(shop: &Shop) -> Option<u64> {
    match (&shop.redis, shop.store) {
        (Some(redis), _) => Some(redis.keys()),
        (None, "Sqlite") => Some(shop.system.size()),
        _ => None,
    }
}
