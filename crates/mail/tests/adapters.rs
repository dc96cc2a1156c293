//! Every adapter against a stub that checks the whole request, and what happens when a provider does not play along.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has to stop")]

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use domain::Plain;
use mail::{Language, Letter, MailError, Mailer, SignIn};
use ports::FetchError;
use serde_json::{Value, json};
use testkit::{World, block_on};

const LINK: &str = "https://id.example/magic-link/confirm#lkm_secret";
const CODE: &str = "01234567";

fn letter() -> Letter {
    SignIn {
        to: &"ada@acme.example".parse().unwrap(),
        brand: "Acme",
        link: Plain::new(LINK.into()),
        code: Plain::new(CODE.into()),
        idempotency_key: "key-1".into(),
    }
    .write(Language::English)
}

fn world(more: &[(&str, &str)]) -> World {
    let usual =
        [("mailer_from", "Acme Sign-in <no-reply@id.example>"), ("mail_api_key", "the-provider's-key")];
    World::with(&[&usual, more].concat())
}

fn send(world: &World) -> Result<(), MailError> {
    let ports = world.ports();
    let mailer = Mailer::from_settings(ports.settings).unwrap();
    block_on(mailer.send(&ports, &letter()))
}

/// What was sent as: method and URL, headers, body.
fn sent(more: &[(&str, &str)]) -> (String, BTreeMap<String, String>, String) {
    let world = world(more);
    send(&world).unwrap();
    let sent = world.fetch.sent.borrow();
    assert_eq!(sent.len(), 1);
    let headers = sent[0].headers().iter();
    (
        format!("{} {}", sent[0].method(), sent[0].uri()),
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect(),
        String::from_utf8(sent[0].body().to_vec()).unwrap(),
    )
}

fn headers(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let usual = [("accept", "application/json"), ("content-type", "application/json")];
    usual.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn text() -> String {
    letter().text.reveal().clone()
}

fn html() -> String {
    letter().html.reveal().clone()
}

#[test]
fn resend() {
    let (line, with, body) = sent(&[("mailer", "resend")]);
    assert_eq!(line, "POST https://api.resend.com/emails");
    assert_eq!(
        with,
        headers(&[("authorization", "Bearer the-provider's-key"), ("idempotency-key", "key-1")])
    );
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "from": "\"Acme Sign-in\" <no-reply@id.example>",
            "to": ["ada@acme.example"],
            "subject": "Sign in to Acme",
            "text": text(),
            "html": html(),
            "headers": {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        })
    );
}

#[test]
fn postmark() {
    let (line, with, body) = sent(&[("mailer", "postmark")]);
    assert_eq!(line, "POST https://api.postmarkapp.com/email");
    assert_eq!(with, headers(&[("x-postmark-server-token", "the-provider's-key")]));
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "From": "\"Acme Sign-in\" <no-reply@id.example>",
            "To": "ada@acme.example",
            "Subject": "Sign in to Acme",
            "TextBody": text(),
            "HtmlBody": html(),
            "Headers": [
                {"Name": "Auto-Submitted", "Value": "auto-generated"},
                {"Name": "X-Auto-Response-Suppress", "Value": "All"},
            ],
            "MessageStream": "outbound",
            "TrackOpens": false,
            "TrackLinks": "None",
        })
    );
}

#[test]
fn sendgrid() {
    let (line, with, body) = sent(&[("mailer", "sendgrid")]);
    assert_eq!(line, "POST https://api.sendgrid.com/v3/mail/send");
    assert_eq!(with, headers(&[("authorization", "Bearer the-provider's-key")]));
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "personalizations": [{"to": [{"email": "ada@acme.example"}]}],
            "from": {"email": "no-reply@id.example", "name": "Acme Sign-in"},
            "subject": "Sign in to Acme",
            "content": [{"type": "text/plain", "value": text()}, {"type": "text/html", "value": html()}],
            "headers": {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
            "tracking_settings": {
                "click_tracking": {"enable": false, "enable_text": false},
                "open_tracking": {"enable": false},
                "subscription_tracking": {"enable": false},
                "ganalytics": {"enable": false},
            },
        })
    );
}

