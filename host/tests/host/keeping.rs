//! A real guest and its store: what it costs, what survives, how each store fails.

use std::{
    net::TcpListener,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::guest;
use crate::support::Host;

#[test]
fn counters_tell_what_a_request_cost() {
    let host = Host::start(&guest!(), &["--kv-counters", "--concurrent", "1", "--store", "memory"]);
    for (path, reads, writes) in [
        ("/wait?ms=0", "0", "0"),
        ("/set?key=a&value=b", "0", "1"),
        ("/value?key=a", "1", "0"),
        ("/swap?key=a&value=c", "1", "1"),
    ] {
        let answer = host.get(path);
        assert_eq!(answer.header("x-latchkey-kv-reads"), Some(reads), "{path}");
        assert_eq!(answer.header("x-latchkey-kv-writes"), Some(writes), "{path}");
    }
    let host = Host::start_in(tempfile::tempdir().unwrap(), &guest!(), &[], &[]);
    assert_eq!(host.get("/value?key=a").header("x-latchkey-kv-reads"), None);
}

#[test]
fn what_was_written_is_there_after_kill_9() {
    let guest = guest!();
    let host = Host::start(&guest, &["--die-after-writes", "2"]);
    assert_eq!(host.get("/set?key=a&value=1").body, "Ok(())");
    assert_eq!(host.get("/add?key=n&value=5").body, "Ok(5)");
    assert_eq!(host.get("/value?key=a").body, "Ok(Some(\"1\"))", "reading is not counted");
    let died = host.try_send("GET /set?key=a&value=2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert!(died.is_err(), "{died:?}");
    let (status, folder) = host.ended();
    assert_eq!(status.signal(), Some(9));
    let host = Host::start_in(folder, &guest, &[], &[]);
    assert_eq!(host.get("/value?key=a").body, "Ok(Some(\"1\"))");
    assert_eq!(host.get("/add?key=n&value=1").body, "Ok(6)");
}

#[test]
fn the_database_is_spins() {
    let guest = guest!();
    let host = Host::start(&guest, &[]);
    host.get("/set?key=a&value=1");
    host.get("/add?key=n&value=258");
    host.signal("TERM");
    let (status, folder) = host.ended();
    assert!(status.success());
    let file = folder.path().join("state/sqlite_key_value.db");
    let database = rusqlite::Connection::open(&file).unwrap();
    let mut rows = database.prepare("SELECT store, key, value FROM spin_key_value ORDER BY key").unwrap();
    let rows: Vec<(String, String, Vec<u8>)> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let of = |key: &str, value: &[u8]| ("default".to_owned(), key.to_owned(), value.to_vec());
    assert_eq!(rows, [of("a", b"1"), of("n", &258_i64.to_le_bytes())]);
}

#[test]
fn an_increment_of_foreign_bytes_ends_sqlite_until_a_restart() {
    let guest = guest!();
    let host = Host::start(&guest, &[]);
    host.get("/set?key=a&value=text");
    for path in ["/add?key=a&value=1", "/value?key=b", "/set?key=b&value=1"] {
        assert_eq!(host.get(path).status, 500, "{path}");
    }
    assert_eq!(host.get("/wait?ms=0").status, 200);
    host.signal("TERM");
    let (_, folder) = host.ended();
    let host = Host::start_in(folder, &guest, &[], &[]);
    assert_eq!(host.get("/value?key=a").body, "Ok(Some(\"text\"))");
}

#[test]
fn keys_are_listed_both_ways() {
    let host = Host::start(&guest!(), &[]);
    for key in 0..20 {
        host.get(&format!("/set?key=k{key}&value=x"));
    }
    assert_eq!(host.get("/keys").body, "Ok(20)");
    assert_eq!(host.get("/list").body, "Ok(20)");
    assert_eq!(host.get("/many?key=k1&value=absent").body, "Ok(1)", "the absent one is left out");
}

#[test]
fn a_swap_on_what_was_seen_is_exact() {
    let guest = guest!();
    for store in ["sqlite", "memory"] {
        let host = Host::start(&guest, &["--store", store]);
        host.get("/set?key=a&value=1");
        assert_eq!(host.get("/swap?key=a&value=2").body, "Ok(Some(\"1\")) swapped", "{store}");
        assert_eq!(host.get("/value?key=a").body, "Ok(Some(\"2\"))");
    }
}

#[test]
fn a_swap_on_the_hostile_store_may_land_and_say_no() {
    let host = Host::start_in(
        tempfile::tempdir().unwrap(),
        &guest!(),
        &["--store", "hostile"],
        &[("LATCHKEY_HOSTILE_CAS", "always")],
    );
    host.get("/set?key=a&value=1");
    assert_eq!(host.get("/swap?key=a&value=2").body, "Ok(Some(\"1\")) failed, now Ok(Some(\"2\"))");
    assert!(host.get("/many?key=a&value=b").body.starts_with("Err"));
}

/// Debian's `redis-server`, with nothing written to disk.
struct Redis(Child, u16);

impl Redis {
    fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let started = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
            ])
            .arg(std::env::temp_dir())
            .stdout(Stdio::null())
            .spawn();
        let Ok(child) = started else {
            eprintln!("SKIPPED: there is no `redis-server` to test with");
            return None;
        };
        let redis = Self(child, port);
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(redis);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("redis-server does not answer")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn redis_fails_as_it_does_under_spin() {
    let guest = guest!();
    let Some(redis) = Redis::start() else { return };
    let host = Host::start(&guest, &["--store", &format!("redis://127.0.0.1:{}", redis.1)]);
    assert_eq!(host.get("/set?key=a&value=1").body, "Ok(())");
    assert_eq!(host.get("/add?key=n&value=5").body, "Ok(5)");
    assert_eq!(host.get("/value?key=n").body, "Ok(Some(\"5\"))", "its counters are text");
    assert!(host.get("/add?key=a2&value=1").body.starts_with("Ok(1)"));
    let swapped = host.get("/swap?key=a&value=2").body;
    assert_eq!(swapped, "Ok(Some(\"1\")) failed, now Ok(Some(\"2\"))", "it landed, and says that it failed");
    assert!(host.get("/many?key=a&value=n").body.starts_with("Err"), "two keys are an error");
    assert_eq!(host.get("/keys").body, "Ok(3)");
    assert_eq!(host.get("/list").body, "Ok(3)");
    drop(redis);
    assert!(
        host.get("/set?key=a&value=3").body.starts_with("Err"),
        "a store that is gone is an error, not a hang"
    );
}

#[test]
fn a_store_that_is_of_no_use_is_refused_at_the_start() {
    let guest = guest!();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::write(
        state.join("sqlite_key_value.db"),
        "this is no database, and it is long enough to be read as one",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("spin.toml"),
        crate::support::MANIFEST.replace("GUEST", guest.to_str().unwrap()),
    )
    .unwrap();
    refused(folder.path(), &[], "sqlite_key_value.db` is of no use");
    refused(
        folder.path(),
        &["--store", "redis://user:secret@127.0.0.1:9"],
        "Redis cannot be reached at `127.0.0.1:9`",
    );
}

fn refused(folder: &Path, arguments: &[&str], part: &str) {
    let output = crate::support::command(folder, arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains(part) && !told.contains("secret"), "{told}");
}
