//! A webhook of your own: POST of JSON to `mailer_url` + `mailer_path`, signed as https://www.standardwebhooks.com says, so that its libraries check it.
//!
//! ```text
//! webhook-id:        the idempotency key, the same on a retry
//! webhook-timestamp: seconds since 1970
//! webhook-signature: v1,base64(HMAC-SHA-256(key, "{id}.{timestamp}.{body}"))
//! {"type": "mail", "to": "…", "from": {"email": "…", "name"?: "…"}, "subject": "…", "text": "…", "html": "…", "headers": {"…": "…"}}
//! ```
//! The key is `mail_api_key`: what `whsec_` is followed by is base64, anything else is taken as it is. Answer 2xx; do not rewrite the link.

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use bytes::Bytes;
use domain::Moment;
use ports::{Settings, SettingsError};
use serde_json::{Map, Value, json};

use super::{Adapter, base};
use crate::{Letter, Sender, letter::HEADERS, sigv4};

pub(super) struct Webhook {
    origin: String,
    path: String,
    key: Vec<u8>,
}

impl Webhook {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let path = settings.optional("mailer_path").unwrap_or("/");
        if path.parse::<http::uri::PathAndQuery>().is_err() || !path.starts_with('/') || path.contains('#') {
            return Err(SettingsError("set the variable mailer_path to a path such as /hooks/mail".into()));
        }
        let text = base::key(settings)?;
        let key = match text.strip_prefix("whsec_") {
            Some(coded) => B64.decode(coded).ok(),
            None => Some(text.into_bytes()),
        };
        let Some(key) = key.filter(|key| key.len() >= 16) else {
            return Err(SettingsError(
                "set the variable mail_api_key to at least 16 random bytes, or to `whsec_` and their base64"
                    .into(),
            ));
        };
        Ok(Self { origin: base::origin(settings, None)?, path: path.to_owned(), key })
    }
}

impl Adapter for Webhook {
    fn request(
        &self,
        from: &Sender,
        letter: &Letter,
        now: Moment,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let headers: Map<String, Value> =
            HEADERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let mut sender = json!({"email": from.email});
        if let (Some(name), Some(members)) = (&from.name, sender.as_object_mut()) {
            members.insert("name".into(), name.as_str().into());
        }
        let body = json!({
            "type": "mail",
            "to": letter.to,
            "from": sender,
            "subject": letter.subject,
            "text": letter.text.reveal(),
            "html": letter.html.reveal(),
            "headers": headers,
        })
        .to_string();
        let (id, at) = (&letter.idempotency_key, now.secs());
        let signature = B64.encode(sigv4::hmac(&self.key, format!("{id}.{at}.{body}").as_bytes()));
        base::post(&self.origin, &self.path, base::JSON)
            .header("webhook-id", id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", format!("v1,{signature}"))
            .body(Bytes::from(body))
    }
}
