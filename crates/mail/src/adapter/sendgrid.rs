//! SendGrid (https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send). It has no idempotency keys either.

use bytes::Bytes;
use domain::Moment;
use http::header;
use ports::{Settings, SettingsError};
use serde_json::{Map, Value, json};

use super::{Adapter, base};
use crate::{Letter, Sender, letter::HEADERS};

pub(super) struct SendGrid {
    origin: String,
    key: String,
}

impl SendGrid {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let origin = base::origin(settings, Some("https://api.sendgrid.com"))?;
        Ok(Self { origin, key: base::key(settings)? })
    }
}

impl Adapter for SendGrid {
    fn request(
        &self,
        from: &Sender,
        letter: &Letter,
        _: Moment,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let headers: Map<String, Value> =
            HEADERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let mut sender = json!({"email": from.email});
        if let (Some(name), Some(members)) = (&from.name, sender.as_object_mut()) {
            members.insert("name".into(), name.as_str().into());
        }
        let request = base::post(&self.origin, "/v3/mail/send", base::JSON);
        base::secret(request, header::AUTHORIZATION, &format!("Bearer {}", self.key))?.body(base::body(
            &json!({
                "personalizations": [{"to": [{"email": letter.to}]}],
                "from": sender,
                "subject": letter.subject,
                // It asks for the plain part first.
                "content": [
                    {"type": "text/plain", "value": letter.text.reveal()},
                    {"type": "text/html", "value": letter.html.reveal()},
                ],
                "headers": headers,
                "tracking_settings": {
                    "click_tracking": {"enable": false, "enable_text": false},
                    "open_tracking": {"enable": false},
                    "subscription_tracking": {"enable": false},
                    "ganalytics": {"enable": false},
                },
            }),
        ))
    }
}
