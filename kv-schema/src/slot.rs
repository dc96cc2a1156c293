//! Records that expire: each has a slot of its own, numbered within the hour in which it dies, so that the janitor finds all of
//! them without listing keys, and a key that has died is never used again.

use domain::{Digest, Moment, Plain, Secs, Token, hours, secret::TokenKind};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{Change, Key, Page, Record, record};

/// The place of something that expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    hour: u32,
    number: u32,
}

impl Slot {
    /// Reserves a place for something that is gone at `expires`.
    pub async fn reserve(ports: &Ports<'_>, expires: Moment) -> Result<Self, Failure> {
        let hour = hour_of(expires) + 1;
        let number = ports.blocks.next(ports.store, numbers(hour).as_str()).await?;
        let number = u32::try_from(number).map_err(|_| ports::StoreError(format!("hour {hour} is full")))?;
        Ok(Self { hour, number })
    }

    /// As the locator of a token.
    pub fn bytes(self) -> [u8; 8] {
        let mut bytes = [0; 8];
        for (into, from) in
            bytes.iter_mut().zip(self.hour.to_be_bytes().into_iter().chain(self.number.to_be_bytes()))
        {
            *into = from;
        }
        bytes
    }

    /// Back from a locator.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hour, number) = bytes.split_at_checked(4)?;
        Some(Self {
            hour: u32::from_be_bytes(hour.try_into().ok()?),
            number: u32::from_be_bytes(number.try_into().ok()?),
        })
    }

    /// The mark of single use that belongs to this place.
    pub fn once(self) -> Key {
        Key::platform("once", format_args!("{}.{}", self.hour, self.number))
    }

    pub(crate) fn key(self) -> Key {
        Key::platform("slot", format_args!("{}.{}", self.hour, self.number))
    }

    pub(crate) const fn at(hour: u32, number: u32) -> Self {
        Self { hour, number }
    }
}

/// What lies in a slot: the record, and what its bearer's token hashes to.
#[derive(Serialize, Deserialize)]
pub(crate) struct Held {
    /// Nobody's, if only the janitor reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<Digest>,
    pub(crate) kind: String,
    pub(crate) data: serde_json::Value,
}

impl Record for Held {
    const PAGE: Page = Page {
        name: "slot",
        key: "lk1:_:slot:{hour}.{number}",
        holds: "one expiring record: a ceremony, a transaction, a list of keys to sweep, or a tenant whose policy is on its way down; with the digest of its bearer's token",
        lives: "until the end of {hour}, at most; each says when it expires",
        use_: "written once; a transaction is swapped",
        written_by: &["passkey", "magic-link", "step-up", "session", "admin", "authz", "janitor"],
        read_by: &[],
    };
}

/// Puts a record away for the bearer of the token that is returned.
pub async fn issue<K: TokenKind, R: Serialize>(
    ports: &Ports<'_>,
    kind: &str,
    data: &R,
    lives: Secs,
) -> Result<Plain<String>, Failure> {
    let expires = ports.now.plus(lives);
    let slot = Slot::reserve(ports, expires).await?;
    let (token, plain) = Token::<K>::issue(&slot.bytes(), ports.entropy.bytes());
    write(ports, slot, Some(token.digest()), kind, data, expires).await?;
    Ok(plain)
}

/// What the bearer of this token put away, if it is genuine and alive.
pub async fn open<K: TokenKind, R: for<'de> Deserialize<'de>>(
    ports: &Ports<'_>,
    kind: &str,
    token: &str,
) -> Result<Option<(Slot, R)>, Failure> {
    let Some((slot, token)) =
        Token::<K>::parse(token).and_then(|token| Some((Slot::from_bytes(token.locator())?, token)))
    else {
        return Ok(None);
    };
    let Some(held) = record::read::<Held>(ports, &slot.key()).await? else { return Ok(None) };
    if held.kind != kind || held.token != Some(token.digest()) {
        return Ok(None);
    }
    Ok(Some((slot, serde_json::from_value(held.data).map_err(|_| unreadable(slot))?)))
}

