//! Mail: the letters we send, and the providers that carry them over HTTP.
//!
//! Tracking is off wherever a provider lets a message say so (it would rewrite the link through a third party); where only the provider's own
//! set-up decides (Resend's domain, an SES configuration set), that adapter's file says so. A letter is tried twice at most, with one idempotency key.
//!
//! | `mailer` | reads besides `mailer_from` |
//! | --- | --- |
//! | `resend`, `postmark`, `sendgrid` | `mail_api_key` |
//! | `mailgun` | `mail_api_key`, `mailer_domain`, `mailer_region` (`us` or `eu`) |
//! | `ses` | `mailer_key_id`, `mail_api_key` (the secret access key), `mailer_region` |
//! | `mailpit` | `mailer_url`, `mail_api_key` (`user:password`, if it asks for one) |
//! | `webhook` | `mailer_url`, `mailer_path`, `mail_api_key` (signs, see [`Mailer`]) |
//! | `dev-mailbox` | nothing: the mail lies in the store and is shown at `/dev/mailbox` |
//!
//! `mailer_url` overrides the origin of any provider.

mod adapter;
mod language;
mod letter;
mod mailer;
mod notice;
mod sender;
mod sign_in;
mod sigv4;

pub use language::Language;
pub use letter::Letter;
pub use mailer::{MailError, Mailer};
pub use notice::{Event, Notice};
pub use sender::Sender;
pub use sign_in::{SignIn, brand};
