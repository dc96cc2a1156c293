//! The tenant tree: policies that come down it, tenants and memberships that come and go, with others doing so at the same moment and
//! with a death at every write.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has to stop")]

use std::convert::Infallible;

use domain::{Email, TenantId, hours};
use kv_schema::{
    Tenant,
    account::{self, Created, Joined},
    inherit::{self, Changed},
    policy::Own,
    sweep, tenant,
    tenant::{Deleted, Made},
};
use ports::{Failure, Ports};
use serde_json::{Value, json};
use testkit::{World, block_on, join_all};

async fn named(ports: &Ports<'_>, slug: &str) -> Tenant {
    tenant::find(ports, Some(slug)).await.unwrap().unwrap()
}

async fn make(ports: &Ports<'_>, parent: &Tenant, slug: &str) -> Tenant {
    match tenant::create(ports, parent, slug, slug).await.unwrap() {
        Made::New(tenant) => *tenant,
        other => panic!("{other:?}"),
    }
}

async fn say(ports: &Ports<'_>, id: TenantId, key: &str, value: Value) -> Result<Option<Changed>, Failure> {
    let said = inherit::change(ports, id, |_, own| {
        own.insert(key.to_owned(), Own { value: value.clone(), locked: false });
        Ok::<(), Infallible>(())
    });
    Ok(said.await?.map(|told| told.unwrap()))
}

async fn holds(ports: &Ports<'_>, id: TenantId, key: &str) -> Value {
    tenant::read(ports, id).await.unwrap().unwrap().policy.leaf(key).unwrap().value
}

/// root ─ a ─ b ─ c, and two more below a.
async fn tree(ports: &Ports<'_>) -> [Tenant; 5] {
    let root = named(ports, "root").await;
    let a = make(ports, &root, "a").await;
    let b = make(ports, &a, "b").await;
    let c = make(ports, &b, "c").await;
    let d = make(ports, &a, "d").await;
    let e = make(ports, &a, "e").await;
    [a, b, c, d, e]
}

#[test]
fn a_policy_comes_down_past_any_death_once_it_is_said_again_or_the_janitor_has_come() {
    for again in [true, false] {
        for writes in 0..40 {
            let world = World::default();
            let tree = block_on(tree(&world.ports()));
            block_on(async {
                world.store.dies_after.set(Some(writes));
                let first = say(&world.ports(), TenantId::ROOT, "second_factor", json!("always")).await;
                world.store.dies_after.set(None);
                if again {
                    say(&world.ports(), TenantId::ROOT, "second_factor", json!("always")).await.unwrap();
                } else {
                    world.advance(hours(3));
                    assert!(sweep::sweep(&world.ports(), 100).await.unwrap().done);
                }
                let root = holds(&world.ports(), TenantId::ROOT, "second_factor").await;
                assert!(root == "always" || (first.is_err() && !again), "after {writes} writes");
                for tenant in &tree {
                    let value = holds(&world.ports(), tenant.id, "second_factor").await;
                    assert_eq!(value, root, "{} after {writes} writes, again: {again}", tenant.slug);
                }
                assert!(first.is_ok() || writes < 30, "the last rounds run to the end");
                assert!(!named(&world.ports(), "root").await.is_spreading());
                assert!(again || world.store.keys().iter().all(|key| !key.contains(":slot:")));
            });
        }
    }
}

#[test]
fn policies_said_at_all_levels_at_once_end_up_consistent() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let tree = tree(&ports).await;
        let mut all: Vec<std::pin::Pin<Box<dyn Future<Output = _>>>> = Vec::new();
        for n in 1..=8_u64 {
            all.push(Box::pin(say(&ports, TenantId::ROOT, "session.lifetime", json!(n * 60))));
            all.push(Box::pin(say(&ports, TenantId::ROOT, "session.idle", json!(n * 60))));
            all.push(Box::pin(say(&ports, tree[0].id, "session.lifetime", json!(n * 60 + 1))));
            all.push(Box::pin(say(&ports, tree[1].id, "risk.high", json!(n))));
        }
        for said in join_all(all).await {
            said.unwrap().unwrap();
        }
        let root = named(&ports, "root").await;
        let (top, middle) = (named(&ports, "a").await, named(&ports, "a/b").await);
        assert_eq!(top.policy, root.policy.below(top.id, &top.own));
        assert_eq!(middle.policy, top.policy.below(middle.id, &middle.own));
        assert_eq!(named(&ports, "a/b/c").await.policy, middle.policy);
        assert_eq!(named(&ports, "a/d").await.policy, top.policy);
        assert!(world.store.keys().iter().all(|key| !key.contains(":slot:")), "nothing left to do");
    });
}

