//! Every mutation of `shared/data/webauthn/negative-cases.json`, through the routes, and what the specification requires of it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on has to stop and say why"
)]

mod forge;

use ciborium::Value as Cbor;
use domain::mins;
use forge::{
    AT, Assertion, BE, BS, Key, Person, Registration, UP, UV, ask, b64, cbor, person, post, register, verify,
};
use p256::ecdsa::{Signature, signature::Signer as _};
use passkey::routes::answer;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use testkit::{Answer, Browser, World, block_on};

/// What one mutation came to: its name, and why it was refused (empty: it was accepted).
type Outcome = (String, String);

#[test]
fn every_case_ends_as_the_specification_requires() {
    let Some(file) = shared("webauthn/negative-cases.json") else { return };
    let cases = file["cases"].as_array().unwrap();
    let mut tried = 0;
    let mut unexpected = Vec::new();
    for case in cases {
        let id = case["id"].as_str().unwrap();
        let required = case["required"].as_str().unwrap();
        let accept = match required.split_whitespace().next() {
            // "accept or reject consistently" is the byte order mark: we refuse it.
            Some("accept") => !required.contains(" or reject"),
            Some("reject" | "reject," | "reject:") => false,
            _ => panic!("`{id}` requires `{required}`, which this test does not understand"),
        };
        let outcomes = run(id).unwrap_or_else(|| panic!("`{id}` is not handled"));
        assert!(!outcomes.is_empty());
        for (mutation, why) in &outcomes {
            assert_eq!(why.is_empty(), accept, "{id}: {mutation}: {why}");
        }
        tried += outcomes.len();
        // And for the reason that it is a case of, not by accident.
        let reasons: BTreeSet<&str> = outcomes.iter().map(|(_, why)| why.as_str()).collect();
        let expected = REASONS.iter().find(|(known, _)| *known == id).map(|(_, reasons)| *reasons);
        let reasons: Vec<&str> = reasons.into_iter().collect();
        if expected != Some(&reasons) {
            unexpected.push(format!("(\"{id}\", &{reasons:?}),"));
        }
    }
    assert!(unexpected.is_empty(), "refused for other reasons than before:\n{}", unexpected.join("\n"));
    assert_eq!(cases.len(), 60, "the file changed");
    println!("{} cases, {tried} mutations", cases.len());
}

/// Nothing above would mean anything if the unchanged answers were refused.
#[test]
fn unchanged_answers_are_accepted() {
    assert_eq!(reg("unchanged", |_| ()).1, "");
    assert_eq!(reg_json("unchanged", |_| ()).1, "");
    assert_eq!(packed(|_| ()).1, "", "packed self attestation");
    assert_eq!(auth("unchanged", |_| ()).1, "");
    assert_eq!(auth_json("unchanged", |_| ()).1, "");
}