/// Changes what lies in a slot that [`open`] returned.
pub async fn update<R: Serialize + for<'de> Deserialize<'de>, T>(
    ports: &Ports<'_>,
    slot: Slot,
    mut change: impl FnMut(&mut R) -> Change<T>,
) -> Result<Option<T>, Failure> {
    let told = record::update::<Held, Option<T>>(ports, &slot.key(), |held| {
        let Ok(mut data) = serde_json::from_value::<R>(held.data.clone()) else { return Change::Leave(None) };
        match change(&mut data) {
            Change::Leave(told) => Change::Leave(Some(told)),
            Change::Write(told) => match serde_json::to_value(&data) {
                Ok(value) => {
                    held.data = value;
                    Change::Write(Some(told))
                }
                Err(_) => Change::Leave(None),
            },
        }
    })
    .await?;
    match told {
        Some(None) => Err(unreadable(slot).into()),
        Some(told) => Ok(told),
        None => Ok(None),
    }
}

/// Notes keys that the janitor shall remove once `expires` has passed. To be noted before they come into being.
pub async fn sweep_later(ports: &Ports<'_>, keys: &[&Key], expires: Moment) -> Result<(), Failure> {
    let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    note(ports, SWEEP, &keys, expires).await.map(drop)
}

/// Notes a mark of single use that has no slot of its own, for the janitor to forget once `expires` has passed.
pub(crate) async fn forget_later(ports: &Ports<'_>, mark: &Key, expires: Moment) -> Result<(), Failure> {
    note(ports, FORGET, &mark.as_str(), expires).await.map(drop)
}

pub(crate) const SWEEP: &str = "sweep";
pub(crate) const FORGET: &str = "forget";

/// Notes down something for the janitor to do once `at` has passed, unless the slot is gone by then.
pub(crate) async fn note<R: Serialize>(
    ports: &Ports<'_>,
    kind: &str,
    data: &R,
    at: Moment,
) -> Result<Slot, Failure> {
    let slot = Slot::reserve(ports, at).await?;
    write(ports, slot, None, kind, data, hour_end(slot.hour)).await?;
    Ok(slot)
}

async fn write<R: Serialize>(
    ports: &Ports<'_>,
    slot: Slot,
    token: Option<Digest>,
    kind: &str,
    data: &R,
    expires: Moment,
) -> Result<(), Failure> {
    let data = serde_json::to_value(data).map_err(|_| unreadable(slot))?;
    record::put(ports, &slot.key(), &Held { token, kind: kind.to_owned(), data }, Some(expires)).await
}

fn unreadable(slot: Slot) -> ports::StoreError {
    ports::StoreError(format!("`{}` does not hold what it should", slot.key()))
}

/// The counter that numbers an hour's slots.
pub(crate) fn numbers(hour: u32) -> Key {
    Key::platform("seq-slot", hour)
}

pub(crate) fn hour_of(moment: Moment) -> u32 {
    u32::try_from(moment.secs() / hours(1).0).unwrap_or(u32::MAX - 1)
}

fn hour_end(hour: u32) -> Moment {
    // The janitor must still be able to read what it has to remove.
    Moment::from_secs(u64::from(hour).saturating_mul(hours(1).0)).plus(domain::days(3_650))
}

/// Pages of what is no record.
pub(crate) const PAGES: [Page; 2] = [
    Page {
        name: "once",
        key: "lk1:_:once:{hour}.{number}",
        holds: "a counter: 1 issued (or claimed), 2 taken, more refused",
        lives: "until the janitor sweeps {hour}",
        use_: "increment only",
        written_by: &["passkey", "step-up", "session"],
        read_by: &["janitor"],
    },
    Page {
        name: "seq-slot",
        key: "lk1:_:seq-slot:{hour}",
        holds: "a counter: the last slot number reserved in that hour, sixteen at a time",
        lives: "until the janitor sweeps {hour}",
        use_: "increment only",
        written_by: &["passkey", "magic-link", "step-up", "session", "admin", "authz", "janitor"],
        read_by: &[],
    },
];
