//! Authorization stores: held against a map in memory, with many writers at once, and with a death at every write.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

use std::collections::BTreeMap;

use domain::{Moment, TenantId, Ulid};
use kv_schema::fga::{self, Deleted, NewModel, NewTuple, Refusal, Snapshot, TupleName, Write};
use kv_schema::tenant;
use ports::{Blocks, Ports};
use testkit::{World, block_on, join_all};

fn name(object: &str, relation: &str, user: &str) -> TupleName {
    TupleName { object: object.into(), relation: relation.into(), user: user.into() }
}

fn add(names: impl IntoIterator<Item = TupleName>) -> Write {
    let writes = names.into_iter().map(|name| NewTuple { name, condition: None }).collect();
    Write { writes, ..Write::default() }
}

async fn open<'a>(ports: &Ports<'a>, store: Ulid) -> Snapshot<'a> {
    fga::open(ports, store).await.unwrap().unwrap()
}

async fn made(ports: &Ports<'_>) -> Ulid {
    fga::create(ports, "test", None).await.unwrap().id
}

async fn put(ports: &Ports<'_>, store: Ulid, write: Write) -> u64 {
    fga::write(ports, store, write).await.unwrap().unwrap().revision
}

/// All tuples, page by page.
async fn everything(snapshot: &Snapshot<'_>) -> Vec<fga::Tuple> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = snapshot.tuples(&name("", "", ""), after.as_deref(), 7).await.unwrap().unwrap();
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

/// What the log says is there: the tree must say the same.
async fn replayed(snapshot: &Snapshot<'_>) -> BTreeMap<TupleName, Option<(String, String)>> {
    let (mut there, mut after) = (BTreeMap::new(), None);
    loop {
        let page = snapshot.changes(after.as_deref(), None, 13, |_| true).await.unwrap();
        if page.items.is_empty() {
            return there;
        }
        for line in page.items {
            if line.deleted {
                assert!(there.remove(&line.tuple.name).is_some());
            } else {
                assert!(there.insert(line.tuple.name, line.tuple.condition).is_none());
            }
        }
        after = page.next;
    }
}

async fn assert_whole(ports: &Ports<'_>, store: Ulid) -> BTreeMap<TupleName, Option<(String, String)>> {
    let snapshot = open(ports, store).await;
    let replayed = replayed(&snapshot).await;
    let forward: BTreeMap<_, _> =
        everything(&snapshot).await.into_iter().map(|tuple| (tuple.name, tuple.condition)).collect();
    assert_eq!(forward, replayed, "by object");
    for (name, condition) in &replayed {
        let kind = name.object.split_once(':').unwrap().0;
        let found = snapshot.objects(&name.user, kind, &name.relation).await.unwrap();
        let found = found.iter().find(|tuple| tuple.name == *name).unwrap();
        assert_eq!(&found.condition, condition, "by user");
    }
    replayed
}

#[test]
fn a_tree_says_what_a_map_says() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let store = made(&ports).await;
        let mut map: BTreeMap<TupleName, Option<(String, String)>> = BTreeMap::new();
        let mut dice = 7_u64;
        let mut roll = |below: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % below
        };
        for round in 0..300 {
            let mut write = Write { may_exist: true, may_be_missing: true, ..Write::default() };
            let mut named = std::collections::BTreeSet::new();
            // Towards the end mostly deletes.
            let deletes = if round > 200 { 80 } else { 25 };
            for _ in 0..=roll(30) {
                let name = name(
                    &format!("doc:{}", roll(120)),
                    ["viewer", "editor"][usize::try_from(roll(2)).unwrap()],
                    &format!("{}{}", ["user:", "group:x#member"][usize::from(roll(5) == 0)], roll(20)),
                );
                if !named.insert(name.clone()) {
                    continue;
                }
                if roll(100) < deletes {
                    map.remove(&name);
                    write.deletes.push(name);
                } else if !map.contains_key(&name) {
                    let long = "x".repeat(usize::try_from(roll(2) * roll(6_000)).unwrap());
                    let condition = (roll(4) == 0).then(|| ("c".to_owned(), format!("{{\"x\":\"{long}\"}}")));
                    map.insert(name.clone(), condition.clone());
                    write.writes.push(NewTuple { name, condition });
                }
            }
            put(&ports, store, write).await;
            if round % 40 == 0 || round == 299 {
                assert_eq!(assert_whole(&ports, store).await, map, "round {round}");
            }
        }
        let one = map.keys().next().unwrap().clone();
        let snapshot = open(&ports, store).await;
        let of_object: Vec<_> =
            map.keys().filter(|name| name.object == one.object && name.relation == one.relation).collect();
        assert_eq!(snapshot.users(&one.object, &one.relation, false).await.unwrap().len(), of_object.len());
        let usersets = of_object.iter().filter(|name| name.user.contains('#')).count();
        assert_eq!(snapshot.users(&one.object, &one.relation, true).await.unwrap().len(), usersets);
        // An instance that has read nothing yet sees the same.
        let other = Blocks::new();
        assert_eq!(assert_whole(&Ports { blocks: &other, ..ports }, store).await, map);
    });
}