#[test]
fn tenants_made_while_the_policy_above_changes_have_the_new_one() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let [a, ..] = tree(&ports).await;
        let slugs: Vec<String> = (0..12).map(|n| format!("new-{n}")).collect();
        let made = async {
            for slug in &slugs {
                // What is known of the parent is old on purpose.
                assert!(matches!(tenant::create(&ports, &a, slug, slug).await.unwrap(), Made::New(_)));
            }
        };
        let said = async {
            for n in 1..=5_u64 {
                say(&ports, TenantId::ROOT, "session.idle", json!(n * 100)).await.unwrap();
            }
        };
        let mut both: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> = vec![Box::pin(made)];
        both.push(Box::pin(said));
        join_all(both).await;
        for slug in &slugs {
            let tenant = named(&ports, &format!("a/{slug}")).await;
            assert_eq!(tenant.policy.session().1, domain::Secs(500), "{slug}");
        }
    });
}

#[test]
fn a_wide_tree_takes_several_goes_of_few_writes_each() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let root = named(&ports, "root").await;
        let mut below = Vec::new();
        for n in 0..12 {
            let top = make(&ports, &root, &format!("t{n}")).await;
            for n in 0..20 {
                below.push(make(&ports, &top, &format!("u{n}")).await.id);
            }
        }
        let (mut goes, mut pending) = (0, true);
        while pending {
            world.store.operations();
            pending = say(&ports, root.id, "sign_up", json!(false)).await.unwrap().unwrap().pending;
            let operations = world.store.operations();
            assert!(operations.writes < 120 && operations.reads < 4_000, "{operations:?}");
            assert_eq!(holds(&ports, below[239], "sign_up").await, pending);
            goes += 1;
        }
        assert_eq!(goes, 3);
        for id in below {
            assert_eq!(holds(&ports, id, "sign_up").await, false);
        }
        // All is said and done: the same again writes nothing, below neither.
        world.store.operations();
        say(&ports, root.id, "sign_up", json!(false)).await.unwrap();
        assert_eq!(world.store.operations().writes, 0);
    });
}

#[test]
fn a_death_at_any_write_leaves_no_half_made_tenant() {
    for writes in 0..8 {
        let world = World::default();
        block_on(async {
            let ports = world.ports();
            let root = named(&ports, "root").await;
            world.store.dies_after.set(Some(writes));
            let first = tenant::create(&ports, &root, "acme", "Acme").await;
            world.store.dies_after.set(None);
            let seen = tenant::find(&ports, Some("acme")).await.unwrap();
            assert!(first.is_err() || seen.is_some());
            match (tenant::create(&ports, &root, "acme", "Acme").await.unwrap(), &seen) {
                (Made::New(_), None) | (Made::SlugTaken, Some(_)) => {}
                other => panic!("{other:?} after {writes} writes"),
            }
            let (below, _) = tenant::children(&ports, root.id, 0, 10).await.unwrap();
            assert_eq!(below.len(), 1, "after {writes} writes");
        });
    }
}

#[test]
fn a_deletion_cut_short_frees_the_slug_in_the_end() {
    for writes in 0..9 {
        let world = World::default();
        block_on(async {
            let ports = world.ports();
            let root = named(&ports, "root").await;
            let acme = make(&ports, &root, "acme").await;
            world.store.dies_after.set(Some(writes));
            let deleted = tenant::delete(&ports, &acme).await;
            world.store.dies_after.set(None);
            assert!(deleted.is_err() || deleted.unwrap() == Deleted::Gone);
            match tenant::find(&ports, Some("acme")).await.unwrap() {
                // Somebody else goes on as if nothing had been.
                Some(acme) => assert!(matches!(
                    tenant::create(&ports, &acme, "unit", "Unit").await.unwrap(),
                    Made::New(_)
                )),
                None => assert_ne!(make(&ports, &root, "acme").await.id, acme.id),
            }
            let (below, _) = tenant::children(&ports, root.id, 0, 10).await.unwrap();
            assert_eq!(below.len(), 1, "after {writes} writes");
        });
    }
}

