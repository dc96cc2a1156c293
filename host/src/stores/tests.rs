//! What each store promises, and where it fails as its model does.

use std::sync::Arc;

use bindings::kv::{KvError, Store, SwapError};
use tokio::time::{Duration, timeout};

use super::*;

/// A database that goes with the test.
fn sqlite() -> (tempfile::TempDir, Arc<dyn Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join(DATABASE)).unwrap();
    (folder, Arc::new(store))
}

fn calm() -> Temper {
    Temper { increment_fails: 0, ..Temper::default() }
}

type Named = (&'static str, Arc<dyn Store>);

/// Every store that needs no server.
fn all() -> (tempfile::TempDir, Vec<Named>) {
    let (folder, sqlite) = sqlite();
    let stores: Vec<Named> = vec![
        ("sqlite", sqlite),
        ("memory", Arc::new(Memory::default())),
        ("hostile", Arc::new(Hostile::new(calm()))),
    ];
    (folder, stores)
}

#[tokio::test]
async fn values_are_kept_and_own_writes_are_seen() {
    let (_folder, stores) = all();
    for (name, store) in stores {
        assert_eq!(store.get("a").await.unwrap(), None, "{name}");
        store.set("a", b"1".to_vec()).await.unwrap();
        store.set("a", b"2".to_vec()).await.unwrap();
        store.set("b", Vec::new()).await.unwrap();
        assert_eq!(store.get("a").await.unwrap().as_deref(), Some(&b"2"[..]), "{name}");
        assert_eq!(store.get("b").await.unwrap().as_deref(), Some(&b""[..]), "{name}");
        assert!(store.exists("b").await.unwrap() && !store.exists("c").await.unwrap());
        store.set_many(vec![("c".into(), b"3".to_vec()), ("d".into(), b"4".to_vec())]).await.unwrap();
        store.delete_many(vec!["d".into(), "absent".into()]).await.unwrap();
        store.delete("b").await.unwrap();
        store.delete("b").await.unwrap();
        let mut keys = store.keys().await.unwrap();
        keys.sort();
        assert_eq!(keys, ["a", "c"], "{name}");
        let (mut listed, ended) = store.stream_keys().await;
        let mut keys = Vec::new();
        while let Some(key) = listed.recv().await {
            keys.push(key);
        }
        keys.sort();
        assert_eq!((keys, ended.await.unwrap()), (vec!["a".to_owned(), "c".to_owned()], Ok(())), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_increment_is_lost() {
    let (_folder, stores) = all();
    for (name, store) in stores {
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let store = store.clone();
            running.spawn(async move { store.increment("n", 1).await.unwrap() });
        }
        let mut sums = running.join_all().await;
        sums.sort_unstable();
        assert_eq!(sums, (1..=64).collect::<Vec<_>>(), "{name}");
        assert_eq!(store.increment("n", -65).await.unwrap(), -1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_swaps_on_one_value_one_lands() {
    let (_folder, stores) = all();
    for (name, store) in stores {
        store.set("a", b"old".to_vec()).await.unwrap();
        let mut running = tokio::task::JoinSet::new();
        for turn in 0..32 {
            let store = store.clone();
            running.spawn(async move {
                let attempt = store.cas("a").await.unwrap();
                if attempt.current().await.unwrap().as_deref() != Some(b"old") {
                    return false;
                }
                attempt.swap(format!("new {turn}").into_bytes()).await.is_ok()
            });
        }
        let landed = running.join_all().await.into_iter().filter(|landed| *landed).count();
        // The hostile store may deny the one that landed.
        assert!(landed == 1 || (name == "hostile" && landed == 0), "{name}: {landed}");
        assert_ne!(store.get("a").await.unwrap().unwrap(), b"old", "{name}");
    }
}

#[tokio::test]
async fn a_swap_after_a_change_fails() {
    let (_folder, stores) = all();
    for (name, store) in stores {
        store.set("a", b"1".to_vec()).await.unwrap();
        let attempt = store.cas("a").await.unwrap();
        attempt.current().await.unwrap();
        store.set("a", b"2".to_vec()).await.unwrap();
        assert!(matches!(attempt.swap(b"3".to_vec()).await, Err(SwapError::Failed)), "{name}");
        assert_eq!(store.get("a").await.unwrap().as_deref(), Some(&b"2"[..]), "{name}");
    }
}

/// What came in between: claimed by one, claimed by the other, both told the same?
async fn two_claim_what_is_absent(store: &dyn Store) -> (bool, bool) {
    let (first, second) = (store.cas("claim").await.unwrap(), store.cas("claim").await.unwrap());
    assert!(first.current().await.unwrap().is_none() && second.current().await.unwrap().is_none());
    (first.swap(b"1".to_vec()).await.is_ok(), second.swap(b"2".to_vec()).await.is_ok())
}

#[tokio::test]
async fn an_absent_key_is_exclusive_in_memory_and_nowhere_else() {
    assert_eq!(two_claim_what_is_absent(&Memory::default()).await, (true, false));
    let (_folder, sqlite) = sqlite();
    assert_eq!(two_claim_what_is_absent(&*sqlite).await, (true, true), "under Spin SQLite overwrites");
    assert_eq!(sqlite.get("claim").await.unwrap().unwrap(), b"2");
    let hostile = Hostile::new(Temper { cas_always_fails: true, ..calm() });
    assert_eq!(two_claim_what_is_absent(&hostile).await, (false, false));
    assert_eq!(hostile.get("claim").await.unwrap().unwrap(), b"2", "it landed all the same");
}

#[tokio::test]
async fn foreign_bytes_poison_sqlite() {
    let (folder, sqlite) = sqlite();
    sqlite.set("a", b"text".to_vec()).await.unwrap();
    assert!(matches!(sqlite.increment("a", 1).await, Err(KvError::Panicked(_))));
    assert!(matches!(sqlite.get("b").await, Err(KvError::Panicked(_))), "every later call fails");
    drop(sqlite);
    let again = Sqlite::open(&folder.path().join(DATABASE)).unwrap();
    assert_eq!(again.get("a").await.unwrap().unwrap(), b"text", "until a restart");
    let memory = Memory::default();
    memory.set("a", b"text".to_vec()).await.unwrap();
    assert!(matches!(memory.increment("a", 1).await, Err(KvError::Other(_))));
    assert!(memory.get("a").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_of_sqlite_keeps_everybody_else_waiting() {
    let (_folder, sqlite) = sqlite();
    for key in 0..20 {
        sqlite.set(&format!("k{key}"), b"x".to_vec()).await.unwrap();
    }
    let (mut keys, _ended) = sqlite.stream_keys().await;
    keys.recv().await.unwrap();
    assert!(timeout(Duration::from_millis(200), sqlite.get("k1")).await.is_err(), "under Spin it hangs");
    drop(keys);
    assert!(
        timeout(Duration::from_secs(2), sqlite.get("k1")).await.unwrap().is_ok(),
        "until the listing is dropped"
    );
}

#[tokio::test]
async fn hostile_increments_fail_with_and_without_having_happened() {
    let hostile = Hostile::new(Temper { increment_fails: 2, ..Temper::default() });
    let (mut failed, mut counted) = (0, 0);
    for _ in 0..200 {
        match hostile.increment("n", 1).await {
            Ok(_) => counted += 1,
            Err(_) => failed += 1,
        }
    }
    let sum = i64::from_le_bytes(hostile.get("n").await.unwrap().unwrap().try_into().unwrap());
    assert!(failed > 50 && counted > 50, "{failed} failed, {counted} did not");
    assert!(sum > counted && sum < counted + failed, "some of the failed happened, some did not: {sum}");
}

#[tokio::test]
async fn get_many_is_of_no_use_on_the_hostile_store() {
    let hostile = Hostile::new(calm());
    hostile.set("a", b"1".to_vec()).await.unwrap();
    assert!(hostile.get_many(vec!["a".into()]).await.is_err());
}

#[tokio::test]
async fn the_end_comes_right_before_the_write_that_is_one_too_many() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static ENDS: AtomicUsize = AtomicUsize::new(0);
    let store = Counted::new(Arc::new(Memory::default()), 3, || {
        ENDS.fetch_add(1, Ordering::SeqCst);
    });
    store.set("a", b"1".to_vec()).await.unwrap();
    store.increment("n", 1).await.unwrap();
    let attempt = store.cas("a").await.unwrap();
    attempt.current().await.unwrap();
    store.get("a").await.unwrap();
    attempt.swap(b"2".to_vec()).await.unwrap();
    assert_eq!(ENDS.load(Ordering::SeqCst), 0);
    store.delete("a").await.unwrap();
    assert_eq!(ENDS.load(Ordering::SeqCst), 1);
}

#[test]
fn a_database_with_another_table_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(DATABASE);
    rusqlite::Connection::open(&file).unwrap().execute("CREATE TABLE spin_key_value (x TEXT)", []).unwrap();
    let told = format!("{:#}", Sqlite::open(&file).unwrap_err());
    assert!(told.contains("not Spin's"), "{told}");
}

#[tokio::test]
async fn only_the_default_store_is_there() {
    let labels = Labels(Arc::new(Memory::default()));
    assert!(labels.open("default").await.is_ok());
    for label in ["", "Default", "other"] {
        assert!(matches!(labels.open(label).await, Err(KvError::NoSuchStore)), "{label}");
    }
}
