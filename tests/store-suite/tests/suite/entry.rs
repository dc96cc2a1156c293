//! What `spin_ports::serve!` makes of requests, settings and the clock.

use rig::{Options, Store, System};
use serde_json::json;

fn options() -> Options {
    Options::of("tests/store-suite/spin.toml").store(Store::Memory)
}

fn serve(options: Options) -> Option<System> {
    if let Some(why) = options.impossible() {
        rig::skipped("the entry", why);
        return None;
    }
    Some(System::start(options))
}

#[test]
fn misconfigured_says_so_and_only_the_log_says_what() {
    let Some(system) = serve(options().variable("public_url", "nowhere")) else { return };
    let answer = system.client().get("/now");
    assert_eq!((answer.status, answer.code()), (500, "misconfigured"));
    assert!(!answer.text.contains("public_url"), "{}", answer.text);
    assert_eq!(
        (answer.header("cache-control"), answer.header("x-content-type-options")),
        ("no-store", "nosniff")
    );
    let told = || system.log().iter().any(|line| line.contains("set the variable public_url"));
    assert!(rig::wait_until(std::time::Duration::from_secs(5), told), "{:?}", system.log());
}

#[test]
fn head_is_get_without_the_body() {
    let Some(system) = serve(options()) else { return };
    let get = system.client().get("/now");
    let head = system.client().send("HEAD", "/now", None);
    assert_eq!((get.status, head.status), (200, 200));
    assert!(head.text.is_empty());
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_ne!(head.header("content-length"), "0");
}

#[test]
fn the_clock_is_the_platforms() {
    let Some(mut system) = serve(options()) else { return };
    let now = |system: &System| system.client().get("/now").json["now"].as_u64().unwrap();
    let before = now(&system);
    system.advance(86_400);
    assert!((86_400..86_460).contains(&(now(&system) - before)));
}

#[test]
fn not_found_method_not_allowed_and_bad_bodies_are_refused_in_one_form() {
    let Some(system) = serve(options()) else { return };
    let mut client = system.client();
    let mut refusal = |method: &str, path: &str, body: &str| {
        let answer = client.send(method, path, Some(("application/json", body.as_bytes())));
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(!answer.header("x-request-id").is_empty());
        (answer.status, answer.code().to_owned())
    };
    assert_eq!(refusal("POST", "/nothing", "{}"), (404, "not_found".into()));
    assert_eq!(refusal("POST", "//get", "{}"), (404, "not_found".into()));
    assert_eq!(refusal("POST", "/x/../get", "{}"), (404, "not_found".into()));
    assert_eq!(refusal("PUT", "/get", "{}"), (405, "method_not_allowed".into()));
    assert_eq!(refusal("POST", "/get", "{"), (400, "malformed_json".into()));
    assert_eq!(refusal("POST", "/get", "{\"key\":7}"), (422, "invalid_field".into()));
}

/// Values cross the platform's interfaces as they are: 128 requests of one instance see each other's writes and nobody's state.
#[test]
fn one_instance_keeps_its_requests_apart() {
    let Some(system) = serve(options().reuse(128, 16)) else { return };
    let echoes = rig::parallel(64, |number| {
        let body = json!({ "number": number, "text": "x".repeat(number * 100) });
        system.client().post("/echo", &body).json["body"] == body
    });
    assert!(echoes.iter().all(|same| *same));
}
