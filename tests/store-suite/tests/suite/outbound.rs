//! `ports::Fetch`: what goes out, what comes back, what is refused.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use rig::{Options, Store, System};
use serde_json::{Value, json};

/// What the other server was sent, request by request.
type Sent = Arc<Mutex<Vec<String>>>;

/// A server that answers by path.
fn other_server() -> (String, Sent) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let sent = Sent::default();
    let heard = sent.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let heard = heard.clone();
            std::thread::spawn(move || answer(&stream, &heard));
        }
    });
    (address, sent)
}

fn answer(mut stream: &TcpStream, heard: &Sent) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0; length.expect("a length: not every API takes chunks")];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    heard.lock().unwrap().push(format!("{head}{body}"));
    let text = |size: usize| {
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n{}", "y".repeat(size))
    };
    let answer = match path.as_str() {
        "/moved" => "HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/secret\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/large" => text(1024 * 1024),
        "/larger" => text(1024 * 1024 + 1),
        "/broken" => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_owned(),
        // Says nothing, and does not hang up either.
        "/silent" => {
            std::thread::sleep(std::time::Duration::from_secs(60));
            return;
        }
        _ => text(5),
    };
    // Whoever has heard enough hangs up.
    let _ = stream.write_all(answer.as_bytes());
}

fn ask(system: &System, url: &str, body: &str) -> Value {
    system.client().post("/fetch", &json!({ "url": url, "body": body })).expect(200)
}

#[test]
fn another_server_is_asked_as_granted_and_read_as_far_as_allowed() {
    let (address, sent) = other_server();
    let options =
        Options::of("tests/store-suite/spin.toml").store(Store::Memory).variable("other_server", &address);
    if let Some(why) = options.impossible() {
        return rig::skipped("outbound HTTP", why);
    }
    let system = System::start(options);

    let answer = ask(&system, &format!("{address}/plain?a=1"), "hello there");
    assert_eq!((&answer["status"], &answer["text"]), (&json!(200), &json!("yyyyy")));
    let heard = sent.lock().unwrap().join("\n");
    assert!(heard.starts_with("POST /plain?a=1 HTTP/1.1"), "{heard}");
    assert!(heard.contains("x-asked: by the guest") && heard.ends_with("\r\n\r\nhello there"), "{heard}");

    let moved = ask(&system, &format!("{address}/moved"), "");
    assert_eq!(
        (&moved["status"], &moved["location"]),
        (&json!(302), &json!("http://10.0.0.1/secret")),
        "not followed"
    );
    assert_eq!(ask(&system, &format!("{address}/large"), "")["length"], 1024 * 1024);
    assert_eq!(ask(&system, &format!("{address}/larger"), "")["failed"], "too large");
    assert!(ask(&system, &format!("{address}/broken"), "")["failed"].is_string(), "half an answer is none");

    let before = sent.lock().unwrap().len();
    assert_eq!(ask(&system, "http://127.0.0.2:9/", "")["failed"], "forbidden", "not granted");
    assert_eq!(
        ask(&system, "http://169.254.169.254/latest/meta-data", "")["failed"],
        "forbidden",
        "not granted"
    );
    assert_eq!(sent.lock().unwrap().len(), before);

    let start = std::time::Instant::now();
    let silent = ask(&system, &format!("{address}/silent"), "");
    let took = start.elapsed().as_secs();
    assert!(silent["failed"].as_str().unwrap().contains("10 s"), "{silent}");
    assert!((9..20).contains(&took), "{took} s");
}

#[test]
fn a_server_that_is_away_is_a_failure_not_an_error_of_ours() {
    let options = Options::of("tests/store-suite/spin.toml")
        .store(Store::Memory)
        .variable("other_server", "http://127.0.0.1:9");
    if let Some(why) = options.impossible() {
        return rig::skipped("outbound HTTP", why);
    }
    let failed = ask(&System::start(options), "http://127.0.0.1:9/x?key=secret", "")["failed"].to_string();
    assert!(failed.contains("no connection") && !failed.contains("secret"), "{failed}");
}