#[test]
fn mailgun() {
    for (region, origin) in [
        ("", "https://api.mailgun.net"),
        ("us", "https://api.mailgun.net"),
        ("eu", "https://api.eu.mailgun.net"),
    ] {
        let (line, with, body) =
            sent(&[("mailer", "mailgun"), ("mailer_domain", "mg.id.example"), ("mailer_region", region)]);
        assert_eq!(line, format!("POST {origin}/v3/mg.id.example/messages"));
        let credential = format!("Basic {}", B64.encode("api:the-provider's-key"));
        assert_eq!(
            with,
            headers(&[("content-type", "application/x-www-form-urlencoded"), ("authorization", &credential)])
        );
        let form: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let (text, html) = (text(), html());
        let expected = [
            ("from", "\"Acme Sign-in\" <no-reply@id.example>"),
            ("to", "ada@acme.example"),
            ("subject", "Sign in to Acme"),
            ("text", &text),
            ("html", &html),
            ("o:tracking", "no"),
            ("o:tracking-clicks", "no"),
            ("o:tracking-opens", "no"),
            ("h:Auto-Submitted", "auto-generated"),
            ("h:X-Auto-Response-Suppress", "All"),
        ];
        assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

#[test]
fn ses() {
    let (line, with, body) = sent(&[
        ("mailer", "ses"),
        ("mailer_region", "eu-central-1"),
        ("mailer_key_id", "AKIDEXAMPLE"),
        ("mailer_from", "Müller <no-reply@id.example>"),
    ]);
    assert_eq!(line, "POST https://email.eu-central-1.amazonaws.com/v2/email/outbound-emails");
    let part = |data: String| json!({"Data": data, "Charset": "UTF-8"});
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "FromEmailAddress": "=?UTF-8?B?TcO8bGxlcg==?= <no-reply@id.example>",
            "Destination": {"ToAddresses": ["ada@acme.example"]},
            "Content": {"Simple": {
                "Subject": part("Sign in to Acme".into()),
                "Body": {"Text": part(text()), "Html": part(html().replace("<a href=", "<a ses:no-track href="))},
                "Headers": [
                    {"Name": "Auto-Submitted", "Value": "auto-generated"},
                    {"Name": "X-Auto-Response-Suppress", "Value": "All"},
                ],
            }},
        })
    );
    assert!(body.contains("<a ses:no-track href="));
    assert_eq!(with["x-amz-date"], "20261124T093000Z");
    let (scope, signature) = with["authorization"].split_once(", Signature=").unwrap();
    assert_eq!(
        scope,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/eu-central-1/ses/aws4_request, SignedHeaders=content-type;host;x-amz-date"
    );
    // The composition itself is held to AWS's published values in `sigv4`; here: what is signed depends on the body and the key.
    assert_eq!(signature.len(), 64);
    let (_, other, _) = sent(&[
        ("mailer", "ses"),
        ("mailer_region", "eu-central-1"),
        ("mailer_key_id", "AKIDEXAMPLE"),
        ("mailer_from", "Müller <no-reply@id.example>"),
        ("mail_api_key", "another key"),
    ]);
    assert_ne!(with["authorization"], other["authorization"]);
    assert_eq!(with.len(), 4, "{with:?}");
}

#[test]
fn mailpit() {
    let mailpit = [("mailer", "mailpit"), ("mailer_url", "http://127.0.0.1:8025")];
    let (line, with, body) = sent(&[&mailpit[..], &[("mail_api_key", "")]].concat());
    assert_eq!(line, "POST http://127.0.0.1:8025/api/v1/send");
    assert_eq!(with, headers(&[]));
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "From": {"Email": "no-reply@id.example", "Name": "Acme Sign-in"},
            "To": [{"Email": "ada@acme.example"}],
            "Subject": "Sign in to Acme",
            "Text": text(),
            "HTML": html(),
            "Headers": {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        })
    );
    let (_, with, _) = sent(&[&mailpit[..], &[("mail_api_key", "user:password")]].concat());
    assert_eq!(with["authorization"], "Basic dXNlcjpwYXNzd29yZA==");
}