fn run(id: &str) -> Option<Vec<Outcome>> {
    Some(match id {
        "reg-id-missing" => vec![reg_json("omitted", |body| remove(body, "/id"))],
        "reg-id-not-string" => vec![reg_json("7", |body| body["id"] = 7.into())],
        "reg-id-not-b64url" => vec![reg_json("!!!", |body| body["id"] = "!!!".into())],
        "reg-id-ne-rawid" => vec![
            reg_json("other id", |body| body["id"] = b64([1; 32]).into()),
            reg_json("other rawId", |body| body["rawId"] = b64([1; 32]).into()),
            reg_json("padded", |body| {
                let padded = format!("{}=", body["id"].as_str().unwrap());
                body["id"] = padded.clone().into();
                body["rawId"] = padded.into();
            }),
        ],
        "reg-rawid-ne-attested" => vec![reg("other id around", |made| made.id = vec![1; 32])],
        "reg-type-wrong" => vec![reg_json("password", |body| body["type"] = "password".into())],
        "reg-type-missing" => vec![reg_json("omitted", |body| remove(body, "/type"))],
        "reg-response-missing" => ["/response", "/response/clientDataJSON", "/response/attestationObject"]
            .into_iter()
            .flat_map(|path| {
                [
                    reg_json(path, |body| remove(body, path)),
                    reg_json(path, |body| *body.pointer_mut(path).unwrap() = "".into()),
                    reg_json(path, |body| *body.pointer_mut(path).unwrap() = Value::Null),
                ]
            })
            .collect(),
        "reg-cd-type" => client_data(reg, "type", &[json!(null), json!(""), json!(7), json!("webauthn.get")]),
        "reg-cd-challenge" => client_data(
            reg,
            "challenge",
            &[json!(null), json!(""), json!(7), json!("!!"), json!(b64([1; 32]))],
        ),
        "reg-cd-origin" => client_data(reg, "origin", ORIGINS.map(Value::from).as_slice()),
        "reg-cd-origin-path" => client_data(
            reg,
            "origin",
            &[
                json!("http://localhost:3000/x?y#z"),
                json!("http://u:p@localhost:3000"),
                json!("http://localhost:3000/"),
            ],
        ),
        "reg-cd-dup-member" => vec![reg("origin twice", |made| {
            made.client_data = made.client_data.replacen('{', "{\"origin\":\"https://evil.example\",", 1);
        })],
        "reg-cd-bom" => vec![
            reg("registration", |made| made.client_data.insert(0, '\u{feff}')),
            auth("sign-in", |got| got.client_data.insert(0, '\u{feff}')),
        ],
        "reg-cd-tokenbinding" => client_data(
            reg,
            "tokenBinding",
            &[json!("supported"), json!([]), json!({}), json!({"id": "x"}), json!({"status": "present"})],
        ),
        "reg-cd-tokenbinding-status" => {
            client_data(reg, "tokenBinding", &[json!({"status": "other"}), json!({"status": 1})])
        }
        "reg-crossorigin" => client_data(reg, "crossOrigin", &[json!(true), json!("false"), json!(1)]),
        "reg-toporigin" => vec![
            reg("crossOrigin false", |made| {
                set(&mut made.client_data, "topOrigin", "https://evil.example".into())
            }),
            reg("crossOrigin absent", |made| {
                set(&mut made.client_data, "crossOrigin", Value::Null);
                set(&mut made.client_data, "topOrigin", "https://evil.example".into());
            }),
        ],
        "reg-att-cbor" => attestation_objects(),
        "reg-at-flag" => vec![
            reg("clear, data there", |made| made.flags &= !AT),
            reg("clear, no data", |made| {
                made.flags &= !AT;
                made.attested = None;
            }),
            reg("set, no data", |made| made.attested = None),
        ],
        "reg-leftover" => vec![
            reg("a byte", |made| made.after = vec![0]),
            reg("an item, without the flag", |made| made.after = vec![0xa0]),
            reg_json("after the object", |body| {
                let mut object = forge::unb64(body["response"]["attestationObject"].as_str().unwrap());
                object.push(0);
                body["response"]["attestationObject"] = b64(object).into();
            }),
        ],
        "reg-none-attstmt" => vec![
            reg("a map", |made| made.statement = Cbor::Map(vec![("x".into(), 1.into())])),
            reg("a list", |made| made.statement = Cbor::Array(vec![])),
        ],
        "reg-unknown-fmt" => ["compound", "foo", "", "None", "android-safetynet"]
            .map(|format| reg(format, |made| made.format = format.into()))
            .into(),
        "reg-packed-sig" => vec![
            packed(|statement| flip(find(statement, "sig"))),
            packed(|statement| statement.retain(|(name, _)| name.as_text() != Some("alg"))),
            packed(|statement| statement.retain(|(name, _)| name.as_text() != Some("sig"))),
            packed(|statement| *find(statement, "alg") = "ES256".into()),
            packed(|statement| *find(statement, "alg") = (-257).into()),
            packed(|statement| *find(statement, "sig") = "text".into()),
            packed(|statement| statement.push(("x5c".into(), Cbor::Array(vec![])))),
            packed(|statement| statement.push(("x5c".into(), Cbor::Array(vec![Cbor::Bytes(vec![0x30, 0])])))),
        ],
        "reg-up0" => vec![reg("clear", |made| made.flags &= !UP)],
        "reg-up0-conditional" => vec![
            reg_asked("UP clear", json!({"mediation": "conditional"}), |made| made.flags &= !UP),
            reg_asked("UP and UV clear", json!({"mediation": "conditional"}), |made| {
                made.flags &= !(UP | UV)
            }),
            reg_asked("both set", json!({"mediation": "conditional"}), |_| ()),
        ],
        "reg-uv0-required" => vec![reg("clear", |made| made.flags &= !UV)],
        "reg-bs-without-be" => vec![reg("BS alone", |made| made.flags &= !BE)],
        "reg-rpidhash" => ["evil.example", "", "Localhost", "localhost:3000"]
            .map(|rp_id| reg(rp_id, |made| made.rp_id = rp_id.into()))
            .into(),
        "reg-alg-not-offered" => [-8i64, -36, -37, -47, -48, -65535, 5]
            .map(|number| {
                key(&format!("{number}"), |key| {
                    key[0].1 = 1.into();
                    key[1].1 = number.into();
                    key[2].1 = 6.into();
                    key.truncate(4);
                })
            })
            .into(),
        "reg-alg-curve" => vec![
            key("ES256 on P-384", |key| {
                key[2].1 = 2.into();
                key[3].1 = Cbor::Bytes(vec![1; 48]);
                key[4].1 = Cbor::Bytes(vec![1; 48]);
            }),
            key("ES256 called P-384", |key| key[2].1 = 2.into()),
            key("ES384 on P-256", |key| key[1].1 = (-35).into()),
            key("RS256 with an EC key", |key| key[1].1 = (-257).into()),
            key("no algorithm", |key| drop(key.remove(1))),
            key("an algorithm twice", |key| key.push((3.into(), (-7).into()))),
            key("more than its members", |key| key.push((4.into(), Cbor::Array(vec![])))),
        ],
        "reg-point" => vec![
            key("y changed", |key| flip(&mut key[4].1)),
            key("zero", |key| {
                key[3].1 = Cbor::Bytes(vec![0; 32]);
                key[4].1 = Cbor::Bytes(vec![0; 32]);
            }),
            key("compressed", |key| key[4].1 = true.into()),
        ],
        "reg-credid-empty" => vec![reg("no bytes", |made| rename(made, vec![]))],
        "reg-credid-1024" => vec![reg("1024", |made| rename(made, vec![7; 1024]))],
        "reg-credid-known" => credential_known(),
        "reg-challenge-replay" => replayed(),
        "reg-challenge-other-user" => other_user(),

        "auth-id" => vec![
            auth_json("missing", |body| remove(body, "/id")),
            auth_json("not a string", |body| body["id"] = 7.into()),
            auth_json("not base64url", |body| body["id"] = "!!!".into()),
            auth_json("not rawId", |body| body["id"] = b64([1; 32]).into()),
            auth_json("rawId missing", |body| remove(body, "/rawId")),
        ],
        "auth-type" => vec![
            auth_json("password", |body| body["type"] = "password".into()),
            auth_json("missing", |body| remove(body, "/type")),
        ],
        "auth-fields" => ["clientDataJSON", "authenticatorData", "signature"]
            .into_iter()
            .flat_map(|name| {
                let change = |value: Value| {
                    auth_json(&format!("{name} = {value}"), |body| body["response"][name] = value.clone())
                };
                [
                    auth_json(name, |body| remove(body, &format!("/response/{name}"))),
                    change(Value::Null),
                    change(7.into()),
                    change("".into()),
                    change("!!!".into()),
                    change("AA==".into()),
                ]
            })
            .collect(),
        "auth-userhandle-type" => [json!(7), json!({}), json!(""), json!("!!!"), json!(b64([1; 65]))]
            .map(|value| auth_json(&value.to_string(), |body| body["response"]["userHandle"] = value.clone()))
            .into(),
        "auth-userhandle-other" => vec![auth_with("another's", |world, person| {
            Box::pin(async move {
                let key = register(world, person, "ada's").await;
                let other = forge::person(world, "bob@acme.example").await;
                let mut outcomes = Vec::new();
                for body in [json!({}), json!({"email": "ada@acme.example"})] {
                    let (mut browser, options) = ask(world, body).await;
                    let mut got = key.sign_in(&options);
                    got.handle = Some(other.handle());
                    outcomes.push(signs_in(world, &mut browser, got.json()).await);
                }
                outcomes.into_iter().find(String::is_empty).unwrap_or_else(|| "NotTheOwner".into())
            })
        })],
        "auth-userhandle-absent" => vec![auth("absent", |got| got.handle = None)],
        "auth-cd-type" => client_data(
            auth,
            "type",
            &[json!(null), json!(""), json!("webauthn.create"), json!("payment.get")],
        ),
        "auth-cd-challenge" => {
            let mut outcomes = client_data(auth, "challenge", &[json!(null), json!(""), json!(b64([1; 32]))]);
            outcomes.extend(stale_challenges());
            outcomes
        }
        "auth-cd-origin" => client_data(auth, "origin", ORIGINS.map(Value::from).as_slice()),
        "auth-crossorigin" => client_data(auth, "crossOrigin", &[json!(true), json!("true")]),
        "auth-toporigin" => vec![auth("both", |got| {
            set(&mut got.client_data, "crossOrigin", true.into());
            set(&mut got.client_data, "topOrigin", "https://evil.example".into());
        })],
        "auth-leftover" => vec![
            auth("a byte", |got| got.after = vec![0]),
            auth("an item", |got| got.after = vec![0xa0]),
            auth("after extensions", |got| {
                got.flags |= forge::ED;
                got.after = vec![0xa0, 0];
            }),
        ],
        "auth-at-in-assertion" => vec![auth("attested data", |got| {
            got.flags |= AT;
            let key = Key::new("ada's", &[]);
            got.after = [&[0; 16][..], &[0, 32], &key.id, &cbor(&Cbor::Map(key.cose()))].concat();
        })],
        "auth-rpidhash" => {
            ["evil.example", ""].map(|rp_id| auth(rp_id, |got| got.rp_id = rp_id.into())).into()
        }
        "auth-sig" => vec![
            auth_json("a bit", |body| {
                let mut signature = forge::unb64(body["response"]["signature"].as_str().unwrap());
                *signature.last_mut().unwrap() ^= 1;
                body["response"]["signature"] = b64(signature).into();
            }),
            auth_json("over other client data", |body| {
                let mut data =
                    String::from_utf8(forge::unb64(body["response"]["clientDataJSON"].as_str().unwrap()))
                        .unwrap();
                data.push(' ');
                body["response"]["clientDataJSON"] = b64(data).into();
            }),
            auth_json("over other authenticator data", |body| {
                let mut data = forge::unb64(body["response"]["authenticatorData"].as_str().unwrap());
                data[36] ^= 1;
                body["response"]["authenticatorData"] = b64(data).into();
            }),
            auth_with("by another registered key", |world, person| {
                Box::pin(async move {
                    let first = register(world, person, "first").await;
                    let second = register(world, person, "second").await;
                    let (mut browser, options) = ask(world, json!({})).await;
                    let mut got = first.sign_in(&options);
                    got.signs = second.signs;
                    signs_in(world, &mut browser, got.json()).await
                })
            }),
        ],
        "auth-counter" => {
            [(5, 5), (5, 4), (5, 0), (u32::MAX, 1)].map(|(kept, shown)| counted(kept, shown, UP | UV)).into()
        }
        "auth-counter-zero" => vec![counted(0, 0, UP | UV), counted(0, 1, UP | UV), counted(5, 6, UP | UV)],
        "auth-up0" => vec![auth("clear", |got| got.flags &= !UP)],
        "auth-uv0-required" => vec![auth("clear", |got| got.flags &= !UV)],
        "auth-be-flip" => vec![
            auth("1 to 0", |got| got.flags &= !(BE | BS)),
            auth_with("0 to 1", |world, person| {
                Box::pin(async move {
                    let mut key = Key::new("ada's", &person.handle());
                    key.flags = UP | UV;
                    let options = creation(world, person, json!({})).await;
                    assert_eq!(registers(world, person, &key.register(&options).json()).await, "");
                    let (mut browser, options) = ask(world, json!({})).await;
                    key.flags |= BE;
                    signs_in(world, &mut browser, key.sign_in(&options).json()).await
                })
            }),
        ],
        "auth-bs-without-be" => vec![auth("BS alone", |got| got.flags &= !BE)],
        "auth-not-in-allow" => vec![auth_with("another's", |world, person| {
            Box::pin(async move {
                register(world, person, "ada's").await;
                let mut eve = forge::person(world, "eve@evil.example").await;
                let eves = register(world, &mut eve, "eve's").await;
                let (mut browser, options) = ask(world, json!({"email": "ada@acme.example"})).await;
                let mut got = eves.sign_in(&options);
                got.handle = None;
                signs_in(world, &mut browser, got.json()).await
            })
        })],
        "auth-deleted-cred" => ["{}", r#"{"email":"ada@acme.example"}"#]
            .map(|asked| {
                auth_with(asked, move |world, person| {
                    Box::pin(async move {
                        let key = register(world, person, "ada's").await;
                        let (mut browser, options) = ask(world, serde_json::from_str(asked).unwrap()).await;
                        let path = format!("/passkey/credentials/{}", key.id());
                        let gone = person.browser.send(world, answer, "DELETE", &path, Value::Null).await;
                        assert_eq!(gone.status, 200);
                        signs_in(world, &mut browser, key.sign_in(&options).json()).await
                    })
                })
            })
            .into(),
        _ => return None,
    })
}

/// Empty: accepted. A lower-case name is the field of a 422 or a public code; the others are variants of our errors.
const REASONS: &[(&str, &[&str])] = &[
    ("reg-id-missing", &["id"]),
    ("reg-id-not-string", &["id"]),
    ("reg-id-not-b64url", &["IdMismatch"]),
    ("reg-id-ne-rawid", &["IdMismatch", "rawId"]),
    ("reg-rawid-ne-attested", &["CredentialIdMismatch"]),
    ("reg-type-wrong", &["CredentialType"]),
    ("reg-type-missing", &["type"]),
    ("reg-response-missing", &["response", "response.attestationObject", "response.clientDataJSON"]),
    ("reg-cd-type", &["ClientDataType"]),
    ("reg-cd-challenge", &["Challenge"]),
    ("reg-cd-origin", &["Origin"]),
    ("reg-cd-origin-path", &["Origin"]),
    ("reg-cd-dup-member", &["ClientData"]),
    ("reg-cd-bom", &["ClientData"]),
    ("reg-cd-tokenbinding", &["TokenBinding"]),
    ("reg-cd-tokenbinding-status", &["TokenBinding"]),
    ("reg-crossorigin", &["CrossOrigin"]),
    ("reg-toporigin", &["CrossOrigin"]),
    ("reg-att-cbor", &["AttestationFormat", "AttestationObject", "AuthenticatorData"]),
    ("reg-at-flag", &["AttestedDataMissing", "AuthenticatorData", "Leftover"]),
    ("reg-leftover", &["AttestationObject", "Leftover"]),
    ("reg-none-attstmt", &["AttestationObject", "AttestationStatement"]),
    ("reg-unknown-fmt", &["AttestationFormat"]),
    ("reg-packed-sig", &["not verified"]),
    ("reg-up0", &["UserNotPresent"]),
    ("reg-up0-conditional", &[""]),
    ("reg-uv0-required", &["UserNotVerified"]),
    ("reg-bs-without-be", &["BackupStateWithoutEligibility"]),
    ("reg-rpidhash", &["RelyingParty"]),
    ("reg-alg-not-offered", &["Algorithm"]),
    ("reg-alg-curve", &["Key"]),
    ("reg-point", &["Key"]),
    ("reg-credid-empty", &["CredentialIdLength"]),
    ("reg-credid-1024", &["CredentialIdLength"]),
    ("reg-credid-known", &["CredentialKnown", "Excluded"]),
    ("reg-challenge-replay", &["CeremonyGone"]),
    ("reg-challenge-other-user", &["CeremonyGone", "Challenge"]),
    ("auth-id", &["IdMismatch", "id", "rawId"]),
    ("auth-type", &["CredentialType", "type"]),
    ("auth-fields", &["response.authenticatorData", "response.clientDataJSON", "response.signature"]),
    ("auth-userhandle-type", &["response.userHandle"]),
    ("auth-userhandle-other", &["NotTheOwner"]),
    ("auth-userhandle-absent", &["UserHandleMissing"]),
    ("auth-cd-type", &["ClientDataType"]),
    ("auth-cd-challenge", &["CeremonyGone", "Challenge"]),
    ("auth-cd-origin", &["Origin"]),
    ("auth-crossorigin", &["CrossOrigin"]),
    ("auth-toporigin", &["CrossOrigin"]),
    ("auth-leftover", &["Leftover"]),
    ("auth-at-in-assertion", &["AttestedDataUnexpected"]),
    ("auth-rpidhash", &["RelyingParty"]),
    ("auth-sig", &["Signature"]),
    ("auth-counter", &["CounterRegression"]),
    ("auth-counter-zero", &[""]),
    ("auth-up0", &["UserNotPresent"]),
    ("auth-uv0-required", &["UserNotVerified"]),
    ("auth-be-flip", &["BackupEligibilityChanged"]),
    ("auth-bs-without-be", &["BackupStateWithoutEligibility"]),
    ("auth-not-in-allow", &["NotTheOwner"]),
    ("auth-deleted-cred", &["NotTheOwner", "unknown_credential"]),
];

const ORIGINS: [&str; 9] = [
    "",
    "null",
    "https://evil.example",
    "http://evil.localhost:3000",
    "http://localhost:3001",
    "http://localhost",
    "https://localhost:3000",
    "HTTP://LOCALHOST:3000",
    "localhost:3000",
];

// Registrations

async fn creation(world: &World, person: &mut Person, asked: Value) -> Value {
    let options = post(world, &mut person.browser, "/passkey/register/options", asked).await;
    assert_eq!(options.status, 200, "{}", options.text);
    options.json
}

async fn registers(world: &World, person: &mut Person, body: &Value) -> String {
    let answer = post(world, &mut person.browser, "/passkey/register/verify", body.clone()).await;
    assert!(answer.status == 201 || (400..500).contains(&answer.status), "{} {}", answer.status, answer.text);
    let list =
        person.browser.send(world, passkey::routes::answer, "GET", "/passkey/credentials", Value::Null).await;
    let added = list.json["items"].as_array().unwrap().len();
    assert_eq!(answer.status == 201, added == 1 || answer.text.contains("signal"), "refused means not added");
    why(world, &answer)
}

fn registered(asked: Value, make: impl FnOnce(&Key, &Value) -> Value) -> String {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = Key::new("ada's", &ada.handle());
        let options = creation(&world, &mut ada, asked).await;
        registers(&world, &mut ada, &make(&key, &options)).await
    })
}

