//! The keys that sign tokens: coming into being with many at once and past any death, and following each other.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has to stop")]

use domain::{Moment, Secs, days, hours, mins};
use kv_schema::{
    bearer,
    client::{self, Kind, Method, New},
    keyring, tenant,
};
use testkit::{World, block_on, join_all};

/// The ids that are published, as somebody without any memory sees them.
fn published(world: &World) -> Vec<String> {
    let ring = block_on(keyring::ensure(&world.ports())).unwrap();
    ring.published(world.now()).keys.iter().map(|key| key.kid().to_owned()).collect()
}

fn signs(world: &World) -> String {
    block_on(keyring::signer(&world.ports())).unwrap().public().kid().to_owned()
}

fn keyrings(world: &World) -> usize {
    world.store.keys().iter().filter(|key| key.starts_with("lk1:_:keyring:")).count()
}

#[test]
fn parallel_first_users_agree_on_one_key() {
    for never_admits in [false, true] {
        let world = World::default();
        world.store.never_admits.set(never_admits);
        // Instances that share the store and remember nothing of each other.
        let instances: Vec<ports::Blocks> = (0..32).map(|_| ports::Blocks::new()).collect();
        let signers = block_on(join_all(instances.iter().map(|blocks| {
            let ports = ports::Ports { blocks, ..world.ports() };
            async move { keyring::signer(&ports).await.unwrap().public().kid().to_owned() }
        })));
        assert!(signers.iter().all(|kid| *kid == signers[0]));
        assert_eq!((keyrings(&world), published(&world)), (1, vec![signers[0].clone()]));
    }
}

#[test]
fn past_a_death_at_every_write_there_is_one_key() {
    for writes in 0..4 {
        let world = World::default();
        world.store.dies_after.set(Some(writes));
        let first = block_on(keyring::signer(&world.ports()));
        world.store.dies_after.set(None);
        let kid = signs(&world);
        assert!(
            first.is_err() || first.is_ok_and(|first| first.public().kid() == kid),
            "after {writes} writes"
        );
    }
}

#[test]
fn a_key_is_published_before_it_signs_and_until_all_it_signed_is_over() {
    let world = World::default();
    let began = world.now();
    let old = signs(&world);
    world.set(began.plus(days(30)).minus(Secs(1)));
    assert_eq!(published(&world), std::slice::from_ref(&old));
    world.set(began.plus(days(30)));
    assert_eq!(signs(&world), old);
    let both = published(&world);
    assert_eq!((both.len(), &both[0]), (2, &old), "the next one is there, and does not sign yet");
    world.advance(mins(13));
    assert_eq!(signs(&world), old);
    world.advance(mins(8));
    assert_eq!(signs(&world), both[1]);
    assert_eq!(published(&world), both, "what the old one signed is still good");
    world.advance(hours(25));
    assert_eq!(published(&world), both[1..]);
    // Once more, and the first one is gone from the record, too.
    world.set(began.plus(days(61)));
    published(&world);
    assert_eq!(world.store.dump().matches("\"private\"").count(), 2);
}

#[test]
fn parallel_rotations_add_one_key() {
    let world = World::default();
    signs(&world);
    world.advance(days(31));
    let instances: Vec<ports::Blocks> = (0..32).map(|_| ports::Blocks::new()).collect();
    block_on(join_all(instances.iter().map(|blocks| {
        let ports = ports::Ports { blocks, ..world.ports() };
        async move { keyring::ensure(&ports).await.unwrap() }
    })));
    assert_eq!(published(&world).len(), 2);
}

/// A token that was signed by a key that this instance never heard of: it looks once more.
#[test]
fn a_new_key_is_found_although_the_keys_are_remembered() {
    let world = World::default();
    let token = block_on(async {
        let ports = world.ports();
        let root = tenant::find(&ports, None).await.unwrap().unwrap();
        let (method, kind) = (Method::ClientSecretBasic, Kind::Machine);
        let new = New { name: "a".into(), kind, method, scopes: vec![], resources: vec![], keys: vec![] };
        let (client, _) = client::create(&ports, &root, new).await.unwrap().unwrap();
        let issue = |ports| {
            let (client, root) = (client.clone(), root.clone());
            async move {
                let us = "http://localhost:3000";
                bearer::issue(&ports, &client, &root, "", us).await.unwrap().reveal().clone()
            }
        };
        let first = issue(ports).await;
        assert!(bearer::authenticate(&ports, &first).await.unwrap().is_ok());
        // Another instance, whose setting was changed: its key signs at once.
        let other = World::with(&[("keyring_key", "another keyring key for tests")]);
        let blocks = ports::Blocks::new();
        issue(ports::Ports { settings: other.ports().settings, blocks: &blocks, ..ports }).await
    });
    assert!(block_on(bearer::authenticate(&world.ports(), &token)).unwrap().is_ok());
    assert_eq!(published(&world).len(), 2, "and what each signed is good");
}

#[test]
fn private_keys_are_wrapped() {
    let world = World::default();
    signs(&world);
    let dump = world.store.dump();
    assert!(dump.contains("\"private\""));
    // Without the right setting the record alone signs nothing: a new key is made beside it.
    let before = published(&world);
    let other = World::with(&[("keyring_key", "another keyring key for tests")]);
    let blocks = ports::Blocks::new();
    let ports = ports::Ports { settings: other.ports().settings, blocks: &blocks, ..world.ports() };
    let signer = block_on(keyring::signer(&ports)).unwrap();
    assert_ne!(signer.public().kid(), before[0]);
    world.set(Moment::from_millis(world.now().millis() + 1));
    assert_eq!(signs(&world), before[0], "who still has the old setting goes on as before");
}
