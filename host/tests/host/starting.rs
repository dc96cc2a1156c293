//! How it starts, why it does not, and how it ends.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    time::{Duration, Instant},
};

use crate::guest;
use crate::support::{Host, MANIFEST};

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = crate::support::command(folder, arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(output.stdout.is_empty(), "nothing is ready");
    assert!(told.starts_with("latchkey-host: "), "{told}");
    told
}

/// A folder with a manifest, its guest being this file.
fn house(guest: &Path, change: impl Fn(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("notes")).unwrap();
    fs::write(folder.path().join("logo.txt"), "a logo").unwrap();
    fs::write(
        folder.path().join("spin.toml"),
        change(MANIFEST.replace("GUEST", &guest.display().to_string())),
    )
    .unwrap();
    folder
}

#[test]
fn what_is_missing_is_named() {
    let missing = house(Path::new("gone.wasm"), |page| page);
    let told = refused(missing.path(), &[]);
    assert!(told.contains("gone.wasm` is missing: build it first (`cargo xtask build`)"), "{told}");
    let empty = tempfile::tempdir().unwrap();
    assert!(refused(empty.path(), &[]).contains("spin.toml` cannot be read"));
}

#[test]
fn a_manifest_that_means_nothing_is_refused() {
    let nowhere = Path::new("gone.wasm");
    for (from, to, part) in [
        ("name = \"deeds\"", "name = ", "spin.toml"),
        ("{{ greeting }}", "{{ greting }}", "no variable `greting`"),
        ("greeting = { default = \"hello\" }", "greeting = { required = true }", "SPIN_VARIABLE_GREETING"),
        ("http://self", "self", "https://host"),
        ("component = \"other\"", "component = \"another\"", "`another`, which is not defined"),
    ] {
        let told = refused(house(nowhere, |page| page.replacen(from, to, 1)).path(), &[]);
        assert!(told.contains(part), "{to}: {told}");
    }
}

#[test]
fn a_guest_that_is_none_is_refused() {
    let folder = house(Path::new("a.wasm"), |page| page);
    fs::write(folder.path().join("a.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
    let told = refused(folder.path(), &[]);
    assert!(told.contains("must export wasi:http/handler@0.3.0"), "{told}");
}

#[test]
fn a_port_in_use_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = house(Path::new("gone.wasm"), |page| page);
    let address = taken.local_addr().unwrap().to_string();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_latchkey-host"));
    command
        .arg("--manifest")
        .arg(folder.path().join("spin.toml"))
        .arg("--state")
        .arg(folder.path().join("state"));
    let output = command.args(["--listen", &address]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("is in use; choose another with --listen"), "{told}");
}

#[test]
fn a_second_start_takes_no_time() {
    let guest = guest!();
    drop(Host::start(&guest, &[]));
    // The best of five: the machine may be busy with other tests.
    let took = (0..5).map(|_| {
        let started = Instant::now();
        let host = Host::start(&guest, &[]);
        let took = started.elapsed();
        assert_eq!(host.get("/wait?ms=0").status, 200);
        took
    });
    let took = took.min().unwrap();
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn it_finishes_what_runs_before_it_ends() {
    let guest = guest!();
    for signal in ["TERM", "INT"] {
        let host = Host::start(&guest, &[]);
        std::thread::scope(|scope| {
            let running = scope.spawn(|| host.get("/wait?ms=800"));
            std::thread::sleep(Duration::from_millis(200));
            host.signal(signal);
            assert_eq!(running.join().unwrap().body, "waited");
        });
        let started = Instant::now();
        assert!(host.ended().0.success());
        assert!(started.elapsed() < Duration::from_secs(4));
    }
}

#[test]
fn a_guest_that_will_not_end_does_not_keep_it() {
    let host = Host::start(&guest!(), &[]);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| host.try_send("GET /spin?ms=0 HTTP/1.1\r\nhost: a\r\n\r\n"));
        std::thread::sleep(Duration::from_millis(200));
        host.signal("TERM");
        let started = Instant::now();
        assert!(running.join().unwrap().is_err());
        assert!(started.elapsed() < Duration::from_secs(8));
    });
    assert!(host.ended().0.success());
}

#[test]
fn imports_are_listed_one_a_line() {
    let guest = guest!();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_latchkey-host"))
        .arg("imports")
        .arg(&guest)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for import in
        ["spin:key-value/key-value@3.0.0", "wasi:http/types@0.3.0", "wasi:keyvalue/atomics@0.2.0-draft2"]
    {
        assert!(told.lines().any(|line| line == import), "{import} is not in\n{told}");
    }
}
