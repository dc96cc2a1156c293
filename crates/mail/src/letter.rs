//! A letter: what every provider is asked to carry.

use std::fmt;

use domain::{Email, Plain};

/// A mail to one person, with both parts. Whoever makes one has freed its texts from what strangers wrote.
pub struct Letter {
    /// To whom.
    pub to: Email,
    /// The subject: one line.
    pub subject: String,
    /// The text part.
    pub text: Plain<String>,
    /// The HTML part.
    pub html: Plain<String>,
    /// The link in it that signs someone in, for the development mailbox.
    pub link: Option<Plain<String>>,
    /// The code in it, for the development mailbox.
    pub code: Option<Plain<String>>,
    /// Names this letter to a provider that sends each name once; no secret.
    pub idempotency_key: String,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(..)")
    }
}

/// Headers of every letter: no machine shall answer it (RFC 3834 section 5; Outlook has its own).
pub(crate) const HEADERS: [(&str, &str); 2] =
    [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")];
