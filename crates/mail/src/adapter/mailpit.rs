//! Mailpit (https://mailpit.axllent.org/docs/api-v1/): a mailbox for development that others can look into.

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use bytes::Bytes;
use domain::Moment;
use http::header;
use ports::{Settings, SettingsError};
use serde_json::{Map, Value, json};

use super::{Adapter, base};
use crate::{Letter, Sender, letter::HEADERS};

pub(super) struct Mailpit {
    origin: String,
    credential: Option<String>,
}

impl Mailpit {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let key = settings.optional("mail_api_key").is_some().then(|| base::key(settings)).transpose()?;
        Ok(Self {
            origin: base::origin(settings, Some(base::MAILPIT))?,
            credential: key.map(|key| format!("Basic {}", B64.encode(key))),
        })
    }
}

impl Adapter for Mailpit {
    fn request(
        &self,
        from: &Sender,
        letter: &Letter,
        _: Moment,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let headers: Map<String, Value> =
            HEADERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let mut request = base::post(&self.origin, "/api/v1/send", base::JSON);
        if let Some(credential) = &self.credential {
            request = base::secret(request, header::AUTHORIZATION, credential)?;
        }
        request.body(base::body(&json!({
            "From": {"Email": from.email, "Name": from.name.as_deref().unwrap_or_default()},
            "To": [{"Email": letter.to}],
            "Subject": letter.subject,
            "Text": letter.text.reveal(),
            "HTML": letter.html.reveal(),
            "Headers": headers,
        })))
    }
}
