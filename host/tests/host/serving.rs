//! A real guest on the real host: routes, grants, limits, and what happens when it misbehaves.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::Barrier,
    time::{Duration, Instant},
};

use crate::guest;
use crate::support::Host;

#[test]
fn routes_lead_where_the_manifest_says() {
    let host = Host::start(&guest!(), &[]);
    assert_eq!(host.get("/robots.txt").status, 203);
    assert_eq!(host.get("/robots.txt").body, "User-agent: *");
    assert_eq!(host.get("/.well-known/spin/health").body, "OK");
    assert_eq!(host.get("/.well-known/spin/nothing").status, 404);
    let info: serde_json::Value = serde_json::from_str(&host.get("/.well-known/spin/info").body).unwrap();
    assert_eq!(info, serde_json::json!({ "name": "deeds", "version": "1.2.3" }));
    let told = host.get("/t/acme/x/head?q=1").body;
    for line in [
        format!("GET http://{}/t/acme/x/head?q=1", host.address()),
        "spin-path-info: /x/head".into(),
        "spin-path-match-tenant: acme".into(),
        "spin-raw-component-route: /t/:tenant/...".into(),
        "spin-component-route: /t/:tenant".into(),
        "spin-matched-route: /t/:tenant/...".into(),
        "spin-base-path: /".into(),
        format!("spin-full-url: http://{}/t/acme/x/head?q=1", host.address()),
        format!("host: {}", host.address()),
    ] {
        assert!(told.lines().any(|told| told == line), "{line} is not in\n{told}");
    }
}

#[test]
fn a_forged_spin_header_comes_before_the_true_one() {
    let host = Host::start(&guest!(), &[]);
    let told = host
        .send("GET /head HTTP/1.1\r\nhost: a\r\nspin-client-addr: 6.6.6.6:1\r\nconnection: close\r\n\r\n")
        .body;
    let seen: Vec<_> = told.lines().filter_map(|line| line.strip_prefix("spin-client-addr: ")).collect();
    assert!(seen.len() == 2 && seen[0] == "6.6.6.6:1" && seen[1].starts_with("127.0.0.1:"), "{seen:?}");
    assert!(!told.contains("connection:"), "{told}");
}

#[test]
fn an_internal_host_from_outside_is_refused() {
    let host = Host::start(&guest!(), &[]);
    for name in ["hidden.spin.internal", "HIDDEN.spin.internal:80", "web.spin.internal"] {
        let answer = host.send(&format!("GET /head HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n"));
        assert_eq!((answer.status, answer.body.as_str()), (400, ""), "{name}");
    }
}

#[test]
fn a_private_component_is_reached_by_those_who_may_only() {
    let host = Host::start(&guest!(), &[]);
    let told = host.get("/get?url=http://hidden.spin.internal/a/head").body;
    assert!(told.starts_with("200 GET http://hidden.spin.internal/a/head"), "{told}");
    assert!(
        told.contains("spin-client-addr: 0.0.0.0:0") && told.contains("spin-path-info: /a/head"),
        "{told}"
    );
    assert_eq!(
        host.get("/other/get?url=http://hidden.spin.internal/a/head").body,
        "ErrorCode::HttpRequestDenied"
    );
    assert_eq!(host.get("/get?url=http://other.spin.internal/head").body, "ErrorCode::HttpRequestDenied");
    host.says("[other] refused: `http://hidden.spin.internal` is not in its allowed_outbound_hosts");
}

