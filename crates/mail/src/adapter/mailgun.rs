//! Mailgun (https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages): a form. It has no idempotency keys.

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use bytes::Bytes;
use domain::Moment;
use http::header;
use ports::{Settings, SettingsError};

use super::{Adapter, base};
use crate::{Letter, Sender, letter::HEADERS};

pub(super) struct Mailgun {
    origin: String,
    path: String,
    key: String,
}

impl Mailgun {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let usual = match settings.optional("mailer_region") {
            None | Some("us") => "https://api.mailgun.net",
            Some("eu") => "https://api.eu.mailgun.net",
            Some(_) => {
                return Err(SettingsError(
                    "set the variable mailer_region to `us` or `eu` for mailgun".into(),
                ));
            }
        };
        let path = format!("/v3/{}/messages", base::plain(settings, "mailer_domain")?);
        Ok(Self { origin: base::origin(settings, Some(usual))?, path, key: base::key(settings)? })
    }
}

impl Adapter for Mailgun {
    fn request(
        &self,
        from: &Sender,
        letter: &Letter,
        _: Moment,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("from", &from.header())
            .append_pair("to", letter.to.as_str())
            .append_pair("subject", &letter.subject)
            .append_pair("text", letter.text.reveal())
            .append_pair("html", letter.html.reveal())
            .append_pair("o:tracking", "no")
            .append_pair("o:tracking-clicks", "no")
            .append_pair("o:tracking-opens", "no");
        for (name, value) in HEADERS {
            form.append_pair(&format!("h:{name}"), value);
        }
        let request = base::post(&self.origin, &self.path, "application/x-www-form-urlencoded");
        let credential = format!("Basic {}", B64.encode(format!("api:{}", self.key)));
        base::secret(request, header::AUTHORIZATION, &credential)?.body(Bytes::from(form.finish()))
    }
}
