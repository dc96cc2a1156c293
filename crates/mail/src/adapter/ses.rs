//! Amazon SES, version 2 (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html), signed with SigV4. Tracking comes with configuration
//! sets: none is named, and the link carries `ses:no-track` in case the identity has a default one.

use bytes::Bytes;
use domain::Moment;
use http::header;
use ports::{Settings, SettingsError};
use serde_json::{Value, json};

use super::{Adapter, base};
use crate::{Letter, Sender, letter::HEADERS, sigv4};

pub(super) struct Ses {
    origin: String,
    region: String,
    key_id: String,
    secret: String,
}

impl Ses {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let region = base::plain(settings, "mailer_region")?.to_owned();
        let usual = format!("https://email.{region}.amazonaws.com");
        Ok(Self {
            origin: base::origin(settings, Some(&usual))?,
            region,
            key_id: base::plain(settings, "mailer_key_id")?.to_owned(),
            secret: base::key(settings)?,
        })
    }
}

impl Adapter for Ses {
    fn request(
        &self,
        from: &Sender,
        letter: &Letter,
        now: Moment,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let headers: Vec<Value> =
            HEADERS.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        let part = |data: &str| json!({"Data": data, "Charset": "UTF-8"});
        let body = base::body(&json!({
            "FromEmailAddress": from.ascii_header(),
            "Destination": {"ToAddresses": [letter.to]},
            "Content": {"Simple": {
                "Subject": part(&letter.subject),
                "Body": {
                    "Text": part(letter.text.reveal()),
                    "Html": part(&letter.html.reveal().replace("<a href", "<a ses:no-track href")),
                },
                "Headers": headers,
            }},
        }));
        let at: String = now.rfc3339().chars().filter(|c| !matches!(c, '-' | ':')).collect();
        let host = self.origin.split_once("://").map_or("", |(_, authority)| authority);
        let scope = sigv4::Scope {
            key_id: &self.key_id,
            secret: &self.secret,
            region: &self.region,
            service: "ses",
            at: &at,
        };
        let signed = [("content-type", base::JSON), ("host", host), ("x-amz-date", &at)];
        let authorization = sigv4::authorization(&scope, "POST", PATH, "", &signed, &body);
        let request = base::post(&self.origin, PATH, base::JSON).header("x-amz-date", &at);
        base::secret(request, header::AUTHORIZATION, &authorization)?.body(body)
    }
}

const PATH: &str = "/v2/email/outbound-emails";