fn reg_asked(name: &str, asked: Value, change: impl FnOnce(&mut Registration)) -> Outcome {
    let why = registered(asked, |key, options| {
        let mut made = key.register(options);
        change(&mut made);
        made.json()
    });
    (name.to_owned(), why)
}

fn reg(name: &str, change: impl FnOnce(&mut Registration)) -> Outcome {
    reg_asked(name, json!({}), change)
}

fn reg_json(name: &str, change: impl FnOnce(&mut Value)) -> Outcome {
    let why = registered(json!({}), |key, options| {
        let mut body = key.register(options).json();
        change(&mut body);
        body
    });
    (name.to_owned(), why)
}

fn reg_object(name: &str, change: impl FnOnce(&mut Cbor)) -> Outcome {
    let why = registered(json!({}), |key, options| {
        let made = key.register(options);
        let mut object = Cbor::Map(made.object());
        change(&mut object);
        made.json_with(&object)
    });
    (name.to_owned(), why)
}

fn attestation_objects() -> Vec<Outcome> {
    let mut outcomes = vec![
        reg_object("a list", |object| *object = Cbor::Array(vec![])),
        reg_object("a number", |object| *object = 7.into()),
        reg_object("deep", |object| {
            for _ in 0..200 {
                *object = Cbor::Array(vec![object.clone()]);
            }
        }),
        reg_object("a member more", |object| object.as_map_mut().unwrap().push(("x".into(), 1.into()))),
        reg_object("fmt twice", |object| object.as_map_mut().unwrap().push(("fmt".into(), "none".into()))),
        reg_json("no CBOR", |body| body["response"]["attestationObject"] = b64([0xff; 8]).into()),
        reg_json("a length that is not there", |body| {
            body["response"]["attestationObject"] =
                b64([0xbb, 255, 255, 255, 255, 255, 255, 255, 255]).into();
        }),
    ];
    for at in 0..3 {
        outcomes.push(reg_object(&format!("member {at} missing"), |object| {
            object.as_map_mut().unwrap().remove(at);
        }));
        for wrong in [7.into(), Cbor::Null, Cbor::Bytes(vec![]), Cbor::Text(String::new())] {
            let name = format!("member {at} = {wrong:?}");
            outcomes.push(reg_object(&name, |object| object.as_map_mut().unwrap()[at].1 = wrong));
        }
    }
    outcomes
}

