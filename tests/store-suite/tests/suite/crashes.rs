//! Deaths between any two writes, on the stores that outlive the host.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use rig::{Options, Redis, Store, System, skipped};
use serde_json::{Value, json};

use crate::shop::Shop;

/// The stores that outlive the host, fresh for each use.
fn lasting(name: &str, mut run: impl FnMut(&dyn Fn(Option<u64>) -> Shop)) {
    let options = |store: Store, writes: Option<u64>| {
        let options = Options::of("tests/store-suite/spin.toml").store(store);
        match writes {
            Some(writes) => options.die_after_writes(writes),
            None => options,
        }
    };
    if let Some(why) = options(Store::Sqlite, Some(1)).impossible() {
        return skipped(name, why);
    }
    run(&|writes| Shop {
        system: System::start(options(Store::Sqlite, writes)),
        redis: None,
        store: "Sqlite",
    });
    let Some(redis) = Redis::start() else { return };
    run(&|writes| {
        redis.clear();
        let store = Store::Redis(redis.address());
        Shop { system: System::start(options(store, writes)), redis: None, store: "Redis" }
    });
}

/// Sends; `None` if the host died of it.
fn survives(shop: &Shop, path: &str, body: &Value) -> Option<Value> {
    let answer =
        shop.system.client().try_send("POST", path, Some(("application/json", body.to_string().as_bytes())));
    let answer = answer.ok()?;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    Some(answer.json)
}

/// Each value is the old or the new one, never half of one, and what was answered has happened.
#[test]
fn a_value_is_old_or_new_after_a_death_at_any_write() {
    const LEAST: i64 = 1_000_000_000_000_000_000;
    let script = [
        ("/set", json!({ "key": "v", "value": "old ", "times": 20_000 })),
        ("/set", json!({ "key": "v", "value": "new ", "times": 20_000 })),
        ("/append", json!({ "key": "v", "text": "end" })),
        ("/increment", json!({ "key": "n", "by": 5 })),
        ("/increment", json!({ "key": "n", "by": 5 })),
        // A cell comes into being by a zero and a swap.
        ("/decide", json!({ "key": "c", "number": LEAST })),
        ("/withdraw", json!({ "key": "c", "number": LEAST })),
        ("/delete", json!({ "key": "v" })),
    ];
    let (old, new) = ("old ".repeat(20_000), "new ".repeat(20_000));
    lasting("deaths at single writes", |start| {
        for writes in 0..=9_u64 {
            let mut shop = start(Some(writes));
            let done = script.iter().take_while(|(path, body)| survives(&shop, path, body).is_some()).count();
            if writes == 9 {
                assert_eq!(done, script.len(), "nine writes are all it takes");
                continue;
            }
            assert!(shop.system.died());
            // Deciding takes two writes.
            assert_eq!(done, [0, 1, 2, 3, 4, 5, 5, 6, 7][usize::try_from(writes).unwrap()], "{writes}");
            shop.system.revive();
            let value = shop.caller().value("v");
            let expected = match done {
                0 => Value::Null,
                1 => json!(old),
                2 => json!(new),
                _ => json!(format!("{new}end")),
            };
            assert_eq!(value, expected, "{}: after {writes} writes", shop.store);
            let sum = shop.post("/increment", json!({ "key": "n", "by": 0 }));
            assert_eq!(sum["sum"], [0, 5, 10][done.saturating_sub(3).min(2)]);
            let decided = shop.post("/decided", json!({ "key": "c" }));
            assert_eq!(decided["number"], if done == 6 { json!(LEAST) } else { Value::Null });
            let again = shop.post("/decide", json!({ "key": "c", "number": LEAST + 1 }));
            assert_eq!(again["number"], if done == 6 { LEAST } else { LEAST + 1 }, "the cell still decides");
        }
    });
}

/// An account is there whole or not at all, its address is never burnt, and signing in mends what a death left.
#[test]
fn an_account_enrols_cleanly_after_a_death_at_any_write() {
    let ada = json!({ "email": "ada@acme.example" });
    let whole = |account: &Value| {
        account["sessions"] == true && account["passkeys"] == true && account["listed"] == 1
    };
    lasting("deaths while an account is made and deleted", |start| {
        for writes in 0.. {
            assert!(writes < 40, "it never gets through");
            let mut shop = start(Some(writes));
            let mut through = 0;
            for path in ["/enrol", "/note", "/remove"] {
                if survives(&shop, path, &ada).is_none() {
                    break;
                }
                through += 1;
            }
            if through == 3 {
                break;
            }
            assert!(shop.system.died());
            shop.system.revive();
            let seen = shop.post("/account", ada.clone());
            assert!(seen.is_null() || whole(&seen), "{}: after {writes} writes: {seen}", shop.store);
            assert!(through != 1 || !seen.is_null(), "what was answered is there");
            let account = shop.post("/enrol", ada.clone());
            assert!(whole(&account), "{}: after {writes} writes: {account}", shop.store);
            assert!(seen.is_null() || seen["id"] == account["id"]);
            shop.post("/note", ada.clone());
        }
    });
}

/// `kill -9` in the middle of everything: what was answered is there, and nothing that nobody asked for.
#[test]
fn nothing_that_was_answered_is_lost_by_a_kill_under_load() {
    const CALLERS: usize = 8;
    lasting("a kill under load", |start| {
        let mut shop = start(None);
        let body = json!({ "email": "load@acme.example" });
        shop.post("/enrol", body.clone());
        let answered = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| {
                    while survives(&shop, "/note", &body).is_some() {
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            rig::wait_until(Duration::from_secs(20), || answered.load(Ordering::SeqCst) >= 100);
            shop.system.kill();
        });
        shop.system.revive();
        let notes = usize::try_from(shop.post("/notes", body)["notes"].as_u64().unwrap()).unwrap();
        let answered = answered.load(Ordering::SeqCst);
        assert!((answered..=answered + CALLERS).contains(&notes), "{answered} answered, {notes} noted");
    });
}
