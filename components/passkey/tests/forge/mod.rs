//! A software authenticator that can also lie: every part of an answer may be changed before it is put together and signed.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use ciborium::Value as Cbor;
use domain::{Authenticated, Email, Method, TenantId, days};
use kv_schema::{Account, account, sessions, tenant};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use passkey::routes::answer;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::{Answer, Browser, World};

pub const ORIGIN: &str = "http://localhost:3000";
pub const UP: u8 = 1;
pub const UV: u8 = 1 << 2;
pub const BE: u8 = 1 << 3;
pub const BS: u8 = 1 << 4;
pub const AT: u8 = 1 << 6;
pub const ED: u8 = 1 << 7;

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    B64.encode(bytes)
}

pub fn unb64(text: &str) -> Vec<u8> {
    B64.decode(text).unwrap()
}

pub fn cbor(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// A passkey as its authenticator keeps it.
#[derive(Clone)]
pub struct Key {
    pub id: Vec<u8>,
    pub handle: Vec<u8>,
    pub signs: SigningKey,
    pub counter: u32,
    pub flags: u8,
}

impl Key {
    pub fn new(name: &str, handle: &[u8]) -> Self {
        Self {
            id: sha256(format!("id of {name}").as_bytes()),
            handle: handle.to_vec(),
            signs: SigningKey::from_slice(&sha256(name.as_bytes())).unwrap(),
            counter: 0,
            flags: UP | UV | BE | BS,
        }
    }

    pub fn id(&self) -> String {
        b64(&self.id)
    }

    /// Its public key in COSE.
    pub fn cose(&self) -> Vec<(Cbor, Cbor)> {
        let point = self.signs.verifying_key().to_sec1_point(false);
        let bytes = |part: Option<&p256::FieldBytes>| Cbor::Bytes(part.unwrap().to_vec());
        vec![
            (1.into(), 2.into()),
            (3.into(), (-7).into()),
            ((-1).into(), 1.into()),
            ((-2).into(), bytes(point.x())),
            ((-3).into(), bytes(point.y())),
        ]
    }

    /// The honest answer to creation options, to be changed or sent.
    pub fn register(&self, options: &Value) -> Registration {
        Registration {
            client_data: client_data("webauthn.create", options),
            rp_id: options["rp"]["id"].as_str().unwrap().to_owned(),
            flags: self.flags | AT,
            counter: self.counter,
            attested: Some(Attested {
                aaguid: [0; 16],
                id: self.id.clone(),
                key: cbor(&Cbor::Map(self.cose())),
            }),
            after: Vec::new(),
            format: "none".into(),
            statement: Cbor::Map(Vec::new()),
            id: self.id.clone(),
            transports: json!(["internal", "hybrid"]),
        }
    }

    /// The honest answer to request options.
    pub fn sign_in(&self, options: &Value) -> Assertion {
        Assertion {
            client_data: client_data("webauthn.get", options),
            rp_id: options["rpId"].as_str().unwrap().to_owned(),
            flags: self.flags,
            counter: self.counter,
            after: Vec::new(),
            id: self.id.clone(),
            handle: Some(self.handle.clone()),
            signs: self.signs.clone(),
        }
    }
}

fn client_data(kind: &str, options: &Value) -> String {
    let challenge = options["challenge"].as_str().unwrap();
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{ORIGIN}","crossOrigin":false}}"#)
}

#[derive(Clone)]
pub struct Attested {
    pub aaguid: [u8; 16],
    pub id: Vec<u8>,
    pub key: Vec<u8>,
}

#[derive(Clone)]
pub struct Registration {
    pub client_data: String,
    pub rp_id: String,
    pub flags: u8,
    pub counter: u32,
    pub attested: Option<Attested>,
    pub after: Vec<u8>,
    pub format: String,
    pub statement: Cbor,
    pub id: Vec<u8>,
    pub transports: Value,
}

impl Registration {
    pub fn authenticator_data(&self) -> Vec<u8> {
        let mut data = head(&self.rp_id, self.flags, self.counter);
        if let Some(attested) = &self.attested {
            data.extend(attested.aaguid);
            data.extend(u16::try_from(attested.id.len()).unwrap().to_be_bytes());
            data.extend(&attested.id);
            data.extend(&attested.key);
        }
        data.extend(&self.after);
        data
    }

    pub fn object(&self) -> Vec<(Cbor, Cbor)> {
        vec![
            ("fmt".into(), self.format.as_str().into()),
            ("attStmt".into(), self.statement.clone()),
            ("authData".into(), Cbor::Bytes(self.authenticator_data())),
        ]
    }

    pub fn json(&self) -> Value {
        self.json_with(&Cbor::Map(self.object()))
    }

    pub fn json_with(&self, object: &Cbor) -> Value {
        json!({
            "id": b64(&self.id),
            "rawId": b64(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": b64(&self.client_data),
                "attestationObject": b64(cbor(object)),
                "transports": self.transports,
            },
        })
    }
}

#[derive(Clone)]
pub struct Assertion {
    pub client_data: String,
    pub rp_id: String,
    pub flags: u8,
    pub counter: u32,
    pub after: Vec<u8>,
    pub id: Vec<u8>,
    pub handle: Option<Vec<u8>>,
    pub signs: SigningKey,
}

impl Assertion {
    pub fn json(&self) -> Value {
        let mut data = head(&self.rp_id, self.flags, self.counter);
        data.extend(&self.after);
        let signed = [data.clone(), sha256(self.client_data.as_bytes())].concat();
        let signature: Signature = self.signs.sign(&signed);
        json!({
            "id": b64(&self.id),
            "rawId": b64(&self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(&self.client_data),
                "authenticatorData": b64(data),
                "signature": b64(signature.to_der()),
                "userHandle": self.handle.as_ref().map(b64),
            },
        })
    }
}

fn head(rp_id: &str, flags: u8, counter: u32) -> Vec<u8> {
    let mut data = sha256(rp_id.as_bytes());
    data.push(flags);
    data.extend(counter.to_be_bytes());
    data
}

/// A person with an account and a browser that is signed in.
pub struct Person {
    pub account: Account,
    pub browser: Browser,
}

impl Person {
    pub fn handle(&self) -> Vec<u8> {
        unb64(&self.account.handle)
    }
}

/// Makes an account in the root tenant and signs it in, by mail as it were.
pub async fn person(world: &World, email: &str) -> Person {
    let ports = world.ports();
    let root = tenant::find(&ports, None).await.unwrap().unwrap();
    let email: Email = email.parse().unwrap();
    let account::Enrolled::In(account, _) = account::enrol(&ports, &root, false, &email).await.unwrap()
    else {
        panic!("{email} may not sign up")
    };
    let browser = session(world, &account).await;
    Person { account: *account, browser }
}

/// A browser with a session of this account.
pub async fn session(world: &World, account: &Account) -> Browser {
    session_by(world, account, Method::MagicLink).await
}

/// A browser with a session that began by this method.
pub async fn session_by(world: &World, account: &Account, method: Method) -> Browser {
    let ports = world.ports();
    let who = Authenticated::dangerous_claim(TenantId::ROOT, account.id, method, ports.now);
    let begun = sessions::begin(&ports, &who, (days(30), days(7)), "Testkit", None).await.unwrap();
    let mut browser = Browser::default();
    browser.cookies.insert("session".into(), begun.unwrap().1.reveal().clone());
    browser
}

pub async fn post(world: &World, browser: &mut Browser, path: &str, body: Value) -> Answer {
    browser.send(world, answer, "POST", path, body).await
}

/// Registers a passkey and sees that it went well.
pub async fn register(world: &World, person: &mut Person, name: &str) -> Key {
    let key = Key::new(name, &person.handle());
    let options = post(world, &mut person.browser, "/passkey/register/options", json!({})).await;
    assert_eq!(options.status, 200, "{}", options.text);
    let made = key.register(&options.json).json();
    let answer = post(world, &mut person.browser, "/passkey/register/verify", made).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    key
}

/// Asks to sign in, in a browser that knows nobody.
pub async fn ask(world: &World, body: Value) -> (Browser, Value) {
    let mut browser = Browser::default();
    let options = post(world, &mut browser, "/passkey/sign-in/options", body).await;
    assert_eq!(options.status, 200, "{}", options.text);
    (browser, options.json)
}

pub async fn verify(world: &World, browser: &mut Browser, body: Value) -> Answer {
    post(world, browser, "/passkey/sign-in/verify", body).await
}