fn key(name: &str, change: impl FnOnce(&mut Vec<(Cbor, Cbor)>)) -> Outcome {
    let why = registered(json!({}), |key, options| {
        let mut made = key.register(options);
        let mut cose = key.cose();
        change(&mut cose);
        made.attested.as_mut().unwrap().key = cbor(&Cbor::Map(cose));
        made.json()
    });
    (name.to_owned(), why)
}

/// With a self attestation, rightly signed before it is changed.
fn packed(change: impl FnOnce(&mut Vec<(Cbor, Cbor)>)) -> Outcome {
    let why = registered(json!({}), |key, options| {
        let mut made = key.register(options);
        let signed = [made.authenticator_data(), forge::sha256(made.client_data.as_bytes())].concat();
        let signature: Signature = key.signs.sign(&signed);
        let mut statement = vec![
            ("alg".into(), (-7).into()),
            ("sig".into(), Cbor::Bytes(signature.to_der().as_bytes().to_vec())),
        ];
        change(&mut statement);
        made.format = "packed".into();
        made.statement = Cbor::Map(statement);
        made.json()
    });
    ("packed".to_owned(), why)
}

fn rename(made: &mut Registration, id: Vec<u8>) {
    made.attested.as_mut().unwrap().id.clone_from(&id);
    made.id = id;
}

