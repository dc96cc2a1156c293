//! Postmark (https://postmarkapp.com/developer/api/email-api). It has no idempotency keys: a mail sent twice by a retry is the same mail.

use bytes::Bytes;
use domain::Moment;
use ports::{Settings, SettingsError};
use serde_json::{Value, json};

use super::{Adapter, base};
use crate::{Letter, Sender, letter::HEADERS};

pub(super) struct Postmark {
    origin: String,
    key: String,
}

impl Postmark {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let origin = base::origin(settings, Some("https://api.postmarkapp.com"))?;
        Ok(Self { origin, key: base::key(settings)? })
    }
}

impl Adapter for Postmark {
    fn request(
        &self,
        from: &Sender,
        letter: &Letter,
        _: Moment,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let headers: Vec<Value> =
            HEADERS.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        let request = base::post(&self.origin, "/email", base::JSON);
        base::secret(request, "x-postmark-server-token", &self.key)?.body(base::body(&json!({
            "From": from.header(),
            "To": letter.to,
            "Subject": letter.subject,
            "TextBody": letter.text.reveal(),
            "HtmlBody": letter.html.reveal(),
            "Headers": headers,
            "MessageStream": "outbound",
            "TrackOpens": false,
            "TrackLinks": "None",
        })))
    }
}
