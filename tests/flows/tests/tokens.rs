//! Machine clients, through the whole system: from the registration to what a token opens, and when it no longer does.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has to stop and say why"
)]

use std::collections::BTreeSet;

use flows::administrator;
use jose::{Audience, Expected, Jwk, SigningKey, Unverified};
use rig::{Answer, Client, Options, Redis, Store, System, parallel};
use serde_json::{Map, Value, json};

const MANY: usize = 24;
const FORM: &str = "application/x-www-form-urlencoded";

fn ask(client: &mut Client, id: &str, secret: &str, more: &str) -> Answer {
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}{more}");
    client.send("POST", "/token", Some((FORM, form.as_bytes())))
}

/// Does as a 503 says: tries again in a moment. The hostile store fails now and then, before or after it has done what it was asked.
fn insist(mut request: impl FnMut() -> Answer) -> Answer {
    (0..20).map(|_| request()).find(|answer| answer.status != 503).unwrap()
}

/// Id and secret of a machine of a tenant that is made for it.
fn register(system: &System, tenant: &str) -> (String, String) {
    let mut admin = administrator(system);
    let mut before = false;
    let made = insist(|| {
        let answer = admin.post("/admin/tenants", &json!({ "name": tenant, "slug": tenant }));
        before |= answer.status == 503;
        answer
    });
    // A failure may have come after it was done.
    assert!(made.status == 201 || (before && made.status == 409), "{}", made.text);
    let asked = json!({ "name": "Robot", "kind": "machine", "scopes": ["admin", "fga:read"] });
    let made = insist(|| admin.post(&format!("/admin/tenants/{tenant}/clients"), &asked)).expect(201);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("client_id"), text("client_secret"))
}

/// The claims, read as any resource server would: by the metadata and the published keys alone.
fn read(system: &System, token: &str) -> Map<String, Value> {
    let mut client = system.client();
    let metadata = client.get("/.well-known/oauth-authorization-server").expect(200);
    assert_eq!(metadata, client.get("/.well-known/openid-configuration").expect(200));
    let origin = system.origin();
    assert_eq!(metadata["issuer"], origin.as_str());
    let path = metadata["jwks_uri"].as_str().unwrap().strip_prefix(&origin).unwrap().to_owned();
    let keys: Vec<Jwk> = serde_json::from_value(client.get(&path).expect(200)["keys"].clone()).unwrap();
    let unverified = Unverified::parse(token).unwrap();
    let key = keys.iter().find(|key| Some(key.kid()) == unverified.kid()).unwrap();
    let expected = Expected {
        typ: Some("at+jwt"),
        issuer: &origin,
        audience: Audience::Only(&origin),
        now: now(),
        tolerance: domain::Secs(60),
        most: domain::hours(1),
    };
    unverified.verify(key, &expected).unwrap().1
}

fn now() -> domain::Moment {
    #[allow(clippy::disallowed_methods, reason = "the running system goes by the real clock")]
    let now = std::time::SystemTime::now();
    domain::Moment::from_secs(now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs())
}

#[test]
fn a_machine_gets_a_token_and_administers_its_tenant() {
    let system = System::start(Options::house());
    let (id, secret) = register(&system, "acme");
    register(&system, "zeta");
    let token = ask(&mut system.client(), &id, &secret, "&scope=admin").expect(200)["access_token"].clone();
    let token = token.as_str().unwrap();
    let claims = read(&system, token);
    assert_eq!((&claims["sub"], &claims["scope"]), (&json!(id), &json!("admin")));
    assert_eq!(claims["tenant"]["slug"], "acme");
    let mut robot = system.client().with("authorization", &format!("Bearer {token}"));
    let person = json!({ "email": "ada@acme.example" });
    robot.post("/admin/tenants/acme/accounts", &person).expect(201);
    assert_eq!(robot.get("/admin/tenants/zeta").status, 404);
    assert_eq!(robot.get("/admin/tenants/root").status, 404);
    // Without the scope the same client is refused, and gone it is nobody.
    let weaker = ask(&mut system.client(), &id, &secret, "&scope=fga%3Aread").expect(200);
    let weaker = format!("Bearer {}", weaker["access_token"].as_str().unwrap());
    assert_eq!(system.client().with("authorization", &weaker).get("/admin/tenants/acme").status, 403);
    let path = format!("/admin/tenants/acme/clients/{id}");
    assert_eq!(administrator(&system).send("DELETE", &path, None).status, 204);
    assert_eq!(robot.get("/admin/tenants/acme").status, 401);
    assert_eq!(ask(&mut system.client(), &id, &secret, "").status, 401);
    let log = system.log().join("\n");
    assert!(!log.contains(&secret) && !log.contains(token), "no secret in the log");
}

fn many_at_once(store: Store) {
    // One that loses answers: who was right may be refused, and nobody who was not is let in.
    let strange = store == Store::Hostile;
    let told = format!("{store:?}");
    let system = System::start(Options::house().store(store).reuse(3, 1));
    let (id, secret) = register(&system, "acme");
    // Nobody asked before: all of these make the first key.
    let answers = parallel(MANY, |_| insist(|| ask(&mut system.client(), &id, &secret, "")));
    let kids: BTreeSet<String> = answers
        .into_iter()
        .map(|answer| {
            let token = answer.expect(200)["access_token"].as_str().unwrap().to_owned();
            Unverified::parse(&token).unwrap().kid().unwrap().to_owned()
        })
        .collect();
    assert_eq!(kids.len(), 1, "{told}: one key for all");
    let keys = insist(|| system.client().get("/jwks.json")).expect(200);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1, "{told}");

    // A signed proof is good once, however many show it.
    let key = SigningKey::of(&[5; 32]).unwrap();
    let asked = json!({ "name": "Signer", "kind": "machine", "jwks": { "keys": [key.public()] } });
    let made = insist(|| administrator(&system).post("/admin/tenants/acme/clients", &asked)).expect(201);
    let at = now().secs();
    let claims = json!({ "iss": made["id"], "sub": made["id"], "aud": system.origin(), "iat": at, "exp": at + 60, "jti": "a" });
    let form = format!(
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={}",
        key.sign("JWT", &claims).unwrap()
    );
    let answers =
        parallel(MANY, |_| system.client().send("POST", "/token", Some((FORM, form.as_bytes()))).status);
    let (won, lost) =
        (answers.iter().filter(|status| **status == 200).count(), if strange { 503 } else { 401 });
    assert!(won == 1 || (strange && won == 0), "{told}: {answers:?}");
    assert!(answers.iter().all(|status| [200, 401, lost].contains(status)), "{told}: {answers:?}");
}

#[test]
fn one_key_and_single_use_on_sqlite() {
    many_at_once(Store::Sqlite);
}

#[test]
fn one_key_and_single_use_on_the_hostile_store() {
    many_at_once(Store::Hostile);
}

#[test]
fn one_key_and_single_use_on_redis() {
    if let Some(redis) = Redis::start() {
        many_at_once(Store::Redis(redis.address()));
    }
}