fn credential_known() -> Vec<Outcome> {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let mut eve = person(&world, "eve@evil.example").await;
        let mut outcomes = Vec::new();
        for (name, who) in [("another's", &mut eve), ("one's own", &mut ada)] {
            let options = creation(&world, who, json!({})).await;
            let body = key.register(&options).json();
            let refused = post(&world, &mut who.browser, "/passkey/register/verify", body).await;
            assert_eq!((refused.status, refused.code()), (400, "registration_refused"), "{}", refused.text);
            outcomes.push((name.to_owned(), why(&world, &refused)));
        }
        // And it still is whose it was.
        let (mut browser, options) = ask(&world, json!({})).await;
        assert_eq!(signs_in(&world, &mut browser, key.sign_in(&options).json()).await, "");
        outcomes
    })
}

fn replayed() -> Vec<Outcome> {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let options = creation(&world, &mut ada, json!({})).await;
        let ceremony = ada.browser.cookies["ceremony"].clone();
        let first = Key::new("first", &ada.handle());
        let body = first.register(&options).json();
        assert_eq!(registers(&world, &mut ada, &body).await, "");
        let path = format!("/passkey/credentials/{}", first.id());
        ada.browser.send(&world, answer, "DELETE", &path, Value::Null).await;
        ada.browser.cookies.insert("ceremony".into(), ceremony.clone());
        let same = registers(&world, &mut ada, &body).await;
        ada.browser.cookies.insert("ceremony".into(), ceremony);
        let other = Key::new("second", &ada.handle()).register(&options).json();
        let other = registers(&world, &mut ada, &other).await;
        vec![("the same".to_owned(), same), ("another key, the same challenge".to_owned(), other)]
    })
}

