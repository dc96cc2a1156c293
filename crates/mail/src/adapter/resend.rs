//! Resend (https://resend.com/docs/api-reference/emails/send-email). Tracking is a property of the domain there: leave it off, as it is at first.

use bytes::Bytes;
use domain::Moment;
use http::header;
use ports::{Settings, SettingsError};
use serde_json::{Map, Value, json};

use super::{Adapter, base};
use crate::{Letter, Sender, letter::HEADERS};

pub(super) struct Resend {
    origin: String,
    key: String,
}

impl Resend {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            origin: base::origin(settings, Some("https://api.resend.com"))?,
            key: base::key(settings)?,
        })
    }
}

impl Adapter for Resend {
    fn request(
        &self,
        from: &Sender,
        letter: &Letter,
        _: Moment,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let headers: Map<String, Value> =
            HEADERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let request = base::post(&self.origin, "/emails", base::JSON)
            .header("idempotency-key", &letter.idempotency_key);
        base::secret(request, header::AUTHORIZATION, &format!("Bearer {}", self.key))?.body(base::body(
            &json!({
                "from": from.header(),
                "to": [letter.to],
                "subject": letter.subject,
                "text": letter.text.reveal(),
                "html": letter.html.reveal(),
                "headers": headers,
            }),
        ))
    }
}