#[test]
fn the_network_is_open_as_far_as_it_is_named() {
    let guest = guest!();
    let far = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = far.local_addr().unwrap();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = far.accept().unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\nfar!").unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start_in(folder, &guest, &[], &[("SPIN_VARIABLE_FAR", &format!("http://{address}"))]);
    assert_eq!(host.get(&format!("/get?url=http://{address}/x?y=z")).body, "201 far!");
    let heard = heard.join().unwrap();
    assert!(
        heard.starts_with("GET /x?y=z HTTP/1.1\r\n") && heard.contains(&format!("host: {address}\r\n")),
        "{heard}"
    );
    // Nobody listens there any more.
    assert_eq!(host.get(&format!("/get?url=http://{address}/")).body, "ErrorCode::ConnectionRefused");
    for elsewhere in
        ["http://127.0.0.1:9/", "http://localhost:9/", "https://127.0.0.1/", "http://169.254.169.254/"]
    {
        assert_eq!(
            host.get(&format!("/get?url={elsewhere}")).body,
            "ErrorCode::HttpRequestDenied",
            "{elsewhere}"
        );
    }
    assert_eq!(
        host.get(&format!("/connect?to={}", host.address())).body,
        "false",
        "no socket beside the grants"
    );
}

#[test]
fn its_own_application_is_reached_by_those_who_may_only() {
    let host = Host::start(&guest!(), &[]);
    assert_eq!(host.get("/get?url=http://self.alt/robots.txt").body, "203 User-agent: *");
    assert_eq!(host.get("/other/get?url=http://self.alt/robots.txt").body, "ErrorCode::HttpRequestDenied");
}

#[test]
fn a_component_has_what_it_is_granted_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start_in(folder, &guest!(), &[], &[("SPIN_VARIABLE_GREETING", "good evening")]);
    assert_eq!(host.get("/variable?name=words").body, "good evening, world");
    assert!(host.get("/variable?name=secret").body.starts_with("Error::Undefined"), "not mapped to it");
    assert!(host.get("/other/variable?name=words").body.starts_with("Error::Undefined"));
    assert!(host.get("/variable?name=Words").body.starts_with("Error::InvalidName"));
    assert_eq!(host.get("/environment?name=MODE").body, "strict");
    assert!(host.get("/environment?name=PATH").body.contains("not found"));
    assert_eq!(host.get("/open?label=default").body, "Ok(()) Ok(())");
    assert_eq!(host.get("/open?label=elsewhere").body, "Err(Error::NoSuchStore) Err(Error::NoSuchStore)");
    assert_eq!(host.get("/open?label=foreign").body, "Err(Error::AccessDenied) Err(Error::AccessDenied)");
    assert_eq!(
        host.get("/other/open?label=default").body,
        "Err(Error::AccessDenied) Err(Error::AccessDenied)"
    );
}

#[test]
fn files_are_read_and_never_changed() {
    let host = Host::start(&guest!(), &[]);
    assert_eq!(host.get("/read?file=/notes/deep/a.txt").body, "a note");
    assert_eq!(host.get("/read?file=/art/logo.txt").body, "a logo");
    for file in ["/spin.toml", "/notes/../../spin.toml", "/etc/passwd", "/logo.txt"] {
        assert!(host.get(&format!("/read?file={file}")).body.contains("os error"), "{file}");
    }
    assert_eq!(host.get("/write?file=/notes/deep/a.txt").body, "false");
    assert_eq!(host.get("/write?file=/notes/new.txt").body, "false");
    assert!(!host.get("/other/read?file=/notes/deep/a.txt").body.contains("a note"));
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let host = Host::start(&guest!(), &["--max-body", "1000"]);
    let post = |head: &str, body: &str| {
        host.send(&format!("POST /body HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{head}\r\n\r\n{body}"))
    };
    let (fits, over) = ("x".repeat(1000), "x".repeat(1001));
    assert_eq!(post("content-length: 1000", &fits).body, "1000");
    assert_eq!(post("content-length: 1001", &over).status, 413);
    assert_eq!(post("transfer-encoding: chunked", &format!("3e8\r\n{fits}\r\n0\r\n\r\n")).body, "1000");
    assert_eq!(post("transfer-encoding: chunked", &format!("3e9\r\n{over}\r\n0\r\n\r\n")).status, 413);
    assert_eq!(host.get("/body").body, "0");
}

