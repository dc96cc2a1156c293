//! The common rules, on the running system: every kind of bad input gets its answer, and none of them is a 5xx.

use flows::{BOOTSTRAP, administrator};
use rig::{Options, System};
use serde_json::json;

#[test]
fn bad_input_gets_its_answer() {
    let system = System::start(Options::house());
    let mut client = system.client();
    let json_type = "application/json";
    for (method, path, body, status, code) in [
        ("GET", "/nowhere", None, 404, "not_found"),
        ("GET", "/session/../admin/tenants", None, 404, "not_found"),
        ("GET", "/magic-link", None, 405, "method_not_allowed"),
        ("PUT", "/session", None, 405, "method_not_allowed"),
        ("POST", "/magic-link", Some((json_type, "{")), 400, "malformed_json"),
        ("POST", "/magic-link", Some((json_type, "{}")), 422, "invalid_field"),
        ("POST", "/magic-link", Some((json_type, "{\"email\":7}")), 422, "invalid_field"),
        ("POST", "/magic-link", Some((json_type, "{\"email\":\"a@b@c.example\"}")), 422, "invalid_field"),
        ("POST", "/magic-link", Some(("text/plain", "{}")), 415, "unsupported_media_type"),
        ("POST", "/passkey/sign-in/verify", Some((json_type, "{}")), 422, "invalid_field"),
        ("POST", "/step-up/assess", Some((json_type, "{\"handoff\":7}")), 422, "invalid_field"),
        ("GET", "/session", None, 401, "unauthorized"),
        ("GET", "/passkey/credentials", None, 401, "unauthorized"),
        ("GET", "/admin/tenants", None, 401, "unauthorized"),
        ("POST", "/janitor", Some((json_type, "{}")), 401, "unauthorized"),
    ] {
        let body = body.map(|(media, text): (&str, &str)| (media, text.as_bytes()));
        let answer = client.send(method, path, body);
        assert_eq!((answer.status, answer.code()), (status, code), "{method} {path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        assert!(
            !answer.header("x-request-id").is_empty() && answer.json["detail"].is_string(),
            "{method} {path}"
        );
        assert_eq!(answer.status == 405, !answer.header("allow").is_empty(), "{method} {path}");
    }
}

/// PROTOCOLS: attack case 45.
#[test]
fn huge_input_gets_a_4xx_and_hurts_nobody() {
    let system = System::start(Options::house());
    let mut client = system.client();
    let deep = format!("{{\"email\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let large = format!("{{\"email\":\"{}\"}}", "a".repeat(1 << 20));
    for path in [
        "/magic-link",
        "/magic-link/confirm",
        "/passkey/sign-in/options",
        "/passkey/sign-in/verify",
        "/step-up/assess",
        "/session",
    ] {
        let answer = client.send("POST", path, Some(("application/json", deep.as_bytes())));
        assert!((400..500).contains(&answer.status), "{path} deep: {}", answer.status);
        let answer = client.send("POST", path, Some(("application/json", large.as_bytes())));
        assert_eq!(answer.status, 413, "{path} large");
    }
    let query = "a=b&".repeat(10_000);
    let answer = client.get(&format!("/session?{query}"));
    assert!((400..500).contains(&answer.status), "a long query: {}", answer.status);
    let cookies = client
        .clone()
        .with("cookie", &format!("session={}", "x".repeat(60_000)))
        .try_send("GET", "/session", None);
    assert!(
        cookies.is_err() || cookies.is_ok_and(|answer| (400..500).contains(&answer.status)),
        "a long cookie"
    );
    assert_eq!(client.get("/session").status, 401, "still there");
}

/// PROTOCOLS: attack cases 33 and 34.
#[test]
fn forged_headers_change_nothing() {
    let system = System::start(Options::house());
    let forged = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example"),
        ("spin-full-url", "https://evil.example/"),
        ("spin-path-info", "/admin/tenants"),
        ("spin-client-addr", "6.6.6.6:6"),
    ];
    let mut client = forged.iter().fold(system.client(), |client, (name, value)| client.with(name, value));
    client.post("/magic-link", &json!({ "email": "ada@acme.example" })).expect(202);
    let mail = flows::newest_mail(&mut client, "ada@acme.example");
    assert!(mail["link"].as_str().unwrap().starts_with(&system.origin()), "{mail}");
    assert!(!mail.to_string().contains("evil.example"));
    assert_eq!(client.get("/admin/tenants").status, 401);
}

/// PROTOCOLS: attack case 42.
#[test]
fn known_and_unknown_addresses_get_the_same() {
    let system = System::start(Options::house());
    flows::sign_in_by_link(&mut system.client(), "ada@acme.example", None);
    for path in ["/magic-link", "/passkey/sign-in/options"] {
        let shape = |email: &str| {
            let mut one = system.client();
            let answer = one.post(path, &json!({ "email": email }));
            let mut keys: Vec<String> = answer.json.as_object().unwrap().keys().cloned().collect();
            keys.sort();
            (answer.status, keys, one.cookies.keys().cloned().collect::<Vec<_>>())
        };
        assert_eq!(shape("ada@acme.example"), shape("nobody@acme.example"), "{path}");
    }
}

#[test]
fn requests_of_other_sites_are_refused() {
    let system = System::start(Options::house());
    let mut browser = system.client();
    flows::sign_in_by_link(&mut browser, "ada@acme.example", None);
    for (method, path) in
        [("DELETE", "/session"), ("DELETE", "/session/all"), ("POST", "/passkey/register/options")]
    {
        let mut elsewhere = browser.clone().with("origin", "https://evil.example");
        let answer = elsewhere.send(method, path, Some(("application/json", b"{}")));
        assert_eq!((answer.status, answer.code()), (403, "cross_site"), "{method} {path}");
    }
    assert_eq!(browser.get("/session").status, 200);
}

#[test]
fn the_administration_is_for_its_token_alone() {
    let system = System::start(Options::house());
    for token in ["", "wrong", &BOOTSTRAP[1..], &format!("{BOOTSTRAP}x")] {
        let mut client = system.client().with("authorization", &format!("Bearer {token}"));
        assert_eq!(client.get("/admin/tenants").status, 401, "{token}");
    }
    let mut admin = administrator(&system);
    let made = admin.post("/admin/tenants", &json!({ "name": "Acme", "slug": "acme" })).expect(201);
    assert_eq!(admin.get("/admin/tenants/acme").expect(200)["id"], made["id"]);
    assert_eq!(admin.post("/admin/tenants", &json!({ "name": "Acme", "slug": "acme" })).status, 409);
}

#[test]
fn the_openapi_document_is_served() {
    let system = System::start(Options::house());
    let document = system.client().get("/openapi.json").expect(200);
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    assert!(document["paths"]["/magic-link"]["post"].is_object());
}

#[test]
fn the_well_known_files_are_public() {
    let system = System::start(Options::house());
    let mut client = system.client();
    assert_eq!(client.get("/.well-known/webauthn").expect(200), json!({ "origins": [system.origin()] }));
    let endpoints = client.get("/.well-known/passkey-endpoints").expect(200);
    assert!(endpoints["enroll"].as_str().is_some_and(|url| url.starts_with(&system.origin())), "{endpoints}");
}
