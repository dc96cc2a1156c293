//! `POST /janitor`: who may, how much at once, and that it comes to an end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

use domain::{AccountId, Ulid, hours};
use janitor::routes::answer;
use kv_schema::ceremony::{self, Ceremony, Purpose};
use serde_json::Value;
use testkit::{Answer, Browser, World, block_on, join_all};

const TOKEN: &str = "Bearer a janitor token for tests";

async fn call(world: &World, token: Option<&str>) -> Answer {
    let mut scheduler = Browser::default().without("origin");
    if let Some(token) = token {
        scheduler = scheduler.with("authorization", token);
    }
    scheduler.send(world, answer, "POST", "/janitor", Value::Null).await
}

/// So many records that expire in five minutes.
async fn fill(world: &World, many: usize) {
    let account = AccountId::of(Ulid::new(world.now(), [1; 10]));
    let ceremony = Ceremony { purpose: Purpose::Register { account }, state: 7.into() };
    for _ in 0..many {
        let cookie = ceremony::begin(&world.ports(), &ceremony).await.unwrap();
        ceremony::take(&world.ports(), cookie.reveal()).await.unwrap().unwrap();
    }
}

#[test]
fn unauthorized_without_the_token_or_with_another() {
    let world = World::default();
    block_on(async {
        fill(&world, 1).await;
        world.advance(hours(4));
        for token in [
            None,
            Some("Bearer"),
            Some("Bearer "),
            Some("Bearer a janitor token for test"),
            Some("Bearer a janitor token for tests2"),
            Some("Bearer a bootstrap token for tests"),
            Some("Basic a janitor token for tests"),
            Some("a janitor token for tests"),
        ] {
            let told = call(&world, token).await;
            assert_eq!((told.status, told.code()), (401, "unauthorized"), "{token:?}");
            assert_eq!(told.headers["www-authenticate"], "Bearer");
        }
        assert!(world.store.keys().iter().any(|key| key.contains(":slot:")), "nothing was removed");
    });
}

#[test]
fn unauthorized_for_everybody_while_no_token_is_set() {
    let world = World::with(&[("janitor_token", "")]);
    block_on(async {
        for token in [None, Some("Bearer "), Some("Bearer"), Some(TOKEN)] {
            assert_eq!(call(&world, token).await.status, 401, "{token:?}");
        }
    });
}

#[test]
fn removes_what_has_expired_and_nothing_else() {
    let world = World::default();
    block_on(async {
        fill(&world, 20).await;
        let told = call(&world, Some(TOKEN)).await;
        assert_eq!((told.status, &told.json["removed"], &told.json["done"]), (200, &0.into(), &true.into()));
        assert!(world.store.keys().iter().any(|key| key.contains(":slot:")), "what may still be used stays");
        world.advance(hours(4));
        let told = call(&world, Some(TOKEN)).await;
        assert!(told.json["removed"].as_u64().unwrap() >= 20 && told.json["done"] == true, "{}", told.text);
        let left = world.store.keys();
        assert!(left.iter().all(|key| !key.contains(":slot:") && !key.contains(":once:")), "{left:?}");
        let again = call(&world, Some(TOKEN)).await;
        assert_eq!((&again.json["removed"], &again.json["done"]), (&0.into(), &true.into()), "idempotent");
    });
}

#[test]
fn a_call_does_a_bounded_amount_and_the_next_goes_on() {
    let world = World::default();
    block_on(async {
        fill(&world, 1_200).await;
        world.advance(hours(4));
        let mut calls = 0;
        loop {
            let told = call(&world, Some(TOKEN)).await;
            calls += 1;
            assert!(told.json["removed"].as_u64().unwrap() <= 500, "{}", told.text);
            if told.json["done"] == true {
                break;
            }
        }
        assert!((3..=5).contains(&calls), "{calls}");
        assert!(world.store.keys().iter().all(|key| !key.contains(":slot:")));
    });
}

#[test]
fn several_at_once_or_cut_short_do_no_harm() {
    let world = World::default();
    block_on(async {
        fill(&world, 200).await;
        world.advance(hours(4));
        world.store.dies_after.set(Some(150));
        assert_eq!(call(&world, Some(TOKEN)).await.status, 503);
        world.store.dies_after.set(None);
        let all = join_all((0..8).map(|_| call(&world, Some(TOKEN)))).await;
        assert!(all.iter().all(|told| told.status == 200));
        while call(&world, Some(TOKEN)).await.json["done"] != true {}
        assert!(world.store.keys().iter().all(|key| !key.contains(":slot:") && !key.contains(":once:")));
    });
}

#[test]
fn only_by_post() {
    let world = World::default();
    block_on(async {
        let told = Browser::default().send(&world, answer, "GET", "/janitor", Value::Null).await;
        assert_eq!((told.status, told.headers["allow"].to_str().unwrap()), (405, "POST"));
    });
}