#[test]
fn a_trap_answers_500_and_hurts_nobody_else() {
    let host = Host::start(&guest!(), &["--concurrent", "1"]);
    let start = Barrier::new(5);
    std::thread::scope(|scope| {
        let trapping = scope.spawn(|| {
            start.wait();
            host.get("/trap?ms=200")
        });
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    host.get("/wait?ms=400").body
                })
            })
            .collect();
        let answer = trapping.join().unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (500, ""));
        assert!(waiting.into_iter().all(|thread| thread.join().unwrap() == "waited"));
    });
    assert_eq!(host.get("/wait?ms=1").body, "waited");
}

#[test]
fn a_trap_takes_its_instance_and_the_host_goes_on() {
    let host = Host::start(&guest!(), &["--concurrent", "16"]);
    std::thread::scope(|scope| {
        let neighbour = scope.spawn(|| host.get("/wait?ms=2000"));
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(host.get("/trap?ms=0").status, 500);
        assert_eq!(neighbour.join().unwrap().status, 500, "as under Spin: they shared an instance");
    });
    assert_eq!(host.get("/wait?ms=1").body, "waited");
    host.says("[web] instance ended");
}

#[test]
fn a_busy_guest_is_ended_and_delays_nobody() {
    let host = Host::start(&guest!(), &["--timeout", "6"]);
    std::thread::scope(|scope| {
        let busy: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let started = Instant::now();
                    (host.get("/spin?ms=0").status, started.elapsed())
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(200));
        let mut slowest = Duration::ZERO;
        for path in ["/wait?ms=0", "/other/wait?ms=0", "/.well-known/spin/health"].repeat(5) {
            let started = Instant::now();
            assert_eq!(host.get(path).status, 200);
            slowest = slowest.max(started.elapsed());
        }
        assert!(slowest < Duration::from_secs(3), "{slowest:?}");
        for thread in busy {
            let (status, took) = thread.join().unwrap();
            assert_eq!(status, 504);
            assert!(took < Duration::from_secs(12), "{took:?}");
        }
    });
    assert_eq!(host.get("/spin?ms=50").body, "spun");
}

#[test]
fn a_guest_that_gets_busy_after_it_waited_delays_nobody() {
    let host = Host::start(&guest!(), &["--timeout", "6"]);
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| host.get("/spin?after=50&ms=0").status);
        std::thread::sleep(Duration::from_millis(300));
        for _ in 0..5 {
            let started = Instant::now();
            assert_eq!(host.get("/wait?ms=0").status, 200);
            assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        }
        assert_eq!(busy.join().unwrap(), 504);
    });
}

#[test]
fn a_guest_that_waits_too_long_is_given_up() {
    let host = Host::start(&guest!(), &["--timeout", "0.5"]);
    let started = Instant::now();
    let answer = host.get("/wait?ms=60000");
    assert_eq!((answer.status, answer.body.as_str()), (504, ""));
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(host.get("/wait?ms=1").body, "waited");
}

#[test]
fn memory_ends_where_the_limit_is() {
    let host = Host::start(&guest!(), &["--max-memory", "33554432"]);
    assert_eq!(host.get("/grow?mib=8").body, "grown to 8");
    let told = host.get("/grow?mib=64").body;
    assert!(told.starts_with("full after "), "{told}");
    host.says("allowed (--max-memory)");
}

#[test]
fn time_passes_for_guests_as_the_file_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("offset");
    let host = Host::start(&guest!(), &["--clock-offset-file", file.to_str().unwrap()]);
    let now = || host.get("/now").body.parse::<i64>().unwrap();
    let before = now();
    std::fs::write(&file, "86400").unwrap();
    assert!((now() - before - 86_400).abs() < 5);
    assert_eq!(host.get("/wait?ms=50").body, "waited", "only the wall clock jumps");
}

#[test]
fn a_request_that_never_comes_is_not_waited_for() {
    let host = Host::start(&guest!(), &[]);
    let mut silent = std::net::TcpStream::connect(host.address()).unwrap();
    silent.write_all(b"GET / HT").unwrap();
    assert_eq!(host.get("/wait?ms=1").body, "waited");
    for broken in
        ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx"]
    {
        assert_eq!(host.send(broken).status, 400);
    }
    assert_eq!(host.send("GET /head HTTP/1.0\r\n\r\n").status, 400, "no host");
}