/// The key and id of https://www.standardwebhooks.com's own example.
#[test]
fn webhook() {
    let (line, with, body) = sent(&[
        ("mailer", "webhook"),
        ("mailer_url", "https://hooks.example"),
        ("mailer_path", "/mail?from=latchkey"),
        ("mail_api_key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ]);
    assert_eq!(line, "POST https://hooks.example/mail?from=latchkey");
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "type": "mail",
            "to": "ada@acme.example",
            "from": {"email": "no-reply@id.example", "name": "Acme Sign-in"},
            "subject": "Sign in to Acme",
            "text": text(),
            "html": html(),
            "headers": {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        })
    );
    let signed = format!("key-1.1795512600.{body}");
    let mut mac = <hmac::Hmac<sha2::Sha256> as hmac::Mac>::new_from_slice(
        &B64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap(),
    )
    .unwrap();
    hmac::Mac::update(&mut mac, signed.as_bytes());
    let signature = format!("v1,{}", B64.encode(hmac::Mac::finalize(mac).into_bytes()));
    assert_eq!(
        with,
        headers(&[
            ("webhook-id", "key-1"),
            ("webhook-timestamp", "1795512600"),
            ("webhook-signature", &signature)
        ])
    );
}

#[test]
fn any_provider_can_be_pointed_elsewhere() {
    for mailer in ["resend", "postmark", "sendgrid", "mailgun", "ses", "mailpit", "webhook"] {
        let (line, ..) = sent(&[
            ("mailer", mailer),
            ("mailer_url", "http://127.0.0.1:9"),
            ("mailer_domain", "mg.id.example"),
            ("mailer_region", if mailer == "mailgun" { "eu" } else { "eu-central-1" }),
            ("mailer_key_id", "AKIDEXAMPLE"),
        ]);
        assert!(line.starts_with("POST http://127.0.0.1:9/"), "{line}");
    }
}

/// `spin.toml` has to name an origin; what it names by default sends nobody's mail astray.
#[test]
fn the_default_of_mailer_url_is_mailpits_alone() {
    let default = ("mailer_url", "http://localhost:8025");
    assert!(sent(&[("mailer", "resend"), default]).0.starts_with("POST https://api.resend.com/"));
    assert!(sent(&[("mailer", "mailpit"), default]).0.starts_with("POST http://localhost:8025/"));
    let unsendable = world(&[("mailer", "resend"), ("mailer_from", "Latchkey <no-reply@localhost>")]);
    assert!(Mailer::from_settings(unsendable.ports().settings).is_err());
    for mailer in ["mailpit", "dev-mailbox"] {
        let world = world(&[("mailer", mailer), ("mailer_from", "Latchkey <no-reply@localhost>")]);
        send(&world).unwrap();
    }
}

#[test]
fn dev_mailbox_keeps_the_letter_and_sends_nothing() {
    let world = World::default();
    send(&world).unwrap();
    assert!(world.fetch.sent.borrow().is_empty());
    let kept = block_on(kv_schema::mailbox::list(&world.ports(), None)).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].link.as_deref(), kept[0].code.as_deref()), (Some(LINK), Some(CODE)));
    assert_eq!((&kept[0].text, &kept[0].html), (&text(), &html()));
}

#[test]
fn trouble_is_tried_once_more_with_the_same_key() {
    for trouble in [Ok((500, "no")), Ok((429, "slow down")), Err(FetchError::Failed("timed out".into()))] {
        let world = world(&[("mailer", "resend")]);
        *world.fetch.answers.borrow_mut() = vec![trouble.clone()];
        send(&world).unwrap();
        let sent = world.fetch.sent.borrow();
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0].headers(), sent[1].headers());
        assert_eq!(sent[0].body(), sent[1].body());
    }
}

