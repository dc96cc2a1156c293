//! `POST /token`: which clients get a token, what is in it, and every way of being refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

use base64::{
    Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD as B64,
};
use domain::{Secs, hours, mins};
use jose::{Audience, Expected, Jwk, SigningKey, Unverified};
use kv_schema::{
    Change, Client, bearer,
    client::{self, Kind, Method, New, State},
    sweep, tenant,
};
use serde_json::{Map, Value, json};
use session::routes::answer;
use testkit::{Answer, Browser, World, block_on, join_all};

const US: &str = "http://localhost:3000";
const JWT_BEARER: &str = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

fn own_key() -> SigningKey {
    SigningKey::of(&[5; 32]).unwrap()
}

async fn register(world: &World, method: Method) -> (Client, String) {
    let ports = world.ports();
    let root = tenant::find(&ports, None).await.unwrap().unwrap();
    let new = New {
        name: "Orders".into(),
        kind: Kind::Machine,
        method,
        scopes: vec!["admin".into(), "fga:read".into(), "fga:check".into()],
        resources: vec!["https://api.acme.example/orders".into()],
        keys: if method.has_secret() { Vec::new() } else { vec![own_key().public().clone()] },
    };
    let (client, secret) = client::create(&ports, &root, new).await.unwrap().unwrap();
    (client, secret.map(|secret| secret.reveal().clone()).unwrap_or_default())
}

fn with_secret(world: &World) -> (Client, String) {
    block_on(register(world, Method::ClientSecretBasic))
}

fn signing(world: &World) -> Client {
    block_on(register(world, Method::PrivateKeyJwt)).0
}

fn basic(id: impl std::fmt::Display, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// A machine: no origin, no cookies.
fn machine() -> Browser {
    Browser::default().without("origin")
}

fn post(world: &World, header: Option<&str>, form: &str) -> Answer {
    let mut machine = machine();
    if let Some(header) = header {
        machine = machine.with("authorization", header);
    }
    block_on(machine.send_form(world, answer, "/token", form))
}

#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, answer.text_of("error").as_str()), (status, error), "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(
        (&answer.headers["cache-control"], &answer.headers["pragma"]),
        (&"no-store".parse().unwrap(), &"no-cache".parse().unwrap())
    );
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401);
    assert!(
        answer.json.as_object().unwrap().keys().all(|key| key.starts_with("error")),
        "nothing else is told"
    );
}

fn keys(world: &World) -> Vec<Jwk> {
    let told = block_on(machine().send(world, answer, "GET", "/jwks.json", Value::Null));
    assert_eq!(told.status, 200, "{}", told.text);
    serde_json::from_value(told.json["keys"].clone()).unwrap()
}

/// What is in a token, read as somebody else would: with the published keys.
fn claims(world: &World, token: &str, audience: &str) -> Map<String, Value> {
    let unverified = Unverified::parse(token).unwrap();
    let keys = keys(world);
    let key = keys.iter().find(|key| Some(key.kid()) == unverified.kid()).unwrap();
    let expected = Expected {
        typ: Some("at+jwt"),
        issuer: US,
        audience: Audience::Only(audience),
        now: world.now(),
        tolerance: Secs(0),
        most: hours(1),
    };
    unverified.verify(key, &expected).unwrap().1
}

#[test]
fn a_secret_in_the_header_or_in_the_form() {
    for method in [Method::ClientSecretBasic, Method::ClientSecretPost] {
        let world = World::default();
        let (client, secret) = block_on(register(&world, method));
        let in_form = format!("grant_type=client_credentials&client_id={}&client_secret={secret}", client.id);
        let header = basic(client.id, &secret);
        let with_id = format!("grant_type=client_credentials&client_id={}", client.id);
        for told in [
            post(&world, Some(&header), "grant_type=client_credentials"),
            post(&world, Some(&header.replace("Basic", "basic")), &with_id),
            post(&world, None, &in_form),
            post(&world, None, &format!("{in_form}&unknown=1&scope=")),
        ] {
            assert_eq!(told.status, 200, "{}", told.text);
            assert_eq!(
                (&told.json["token_type"], &told.json["expires_in"]),
                (&json!("Bearer"), &json!(3_600))
            );
            assert_eq!(told.json["scope"], "admin fga:read fga:check", "all it has");
            assert_eq!(told.headers["cache-control"], "no-store");
            assert!(told.json.get("refresh_token").is_none());
        }
    }
}