fn other_user() -> Vec<Outcome> {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let mut bob = person(&world, "bob@acme.example").await;
        let options = creation(&world, &mut ada, json!({})).await;
        let body = Key::new("ada's", &ada.handle()).register(&options).json();
        creation(&world, &mut bob, json!({})).await;
        let with_own_cookie = registers(&world, &mut bob, &body).await;
        bob.browser.cookies.insert("ceremony".into(), ada.browser.cookies["ceremony"].clone());
        let with_hers = registers(&world, &mut bob, &body).await;
        vec![("own ceremony".to_owned(), with_own_cookie), ("her ceremony".to_owned(), with_hers)]
    })
}

// Sign-ins

async fn signs_in(world: &World, browser: &mut Browser, body: Value) -> String {
    let answer = verify(world, browser, body).await;
    assert!(answer.status == 200 || (400..500).contains(&answer.status), "{} {}", answer.status, answer.text);
    assert_eq!(answer.status == 200, answer.json.get("handoff").is_some());
    why(world, &answer)
}

type Step<'a> = std::pin::Pin<Box<dyn Future<Output = String> + 'a>>;

fn auth_with(name: &str, step: impl for<'a> FnOnce(&'a World, &'a mut Person) -> Step<'a>) -> Outcome {
    let world = World::default();
    let why = block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        step(&world, &mut ada).await
    });
    (name.to_owned(), why)
}