#[test]
fn a_group_of_many_costs_the_same_as_one_of_few() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let store = made(&ports).await;
        for hundred in 0..80 {
            let names =
                (0..100).map(|at| name("group:all", "member", &format!("user:{:05}", hundred * 100 + at)));
            put(&ports, store, add(names)).await;
        }
        put(&ports, store, add([name("group:all", "member", "group:some#member")])).await;
        let other = Blocks::new();
        let ports = Ports { blocks: &other, ..ports };
        world.store.operations();
        let snapshot = open(&ports, store).await;
        assert!(snapshot.tuple(name("group:all", "member", "user:05432")).await.unwrap().is_some());
        let cold = world.store.operations();
        assert!(cold.reads <= 4 && cold.writes == 0, "{cold:?}");
        assert_eq!(snapshot.users("group:all", "member", true).await.unwrap().len(), 1);
        assert!(world.store.operations().reads <= 2, "usersets are found without reading the members");
        let snapshot = open(&ports, store).await;
        assert!(snapshot.tuple(name("group:all", "member", "user:05432")).await.unwrap().is_some());
        assert_eq!(world.store.operations().reads, 1, "warm: the head");
        put(&ports, store, add([name("group:all", "member", "user:new")])).await;
        let one = world.store.operations();
        assert!(one.writes == 1 && one.reads <= 5, "{one:?}");
        assert_eq!(open(&ports, store).await.users("group:all", "member", false).await.unwrap().len(), 8_002);
    });
}

#[test]
fn parallel_writes_lose_nothing_whatever_the_store_admits() {
    for never_admits in [false, true] {
        let world = World::default();
        world.store.never_admits.set(never_admits);
        block_on(async {
            let ports = world.ports();
            let store = made(&ports).await;
            let others: Vec<Blocks> = (0..8).map(|_| Blocks::new()).collect();
            world.store.operations();
            // Eight instances, eight requests each, three times.
            for round in 0..3 {
                let all = others.iter().enumerate().flat_map(|(instance, blocks)| {
                    (0..8).map(move |at| async move {
                        let user = format!("user:{round}.{instance}.{at}");
                        put(&Ports { blocks, ..ports }, store, add([name("doc:1", "viewer", &user)])).await
                    })
                });
                let mut revisions = join_all(all).await;
                revisions.sort_unstable();
                revisions.dedup();
                assert_eq!(revisions.len(), 64, "each write has a revision of its own");
            }
            assert_eq!(assert_whole(&ports, store).await.len(), 192);
        });
    }
}

#[test]
fn one_of_many_equal_writes_is_told_yes() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let store = made(&ports).await;
        let ports = &ports;
        let told = join_all((0..64).map(|_| async move {
            fga::write(ports, store, add([name("doc:1", "viewer", "user:a")])).await.unwrap()
        }))
        .await;
        assert_eq!(told.iter().filter(|told| told.is_ok()).count(), 1);
        let refused = Refusal::Exists("doc:1".into(), "viewer".into(), "user:a".into());
        assert_eq!(told.iter().filter(|told| **told == Err(refused.clone())).count(), 63);
        assert_eq!(assert_whole(ports, store).await.len(), 1);
    });
}

#[test]
fn a_death_at_any_write_leaves_all_or_nothing() {
    for never_admits in [false, true] {
        let mut went_through = false;
        for dies_after in 0..400 {
            let world = World::default();
            let done = block_on(async {
                let ports = world.ports();
                let store = made(&ports).await;
                for some in 0..3 {
                    put(
                        &ports,
                        store,
                        add((0..100).map(|at| name(&format!("doc:{at}"), "viewer", &format!("user:{some}")))),
                    )
                    .await;
                }
                let before = assert_whole(&ports, store).await;
                world.store.never_admits.set(never_admits);
                world.store.dies_after.set(Some(dies_after));
                let deletes: Vec<_> =
                    (0..50).map(|at| name(&format!("doc:{}", at * 2), "viewer", "user:1")).collect();
                let new = add((0..50).map(|at| name(&format!("doc:{at}"), "editor", &format!("user:{at}"))));
                let told = fga::write(&ports, store, Write { deletes, ..new.clone() }).await;
                world.store.dies_after.set(None);
                // Another instance finds it as it was, or as it was to be; and goes on.
                let fresh = Blocks::new();
                let ports = Ports { blocks: &fresh, ..ports };
                let after = assert_whole(&ports, store).await;
                let all =
                    after.len() == before.len() && new.writes.iter().all(|new| after.contains_key(&new.name));
                assert!(all || after == before, "half of it after {dies_after} writes");
                assert!(!matches!(told, Ok(Ok(_))) || all, "told yes, and it is not there");
                put(&ports, store, add([name("doc:last", "viewer", "user:last")])).await;
                assert_whole(&ports, store).await;
                told.is_ok()
            });
            if done {
                went_through = true;
                break;
            }
        }
        assert!(went_through, "more than 400 writes");
    }
}