/// One of the two waits for so many steps, so that every interleaving comes up.
#[test]
fn nothing_is_put_into_a_tenant_that_is_being_deleted() {
    let (mut kept, mut gone) = (0, 0);
    for (what, lead) in (0..3).flat_map(|what| (-20..20_i32).map(move |lead| (what, lead))) {
        let world = World::default();
        block_on(async {
            let ports = world.ports();
            let root = named(&ports, "root").await;
            let acme = make(&ports, &root, "acme").await;
            let email: Email = "ada@acme.example".parse().unwrap();
            let other = match account::create(&ports, &root, &email, None, vec![]).await.unwrap() {
                Created::New(account) => account,
                other => panic!("{other:?}"),
            };
            let wait = async |steps: i32| {
                for _ in 0..steps {
                    ports.store.get("wait").await.unwrap();
                }
            };
            let delete = async {
                wait(-lead).await;
                tenant::delete(&ports, &acme).await.unwrap() == Deleted::Gone
            };
            let put = async {
                wait(lead).await;
                let late: Email = "late@acme.example".parse().unwrap();
                match what {
                    0 => matches!(tenant::create(&ports, &acme, "unit", "Unit").await.unwrap(), Made::New(_)),
                    1 => matches!(
                        account::create(&ports, &acme, &late, None, vec![]).await.unwrap(),
                        Created::New(_)
                    ),
                    _ => matches!(
                        account::join(&ports, other.id, acme.id, vec![]).await.unwrap(),
                        Joined::New(_)
                    ),
                }
            };
            let mut both: Vec<std::pin::Pin<Box<dyn Future<Output = bool>>>> = vec![Box::pin(delete)];
            both.push(Box::pin(put));
            let done = join_all(both).await;
            assert!(!(done[0] && done[1]), "deleted with something in it: {what}, {lead} steps apart");
            let there = tenant::find(&ports, Some("acme")).await.unwrap().is_some();
            assert_eq!(there, !done[0]);
            let account = account::read(&ports, other.id).await.unwrap().unwrap();
            assert!(there || account.membership(acme.id).is_none());
            if done[0] { gone += 1 } else { kept += 1 }
        });
    }
    assert!(kept > 30 && gone > 30, "both ends came up: {kept} kept, {gone} gone");
}

#[test]
fn the_last_membership_takes_the_account_with_it_whatever_is_cut_short() {
    for writes in 0..9 {
        let world = World::default();
        block_on(async {
            let ports = world.ports();
            let [a, b, ..] = tree(&ports).await;
            let email: Email = "ada@acme.example".parse().unwrap();
            let Created::New(account) = account::create(&ports, &a, &email, None, vec![]).await.unwrap()
            else {
                panic!()
            };
            assert!(matches!(account::join(&ports, account.id, b.id, vec![]).await.unwrap(), Joined::New(_)));
            assert!(account::leave(&ports, account.id, b.id).await.unwrap());
            assert!(!account::leave(&ports, account.id, b.id).await.unwrap());
            assert!(account::read(&ports, account.id).await.unwrap().is_some());
            world.store.dies_after.set(Some(writes));
            let left = account::leave(&ports, account.id, a.id).await;
            world.store.dies_after.set(None);
            assert!(left.is_err() || left.unwrap());
            // Said again, the rest goes too.
            account::leave(&ports, account.id, a.id).await.unwrap();
            let id = account.id.ulid().to_string();
            assert!(!world.store.dump().contains(&id), "after {writes} writes: {}", world.store.dump());
            let again = account::create(&ports, &a, &email, None, vec![]).await.unwrap();
            assert!(matches!(again, Created::New(_)));
        });
    }
}