fn signed_in(make: impl FnOnce(&Key, &Value) -> Value) -> String {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let (mut browser, options) = ask(&world, json!({})).await;
        signs_in(&world, &mut browser, make(&key, &options)).await
    })
}

fn auth(name: &str, change: impl FnOnce(&mut Assertion)) -> Outcome {
    let why = signed_in(|key, options| {
        let mut got = key.sign_in(options);
        change(&mut got);
        got.json()
    });
    (name.to_owned(), why)
}

fn auth_json(name: &str, change: impl FnOnce(&mut Value)) -> Outcome {
    let why = signed_in(|key, options| {
        let mut body = key.sign_in(options).json();
        change(&mut body);
        body
    });
    (name.to_owned(), why)
}

fn counted(kept: u32, shown: u32, flags: u8) -> Outcome {
    auth_with(&format!("{kept}, then {shown}"), move |world, person| {
        Box::pin(async move {
            let mut key = Key::new("ada's", &person.handle());
            (key.counter, key.flags) = (kept, flags);
            let options = creation(world, person, json!({})).await;
            assert_eq!(registers(world, person, &key.register(&options).json()).await, "");
            let (mut browser, options) = ask(world, json!({})).await;
            key.counter = shown;
            signs_in(world, &mut browser, key.sign_in(&options).json()).await
        })
    })
}