#[test]
fn a_reader_whom_writers_have_left_behind_is_told_so_and_never_told_wrong() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let store = made(&ports).await;
        let some = |of: usize| {
            add((0..100).map(move |at| name(&format!("doc:{at:02}"), "viewer", &format!("user:{of}"))))
        };
        put(&ports, store, some(0)).await;
        put(&ports, store, some(1)).await;
        let slow = Blocks::new();
        let snapshot = open(&Ports { blocks: &slow, ..ports }, store).await;
        for of in 2..6 {
            put(&ports, store, some(of)).await;
        }
        let read = snapshot.tuple(name("doc:07", "viewer", "user:5")).await;
        assert!(read.is_err() && snapshot.is_outdated(), "{read:?}");
        let again = open(&Ports { blocks: &slow, ..ports }, store).await;
        assert!(again.tuple(name("doc:07", "viewer", "user:5")).await.unwrap().is_some());
        assert!(!again.is_outdated());
    });
}

#[test]
fn what_is_replaced_is_removed() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let store = made(&ports).await;
        let mut most = 0;
        for round in 0..300 {
            let long = |at: usize| NewTuple {
                name: name(&format!("doc:{at}"), "viewer", "user:a"),
                condition: Some(("c".into(), format!("{{\"x\":\"{}\"}}", "y".repeat(3_000)))),
            };
            put(&ports, store, Write { writes: (0..10).map(long).collect(), ..Write::default() }).await;
            let deletes = (0..10).map(|at| name(&format!("doc:{at}"), "viewer", "user:a")).collect();
            put(&ports, store, Write { deletes, ..Write::default() }).await;
            let log = 10 * (round + 1);
            most = most.max(world.store.len().saturating_sub(log));
        }
        assert!(most < 600, "{most} pages besides the log's");
        assert!(everything(&open(&ports, store).await).await.is_empty());
    });
}

#[test]
fn stores_are_listed_and_leave_nothing() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let empty = fga::list(&ports, None, None, None, 10).await.unwrap();
        assert_eq!(empty, (Vec::new(), None));
        let mut ids = Vec::new();
        for at in 0..25 {
            world.advance(domain::Secs(1));
            ids.push(
                fga::create(
                    &world.ports(),
                    if at % 5 == 0 { "five" } else { "one" },
                    (at % 2 == 0).then_some(TenantId::ROOT),
                )
                .await
                .unwrap()
                .id,
            );
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = fga::list(&ports, None, None, after, 10).await.unwrap();
            seen.extend(page.iter().map(|store| store.id));
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, ids);
        assert_eq!(fga::list(&ports, None, Some("five"), None, 10).await.unwrap().0.len(), 5);
        assert!(fga::list(&ports, None, Some("fiv"), None, 10).await.unwrap().0.is_empty());
        assert_eq!(fga::list(&ports, Some(TenantId::ROOT), None, None, 50).await.unwrap().0.len(), 13);
        let of_both = fga::list(&ports, Some(TenantId::ROOT), Some("five"), None, 50).await.unwrap();
        assert_eq!(of_both.0.len(), 3);
        let before = world.store.len();
        let store = made(&ports).await;
        for some in 0..30 {
            put(
                &ports,
                store,
                add((0..100).map(|at| name(&format!("doc:{at}"), "viewer", &format!("user:{some}")))),
            )
            .await;
        }
        assert!(world.store.len() > before + 50);
        assert_eq!(fga::delete(&ports, store).await.unwrap(), Deleted::Gone);
        assert!(fga::open(&ports, store).await.unwrap().is_none());
        let told = fga::write(&ports, store, add([name("doc:1", "viewer", "user:a")])).await.unwrap();
        assert_eq!(told, Err(Refusal::Gone));
        assert_eq!(fga::delete(&ports, store).await.unwrap(), Deleted::None);
        world.advance(domain::hours(4));
        kv_schema::sweep::sweep(&world.ports(), 1_000).await.unwrap();
        let left: Vec<_> =
            world.store.keys().into_iter().filter(|key| key.contains(&store.to_string())).collect();
        assert!(left.is_empty(), "{left:?}");
    });
}