/// RFC 9068 section 2.2.
#[test]
fn what_is_in_a_token() {
    let world = World::default();
    let (client, secret) = with_secret(&world);
    let header = basic(client.id, &secret);
    let told = post(&world, Some(&header), "grant_type=client_credentials&scope=fga:check+admin+admin");
    assert_eq!(told.json["scope"], "fga:check admin");
    let token = told.text_of("access_token");
    let claims = claims(&world, &token, US);
    let now = world.now().secs();
    let id = json!(client.id);
    let tenant = json!({ "id": domain::TenantId::ROOT, "slug": "root" });
    let wanted = json!({ "iss": US, "sub": id, "client_id": id, "aud": US, "iat": now, "exp": now + 3_600,
        "jti": claims["jti"], "scope": "fga:check admin", "tenant": tenant });
    assert_eq!(Value::Object(claims.clone()), wanted);
    let again = post(&world, Some(&header), "grant_type=client_credentials");
    assert_ne!(self::claims(&world, &again.text_of("access_token"), US)["jti"], claims["jti"]);
    let machine = block_on(bearer::authenticate(&world.ports(), &token)).unwrap().unwrap();
    assert!(machine.may("admin") && machine.may("fga:check") && !machine.may("fga:read"));
}

#[test]
fn for_whom_a_token_is() {
    let world = World::default();
    let (client, secret) = with_secret(&world);
    let header = basic(client.id, &secret);
    let api = "https://api.acme.example/orders";
    for (form, audience) in [
        ("", US),
        ("&resource=http%3A%2F%2Flocalhost%3A3000", US),
        ("&audience=http%3A%2F%2Flocalhost%3A3000%2F", US),
        ("&resource=https%3A%2F%2Fapi.acme.example%2Forders", api),
        ("&audience=https%3A%2F%2Fapi.acme.example%2Forders", api),
        (
            "&audience=https%3A%2F%2Fapi.acme.example%2Forders&resource=https%3A%2F%2Fapi.acme.example%2Forders",
            api,
        ),
    ] {
        let told = post(&world, Some(&header), &format!("grant_type=client_credentials{form}"));
        let token = told.text_of("access_token");
        assert_eq!(claims(&world, &token, audience)["aud"], audience, "{form}");
        let ours = block_on(bearer::authenticate(&world.ports(), &token)).unwrap();
        assert_eq!(ours.is_ok(), audience == US, "a token for another API is none for us");
    }
    for form in [
        "&resource=https%3A%2F%2Fother.example",
        "&audience=https%3A%2F%2Fapi.acme.example%2Forders%2F",
        "&resource=https%3A%2F%2Fapi.acme.example%2Forders&audience=http%3A%2F%2Flocalhost%3A3000",
        "&resource=x",
    ] {
        refused(
            &post(&world, Some(&header), &format!("grant_type=client_credentials{form}")),
            400,
            "invalid_target",
        );
    }
}

#[test]
fn invalid_scope() {
    let world = World::default();
    let (client, secret) = with_secret(&world);
    for scope in ["fga:write", "admin+fga:write", "ADMIN", "admin++fga:read", "+admin", "openid"] {
        let form = format!("grant_type=client_credentials&scope={scope}");
        refused(&post(&world, Some(&basic(client.id, &secret)), &form), 400, "invalid_scope");
    }
}