fn stale_challenges() -> Vec<Outcome> {
    let world = World::default();
    block_on(async {
        let mut ada = person(&world, "ada@acme.example").await;
        let key = register(&world, &mut ada, "ada's").await;
        let (mut browser, options) = ask(&world, json!({})).await;
        let body = key.sign_in(&options).json();
        let (mut other, _) = ask(&world, json!({})).await;
        let elsewhere = signs_in(&world, &mut other, body.clone()).await;
        assert_eq!(signs_in(&world, &mut browser, body.clone()).await, "");
        let used = signs_in(&world, &mut browser, body).await;
        let (mut browser, options) = ask(&world, json!({})).await;
        world.advance(mins(5));
        let expired = signs_in(&world, &mut browser, key.sign_in(&options).json()).await;
        vec![("of another session".into(), elsewhere), ("used".into(), used), ("expired".into(), expired)]
    })
}

/// Why an answer was refused: the field, the public code where it says all, else what the log says; empty if it was not.
fn why(world: &World, answer: &Answer) -> String {
    match (answer.status, answer.code()) {
        (200 | 201, _) => String::new(),
        (422, _) => answer.text_of("field"),
        (_, "sign_in_refused" | "registration_refused") => {
            let lines = world.log.0.borrow();
            let line = lines.last().unwrap();
            let cause = line.split_once(": ").unwrap().1.split(" (request").next().unwrap();
            let cause = cause.split(", with a passkey").next().unwrap();
            cause.split(": ").next().unwrap().to_owned()
        }
        (_, code) => code.to_owned(),
    }
}

// Changes

trait HasClientData {
    fn client_data(&mut self) -> &mut String;
}
impl HasClientData for Registration {
    fn client_data(&mut self) -> &mut String {
        &mut self.client_data
    }
}
impl HasClientData for Assertion {
    fn client_data(&mut self) -> &mut String {
        &mut self.client_data
    }
}

/// One outcome for each value of a member of the client data; null: without it.
fn client_data<A: HasClientData>(
    answer: impl Fn(&str, Box<dyn FnOnce(&mut A)>) -> Outcome,
    name: &'static str,
    values: &[Value],
) -> Vec<Outcome> {
    let each = |value: &Value| {
        let label = format!("{name} = {value}");
        let value = value.clone();
        answer(&label, Box::new(move |made: &mut A| set(made.client_data(), name, value)))
    };
    values.iter().map(each).collect()
}

fn set(client_data: &mut String, name: &str, value: Value) {
    let mut data: Value = serde_json::from_str(client_data).unwrap();
    if value.is_null() {
        data.as_object_mut().unwrap().remove(name);
    } else {
        data[name] = value;
    }
    *client_data = data.to_string();
}

fn remove(body: &mut Value, path: &str) {
    let (parent, name) = path.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
}

fn find<'m>(map: &'m mut [(Cbor, Cbor)], name: &str) -> &'m mut Cbor {
    map.iter_mut().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value).unwrap()
}

fn flip(bytes: &mut Cbor) {
    *bytes.as_bytes_mut().unwrap().last_mut().unwrap() ^= 1;
}

/// A file that is handed out beside the project; without it the test says so and ends.
fn shared(path: &str) -> Option<Value> {
    let root = std::env::var("LATCHKEY_SHARED_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").into());
    match std::fs::read(format!("{root}/{path}")) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            println!("SKIPPED: {root}/{path} is not here ({error}); set LATCHKEY_SHARED_DATA to its folder");
            None
        }
    }
}
