//! The mailer a deployment has chosen, and how a letter leaves.

use std::fmt;

use kv_schema::mailbox::{self, Message};
use ports::{Failure, FetchError, Ports, Settings, SettingsError};

use crate::{
    Letter, Sender,
    adapter::{ADAPTERS, Adapter},
};

/// The mailer a deployment has chosen: variables `mailer` and `mailer_from`, and those of the provider.
pub struct Mailer {
    from: Sender,
    way: Way,
}

enum Way {
    DevMailbox,
    Provider(&'static str, Box<dyn Adapter>),
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("from", &self.from).finish_non_exhaustive()
    }
}

/// Why a letter did not leave. It names neither the address nor what the letter says.
#[derive(Debug, Clone)]
pub enum MailError {
    /// The provider took neither of two tries.
    Unreachable(&'static str, String),
    /// The provider said no.
    Refused(&'static str, http::StatusCode),
    /// A setting makes a request impossible.
    Unsendable(&'static str),
    /// The development mailbox could not be written.
    Mailbox(Failure),
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(provider, why) => write!(f, "`{provider}` could not be reached twice: {why}"),
            Self::Refused(provider, status) => write!(f, "`{provider}` refused it with status {status}"),
            Self::Unsendable(provider) => {
                write!(f, "no request for `{provider}` can be made of the settings")
            }
            Self::Mailbox(failure) => write!(f, "development mailbox: {failure}"),
        }
    }
}
impl std::error::Error for MailError {}

impl Mailer {
    /// The mailer that the settings choose.
    ///
    /// # Errors
    /// `mailer` is unset or unknown, or what that provider needs is missing; the sentence says what to set.
    pub fn from_settings(settings: &Settings) -> Result<Self, SettingsError> {
        let name = settings.optional("mailer").unwrap_or_default();
        let local = name == DEV_MAILBOX || name == "mailpit";
        let from = match settings.optional("mailer_from") {
            None if local => Sender::parse("Latchkey <no-reply@localhost>", local),
            _ => settings.required("mailer_from").and_then(|from| Sender::parse(from, local)),
        };
        if name == DEV_MAILBOX {
            return Ok(Self { from: from?, way: Way::DevMailbox });
        }
        let Some((name, make)) = ADAPTERS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = ADAPTERS.iter().map(|(name, _)| *name).collect();
            return Err(SettingsError(format!(
                "set the variable mailer to {}, or to {DEV_MAILBOX} for development",
                known.join(", ")
            )));
        };
        Ok(Self { from: from?, way: Way::Provider(name, make(settings)?) })
    }

    /// Whether mails stay here to be looked at.
    pub fn is_dev_mailbox(settings: &Settings) -> bool {
        settings.optional("mailer") == Some(DEV_MAILBOX)
    }

    /// Sends a letter. If the provider does not answer or is in trouble, once more with the same idempotency key; each try has the deadline of [`ports::Fetch`].
    pub async fn send(&self, ports: &Ports<'_>, letter: &Letter) -> Result<(), MailError> {
        match &self.way {
            Way::DevMailbox => self.keep(ports, letter).await,
            Way::Provider(name, adapter) => {
                let request = adapter
                    .request(&self.from, letter, ports.now)
                    .map_err(|_| MailError::Unsendable(name))?;
                match try_once(ports, name, request.clone()).await {
                    Err(MailError::Unreachable(..)) => try_once(ports, name, request).await,
                    ended => ended,
                }
            }
        }
    }

    async fn keep(&self, ports: &Ports<'_>, letter: &Letter) -> Result<(), MailError> {
        let message = Message {
            to: letter.to.clone(),
            from: self.from.header(),
            subject: letter.subject.clone(),
            text: letter.text.reveal().clone(),
            html: letter.html.reveal().clone(),
            link: letter.link.as_ref().map(|link| link.reveal().clone()),
            code: letter.code.as_ref().map(|code| code.reveal().clone()),
            at: ports.now,
        };
        mailbox::put(ports, &message).await.map_err(MailError::Mailbox)
    }
}

async fn try_once(
    ports: &Ports<'_>,
    name: &'static str,
    request: http::Request<bytes::Bytes>,
) -> Result<(), MailError> {
    match ports.fetch.send(request).await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        // It is in trouble, or wants us to slow down.
        Ok(answer)
            if answer.status().is_server_error()
                || answer.status() == http::StatusCode::TOO_MANY_REQUESTS =>
        {
            Err(MailError::Unreachable(name, format!("status {}", answer.status())))
        }
        Ok(answer) => Err(MailError::Refused(name, answer.status())),
        // Taken, with an answer that is longer than we read.
        Err(FetchError::TooLarge) => Ok(()),
        Err(error) => Err(MailError::Unreachable(name, error.to_string())),
    }
}

const DEV_MAILBOX: &str = "dev-mailbox";