#[test]
fn invalid_request() {
    let world = World::default();
    let (client, secret) = with_secret(&world);
    let (id, header) = (client.id, basic(client.id, &secret));
    for (header, form) in [
        (Some(&header), String::new()),
        (Some(&header), "grant_type=".into()),
        (Some(&header), "grant_type=client_credentials&grant_type=client_credentials".into()),
        (Some(&header), "grant_type=client_credentials&scope=admin&scope=admin".into()),
        (Some(&header), "grant_type=client_credentials&resource=a%3Ab&resource=a%3Ac".into()),
        (None, format!("grant_type=client_credentials&client_id={id}&client_id={id}&client_secret={secret}")),
        // Two proofs, and two names: which would count?
        (Some(&header), format!("grant_type=client_credentials&client_secret={secret}")),
        (Some(&header), "grant_type=client_credentials&client_id=cli_01MAAAAAAAAAAAAAAAAAAAAAAA".into()),
        (
            Some(&header),
            format!(
                "grant_type=client_credentials&client_assertion_type={JWT_BEARER}&client_assertion=a.b.c"
            ),
        ),
        (
            None,
            format!(
                "grant_type=client_credentials&client_secret={secret}&client_assertion_type={JWT_BEARER}&client_assertion=a.b.c"
            ),
        ),
        (Some(&header), (0..60).map(|n| format!("p{n}=1&")).collect::<String>()),
    ] {
        refused(&post(&world, header.map(String::as_str), &form), 400, "invalid_request");
    }
    for body in [Some(("application/json", json!({ "grant_type": "client_credentials" }).to_string())), None]
    {
        let mut machine = machine().with("authorization", &header);
        refused(&block_on(machine.send_text(&world, answer, "POST", "/token", body)), 400, "invalid_request");
    }
    // What stands in the query ends up in logs: it does not count.
    let query = format!("/token?grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let told = block_on(machine().send_form(&world, answer, &query, "grant_type=client_credentials"));
    refused(&told, 401, "invalid_client");
    let told = block_on(machine().send(&world, answer, "GET", &query, Value::Null));
    assert_eq!((told.status, told.code()), (405, "method_not_allowed"));
}

#[test]
fn unsupported_grant_type() {
    let world = World::default();
    let (client, secret) = with_secret(&world);
    for grant in ["authorization_code", "password", "refresh_token", "Client_Credentials"] {
        let form = format!("grant_type={grant}&code=x&username=a&password=b");
        refused(&post(&world, Some(&basic(client.id, &secret)), &form), 400, "unsupported_grant_type");
    }
}

/// One refusal outside, whatever is wrong.
#[test]
fn invalid_client() {
    let world = World::default();
    let (client, secret) = with_secret(&world);
    let signing = signing(&world);
    let (_, other) = with_secret(&world);
    let wrong: String = secret.chars().take(secret.len() - 1).collect();
    let id = client.id;
    let mut texts = Vec::new();
    for (header, form) in [
        (None, String::new()),
        (None, format!("&client_id={id}")),
        (None, format!("&client_secret={secret}")),
        (None, format!("&client_id={id}&client_secret={wrong}")),
        (None, format!("&client_id={id}&client_secret={other}")),
        (None, format!("&client_id={id}&client_secret=lks_AAAA")),
        (None, format!("&client_id=cli_01MAAAAAAAAAAAAAAAAAAAAAAA&client_secret={secret}")),
        (None, format!("&client_id=acc_01MAAAAAAAAAAAAAAAAAAAAAAA&client_secret={secret}")),
        (None, format!("&client_id=..%2F..&client_secret={secret}")),
        (None, format!("&client_id={}&client_secret={secret}", signing.id)),
        (None, format!("&client_assertion=a.b.c&client_id={id}")),
        (None, "&client_assertion_type=urn%3Aother&client_assertion=a.b.c".into()),
        (Some(basic(id, "")), String::new()),
        (Some(basic(id, &wrong)), String::new()),
        (Some(basic("nobody", &secret)), String::new()),
        (Some(basic(id, &secret).replace("Basic ", "Bearer ")), String::new()),
        (Some("Basic".into()), String::new()),
        (Some("Basic ====".into()), String::new()),
        (Some(format!("Basic {}", STANDARD.encode("no colon"))), String::new()),
        (Some(format!("Basic {}", STANDARD.encode([255, 58, 255]))), String::new()),
    ] {
        let told = post(&world, header.as_deref(), &format!("grant_type=client_credentials{form}"));
        refused(&told, 401, "invalid_client");
        texts.push(told.text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "nobody learns which part was wrong");
    let log = world.log.0.borrow().join("\n");
    assert!(log.contains("WrongSecret") && !log.contains(&secret) && !log.contains(&wrong), "{log}");
}

#[test]
fn a_client_that_is_disabled_or_gone_gets_nothing() {
    let world = World::default();
    let (client, secret) = with_secret(&world);
    let header = basic(client.id, &secret);
    let ask = || post(&world, Some(&header), "grant_type=client_credentials");
    let set = |state| {
        block_on(client::update(&world.ports(), client.id, |client| {
            client.state = state;
            Change::Write(())
        }))
    };
    set(State::Disabled).unwrap();
    refused(&ask(), 401, "invalid_client");
    set(State::Active).unwrap();
    let token = ask().text_of("access_token");
    block_on(client::delete(&world.ports(), client.id, client.tenant)).unwrap();
    refused(&ask(), 401, "invalid_client");
    assert!(block_on(bearer::authenticate(&world.ports(), &token)).unwrap().is_err());
}

/// Wrong proofs are slowed down for each network; who has the right one gets in all the same.
#[test]
fn too_many_wrong_secrets() {
    let world = World::default();
    let (client, secret) = with_secret(&world);
    let wrong = basic(client.id, "wrong");
    for _ in 0..60 {
        refused(&post(&world, Some(&wrong), "grant_type=client_credentials"), 401, "invalid_client");
    }
    let told = post(&world, Some(&wrong), "grant_type=client_credentials");
    refused(&told, 429, "temporarily_unavailable");
    assert!(told.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 600);
    let right = basic(client.id, &secret);
    assert_eq!(post(&world, Some(&right), "grant_type=client_credentials").status, 200);
    let mut elsewhere = machine().with("spin-client-addr", "198.51.100.9:1").with("authorization", &wrong);
    let told = block_on(elsewhere.send_form(&world, answer, "/token", "grant_type=client_credentials"));
    refused(&told, 401, "invalid_client");
    world.advance(mins(10));
    refused(&post(&world, Some(&wrong), "grant_type=client_credentials"), 401, "invalid_client");
}

/// What a client signs for itself, changed.
fn assertion(world: &World, client: &Client, change: impl FnOnce(&mut Value)) -> String {
    let now = world.now().secs();
    let mut claims = json!({ "iss": client.id, "sub": client.id, "aud": US, "iat": now, "exp": now + 300,
        "jti": B64.encode(world.ports().entropy.bytes::<8>()) });
    change(&mut claims);
    own_key().sign("JWT", &claims).unwrap()
}

fn show(world: &World, assertion: &str, more: &str) -> Answer {
    let form = format!(
        "grant_type=client_credentials&client_assertion_type={JWT_BEARER}&client_assertion={assertion}{more}"
    );
    post(world, None, &form)
}

/// RFC 7523 section 3.
#[test]
fn a_client_may_sign() {
    let world = World::default();
    let client = signing(&world);
    for more in [String::new(), format!("&client_id={}", client.id)] {
        let told = show(&world, &assertion(&world, &client, |_| {}), &more);
        assert_eq!(told.status, 200, "{}", told.text);
        assert_eq!(claims(&world, &told.text_of("access_token"), US)["sub"], json!(client.id));
    }
    let without_iat =
        assertion(&world, &client, |claims| drop(claims.as_object_mut().unwrap().remove("iat")));
    assert_eq!(show(&world, &without_iat, "").status, 200);
}

/// PROTOCOLS: attack case 37.
#[test]
fn an_assertion_for_somebody_else_too_long_or_too_old_is_refused() {
    let world = World::default();
    let client = signing(&world);
    let now = world.now().secs();
    let (_, secret) = with_secret(&world);
    let other = signing(&world);
    let set =
        |name: &'static str, value: Value| assertion(&world, &client, move |claims| claims[name] = value);
    for (why, assertion) in [
        ("the token endpoint", set("aud", format!("{US}/token").into())),
        ("the PAR endpoint", set("aud", format!("{US}/par").into())),
        ("a slash", set("aud", format!("{US}/").into())),
        ("a list", set("aud", json!([US]))),
        ("a list with an attacker", set("aud", json!([US, "https://evil.example"]))),
        ("another issuer", set("aud", "https://evil.example".into())),
        ("none", assertion(&world, &client, |claims| drop(claims.as_object_mut().unwrap().remove("aud")))),
        ("too long", set("exp", (now + 301).into())),
        (
            "too long without iat",
            assertion(&world, &client, |claims| {
                claims["exp"] = (now + 301).into();
                claims.as_object_mut().unwrap().remove("iat");
            }),
        ),
        (
            "issued later",
            assertion(&world, &client, |claims| {
                claims["iat"] = (now + 120).into();
                claims["exp"] = (now + 240).into();
            }),
        ),
        ("over", set("exp", (now - 31).into())),
        ("no end", assertion(&world, &client, |claims| drop(claims.as_object_mut().unwrap().remove("exp")))),
        ("no name", assertion(&world, &client, |claims| drop(claims.as_object_mut().unwrap().remove("jti")))),
        ("an empty name", set("jti", "".into())),
        ("another client's", set("iss", json!(other.id))),
        ("about another client", set("sub", json!(other.id))),
        (
            "about nobody",
            assertion(&world, &client, |claims| drop(claims.as_object_mut().unwrap().remove("sub"))),
        ),
        ("another key", SigningKey::of(&[6; 32]).unwrap().sign("JWT", &json!({ "sub": client.id })).unwrap()),
        (
            "unsigned",
            format!(
                "{}.{}.",
                B64.encode(r#"{"alg":"none"}"#),
                B64.encode(json!({ "sub": client.id }).to_string())
            ),
        ),
        ("no token", "x".into()),
    ] {
        let told = show(&world, &assertion, "");
        assert_eq!(
            (told.status, told.text_of("error").as_str()),
            (401, "invalid_client"),
            "{why}: {}",
            told.text
        );
    }
    let named = format!("&client_id={}", other.id);
    refused(&show(&world, &assertion(&world, &client, |_| {}), &named), 401, "invalid_client");
    // Nor may who signs show a secret, or who has a secret sign.
    refused(
        &post(&world, Some(&basic(client.id, &secret)), "grant_type=client_credentials"),
        401,
        "invalid_client",
    );
    let (secretive, _) = with_secret(&world);
    refused(&show(&world, &assertion(&world, &secretive, |_| {}), ""), 401, "invalid_client");
}

/// PROTOCOLS: attack case 37.
#[test]
fn an_assertion_is_used_once() {
    let world = World::default();
    let client = signing(&world);
    let signed = assertion(&world, &client, |_| {});
    let form =
        format!("grant_type=client_credentials&client_assertion_type={JWT_BEARER}&client_assertion={signed}");
    let answers = block_on(join_all((0..20).map(|_| {
        let (world, form) = (&world, form.clone());
        async move { machine().send_form(world, answer, "/token", &form).await.status }
    })));
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    refused(&show(&world, &signed, ""), 401, "invalid_client");
    let jti = |name: &'static str| assertion(&world, &client, move |claims| claims["jti"] = name.into());
    assert_eq!(show(&world, &jti("same"), "").status, 200);
    world.advance(Secs(2));
    refused(&show(&world, &jti("same"), ""), 401, "invalid_client");
    // Another client's name is another name, and a wrong signature uses nothing up.
    assert_eq!(
        show(&world, &assertion(&world, &signing(&world), |claims| claims["jti"] = "same".into()), "").status,
        200
    );
    let marks = || world.store.keys().iter().filter(|key| key.contains("once-assertion")).count();
    assert_eq!(marks(), 3);
    world.advance(hours(30));
    assert!(block_on(sweep::sweep(&world.ports(), 1_000)).unwrap().done);
    assert_eq!(marks(), 0, "the janitor forgets what is over");
}

#[test]
fn temporarily_unavailable_and_server_error() {
    let world = World::default();
    let (client, secret) = with_secret(&world);
    let header = basic(client.id, &secret);
    world.store.dies_after.set(Some(0));
    let told = post(&world, Some(&header), "grant_type=client_credentials");
    refused(&told, 503, "temporarily_unavailable");
    assert_eq!(told.headers["retry-after"], "1");
    assert!(!told.text.contains("dead") && world.log.0.borrow().iter().any(|line| line.contains("dead")));
    let world = World::with(&[("keyring_key", "")]);
    let (client, secret) = with_secret(&world);
    let told = post(&world, Some(&basic(client.id, &secret)), "grant_type=client_credentials");
    refused(&told, 500, "server_error");
    assert!(world.log.0.borrow().iter().any(|line| line.contains("keyring_key")), "the log says which");
}

/// The client, its tenant, and nothing else once the instance has the key: the root was never written, so it needs no read.
#[test]
fn what_a_token_costs() {
    let world = World::default();
    let (client, secret) = with_secret(&world);
    let header = basic(client.id, &secret);
    post(&world, Some(&header), "grant_type=client_credentials");
    world.store.operations();
    post(&world, Some(&header), "grant_type=client_credentials");
    let warm = world.store.operations();
    assert_eq!((warm.reads, warm.writes), (2, 0));
}

#[test]
fn metadata_names_what_there_is() {
    let world = World::default();
    let get = |path: &str| block_on(machine().send(&world, answer, "GET", path, Value::Null));
    let told = get("/.well-known/openid-configuration");
    assert_eq!(told.json, get("/.well-known/oauth-authorization-server").json);
    assert_eq!(told.json["issuer"], US);
    assert_eq!(told.headers["cache-control"], "public, max-age=300");
    for (_, value) in told.json.as_object().unwrap() {
        let Some(path) = value.as_str().and_then(|url| url.strip_prefix(US)).filter(|path| !path.is_empty())
        else {
            continue;
        };
        assert!(
            session::routes::TABLE.iter().any(|(_, route)| *route == path),
            "{path} is named and not there"
        );
    }
    let set = get("/jwks.json");
    assert_eq!(set.headers["cache-control"], "public, max-age=300");
    assert_eq!(set.json["keys"].as_array().unwrap().len(), 1);
    assert!(!set.text.contains("\"d\""), "no private part");
    assert_eq!(get("/jwks.json").text, set.text);
}