#[test]
fn unreachable_after_two_tries() {
    let world = world(&[("mailer", "resend")]);
    *world.fetch.answers.borrow_mut() = vec![Ok((503, "x")), Err(FetchError::Forbidden), Ok((200, "{}"))];
    assert!(matches!(send(&world), Err(MailError::Unreachable("resend", _))));
    assert_eq!(world.fetch.sent.borrow().len(), 2);
}

#[test]
fn refused_is_not_tried_again_and_says_nothing_private() {
    let world = world(&[("mailer", "resend")]);
    *world.fetch.answers.borrow_mut() = vec![Ok((422, "ada@acme.example is on our list"))];
    let error = send(&world).unwrap_err();
    assert!(matches!(error, MailError::Refused("resend", status) if status.as_u16() == 422));
    assert_eq!(world.fetch.sent.borrow().len(), 1);
    for shown in [error.to_string(), format!("{error:?}"), format!("{:?}", letter())] {
        for private in ["ada", "lkm_", CODE, "provider's"] {
            assert!(!shown.contains(private), "{private} in {shown}");
        }
    }
}

#[test]
fn secrets_are_marked_for_logs() {
    let world = world(&[("mailer", "postmark")]);
    send(&world).unwrap();
    assert!(!format!("{:?}", world.fetch.sent.borrow()[0].headers()).contains("provider's"));
}

#[test]
fn a_setting_that_is_missing_or_wrong_says_which() {
    let wrong = |more: &[(&str, &str)]| {
        let world = world(more);
        Mailer::from_settings(world.ports().settings).map(|_| ()).unwrap_err().0
    };
    let unknown = wrong(&[("mailer", "pigeon")]);
    for name in ["resend", "postmark", "sendgrid", "mailgun", "ses", "mailpit", "webhook", "dev-mailbox"] {
        assert!(unknown.contains(name), "{unknown}");
    }
    assert_eq!(wrong(&[("mailer", "")]), unknown);
    for (settings, named) in [
        (&[("mailer", "resend"), ("mail_api_key", "")][..], "mail_api_key"),
        (&[("mailer", "resend"), ("mail_api_key", "a\nb")], "mail_api_key"),
        (&[("mailer", "resend"), ("mailer_from", "")], "mailer_from"),
        (&[("mailer", "resend"), ("mailer_from", "nobody")], "mailer_from"),
        (&[("mailer", "resend"), ("mailer_url", "http://api.example")], "mailer_url"),
        (&[("mailer", "mailgun")], "mailer_domain"),
        (&[("mailer", "mailgun"), ("mailer_domain", "a/../b")], "mailer_domain"),
        (&[("mailer", "mailgun"), ("mailer_domain", "a.b"), ("mailer_region", "mars")], "mailer_region"),
        (&[("mailer", "ses"), ("mailer_key_id", "A")], "mailer_region"),
        (&[("mailer", "ses"), ("mailer_key_id", "A"), ("mailer_region", "a.evil/")], "mailer_region"),
        (&[("mailer", "ses"), ("mailer_region", "a")], "mailer_key_id"),
        (&[("mailer", "webhook")], "mailer_url"),
        (&[("mailer", "webhook"), ("mailer_url", "https://a"), ("mailer_path", "x")], "mailer_path"),
        (&[("mailer", "webhook"), ("mailer_url", "https://a"), ("mail_api_key", "short")], "mail_api_key"),
        (&[("mailer", "webhook"), ("mailer_url", "https://a"), ("mail_api_key", "whsec_!")], "mail_api_key"),
    ] {
        let told = wrong(settings);
        assert!(told.contains(&format!("variable {named} ")), "{told} for {settings:?}");
        assert!(!told.contains("provider's"), "{told}");
    }
}