#[test]
fn a_tenant_has_a_store_from_birth() {
    for first in 0..2 {
        let world = World::default();
        block_on(async {
            let ports = world.ports();
            let root = TenantId::ROOT.ulid();
            assert_eq!(open(&ports, root).await.revision(), 0);
            assert!(world.store.is_empty(), "looking writes nothing");
            let others: Vec<Blocks> = (0..16).map(|_| Blocks::new()).collect();
            let all = others.iter().enumerate().map(|(at, blocks)| async move {
                put(&Ports { blocks, ..ports }, root, add([name("doc:1", "viewer", &format!("user:{at}"))]))
                    .await
            });
            join_all(all.skip(first)).await;
            assert_eq!(assert_whole(&ports, root).await.len(), 16 - first);
            assert_eq!(fga::delete(&ports, root).await.unwrap(), Deleted::OfTenant);
            assert!(fga::open(&ports, Ulid::from_bytes([9; 16])).await.unwrap().is_none());
        });
    }
}

#[test]
fn a_tenants_store_goes_with_it() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let root = tenant::find(&ports, None).await.unwrap().unwrap();
        let tenant = match tenant::create(&ports, &root, "acme", "Acme").await.unwrap() {
            tenant::Made::New(tenant) => tenant,
            other => panic!("{other:?}"),
        };
        let id: Ulid = tenant.store.parse().unwrap();
        assert_eq!(open(&ports, id).await.owner(), Some(tenant.id));
        for some in 0..3 {
            let names = (0..100).map(|at| name(&format!("doc:{at}"), "viewer", &format!("user:{some}")));
            put(&ports, id, add(names)).await;
        }
        assert_eq!(tenant::delete(&ports, &tenant).await.unwrap(), tenant::Deleted::Gone);
        let fresh = Blocks::new();
        for ports in [ports, Ports { blocks: &fresh, ..ports }] {
            assert!(fga::open(&ports, id).await.unwrap().is_none());
        }
        let pages = world.store.keys().into_iter().filter(|key| key.contains("fga"));
        assert_eq!(pages.count(), 0);
    });
}

#[test]
fn models_come_newest_first_and_long_ones_whole() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let store = made(&ports).await;
        assert_eq!(open(&ports, store).await.latest_model(), None);
        let mut ids = Vec::new();
        for at in 0..12_u8 {
            let text = vec![at; 30_000 * usize::from(at)];
            let done = NewModel { text, plan: vec![at] }.put(&ports, store).await.unwrap().unwrap();
            ids.insert(0, done.model.unwrap());
        }
        let snapshot = open(&ports, store).await;
        assert_eq!(snapshot.latest_model(), ids.first().copied());
        let (page, next) = snapshot.models(None, 5).await.unwrap();
        assert_eq!(page.iter().map(|model| model.id).collect::<Vec<_>>(), ids[..5]);
        let (rest, end) = snapshot.models(next, 50).await.unwrap();
        assert_eq!((rest.iter().map(|model| model.id).collect::<Vec<_>>(), end), (ids[5..].to_vec(), None));
        assert_eq!(page[0].text, vec![11; 330_000]);
        assert_eq!(snapshot.plan(ids[3]).await.unwrap(), Some(vec![8]));
        assert_eq!(snapshot.model(Ulid::from_bytes([1; 16])).await.unwrap(), None);
    });
}

#[test]
fn changes_begin_where_they_are_asked_to() {
    let world = World::default();
    block_on(async {
        let store = made(&world.ports()).await;
        let mut middle = Moment::default();
        for at in 0..10 {
            world.advance(domain::Secs(10));
            if at == 5 {
                middle = world.now();
            }
            put(
                &world.ports(),
                store,
                add([name(&format!("{}:1", ["doc", "folder"][at % 2]), "viewer", &format!("user:{at}"))]),
            )
            .await;
        }
        let snapshot = open(&world.ports(), store).await;
        let since = snapshot.changes(None, Some(middle), 50, |_| true).await.unwrap();
        assert_eq!(since.items.len(), 5);
        let docs = snapshot.changes(None, None, 2, |name| name.object.starts_with("doc:")).await.unwrap();
        assert_eq!(docs.items.len(), 2);
        let more = snapshot
            .changes(docs.next.as_deref(), None, 50, |name| name.object.starts_with("doc:"))
            .await
            .unwrap();
        assert_eq!(more.items.len(), 3);
        let end = snapshot.changes(more.next.as_deref(), None, 50, |_| true).await.unwrap();
        assert_eq!((end.items.len(), &end.next), (0, &more.next), "the place stays");
    });
}
