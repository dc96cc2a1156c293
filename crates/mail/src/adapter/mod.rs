//! One file per provider: a letter in that provider's own words.

mod base;
mod mailgun;
mod mailpit;
mod postmark;
mod resend;
mod sendgrid;
mod ses;
mod webhook;

use bytes::Bytes;
use domain::Moment;
use ports::{Settings, SettingsError};

use crate::{Letter, Sender};

/// A provider that is spoken to over HTTP.
pub(crate) trait Adapter {
    /// The request that hands over one letter. Asked again, it must be one that the provider knows for the same, where it can.
    fn request(
        &self,
        from: &Sender,
        letter: &Letter,
        now: Moment,
    ) -> Result<http::Request<Bytes>, http::Error>;
}

type Make = fn(&Settings) -> Result<Box<dyn Adapter>, SettingsError>;

/// What `mailer` may say, besides `dev-mailbox`.
pub(crate) const ADAPTERS: [(&str, Make); 7] = [
    ("resend", |settings| Ok(Box::new(resend::Resend::new(settings)?))),
    ("postmark", |settings| Ok(Box::new(postmark::Postmark::new(settings)?))),
    ("sendgrid", |settings| Ok(Box::new(sendgrid::SendGrid::new(settings)?))),
    ("mailgun", |settings| Ok(Box::new(mailgun::Mailgun::new(settings)?))),
    ("ses", |settings| Ok(Box::new(ses::Ses::new(settings)?))),
    ("mailpit", |settings| Ok(Box::new(mailpit::Mailpit::new(settings)?))),
    ("webhook", |settings| Ok(Box::new(webhook::Webhook::new(settings)?))),
];
