//! The mailbox of development: mails that were not sent, to be looked at.

use domain::{Email, Moment, TenantId, days};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{Key, Page, Record, record};

/// A mail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    /// To whom.
    pub to: Email,
    /// From whom.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The link in it.
    pub link: Option<String>,
    /// The code in it.
    pub code: Option<String>,
    /// When.
    pub at: Moment,
}

impl Record for Message {
    const PAGE: Page = Page {
        name: "mail",
        key: "lk1:{root}:mail:{place}",
        holds: "a mail of the development mailbox, link and code included; never in production",
        lives: "a day, or until 200 newer ones came",
        use_: "written once",
        written_by: &["magic-link", "step-up"],
        read_by: &[],
    };
}

pub(crate) const PAGES: [Page; 1] = [Page {
    name: "seq-mail",
    key: "lk1:{root}:seq-mail:0",
    holds: "a counter: the mails put into the development mailbox",
    lives: "for ever",
    use_: "increment only",
    written_by: &["magic-link", "step-up"],
    read_by: &[],
}];

/// Puts a mail into the mailbox.
pub async fn put(ports: &Ports<'_>, message: &Message) -> Result<(), Failure> {
    let place = ports.store.increment(seq().as_str(), 1).await?;
    record::put(ports, &key(place), message, Some(ports.now.plus(days(1)))).await?;
    if place > KEPT {
        ports.store.delete(key(place - KEPT).as_str()).await?;
    }
    Ok(())
}

/// The mails there are, newest first; to one address, if given.
pub async fn list(ports: &Ports<'_>, to: Option<&Email>) -> Result<Vec<Message>, Failure> {
    let last = ports.store.increment(seq().as_str(), 0).await?;
    let mut found = Vec::new();
    for place in (1..=last).rev().take(usize::try_from(KEPT).unwrap_or_default()) {
        if let Some(message) = record::read::<Message>(ports, &key(place)).await?
            && to.is_none_or(|to| *to == message.to)
        {
            found.push(message);
        }
    }
    Ok(found)
}

fn key(place: i64) -> Key {
    Key::of(TenantId::ROOT, "mail", place)
}

fn seq() -> Key {
    Key::of(TenantId::ROOT, "seq-mail", 0)
}

const KEPT: i64 = 200;
