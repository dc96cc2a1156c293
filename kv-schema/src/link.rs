//! Magic links: one record per address and UTC day, which holds the newest attempt in each tenant, and the mails sent. A newer attempt replaces
//! the older by being written, and using one is a swap that only one request wins.
//!
//! One record for all tenants, because what is counted in it is counted for the person: many tenants are no way to send someone more mail, or to
//! guess more codes of one account (PROTOCOLS, attack case 32).

use domain::{Digest, Email, Moment, ReturnTo, TenantId, Ulid, days};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{Change, Key, Page, Record, record, slot, unique};

/// How far an attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// The mail is out.
    Pending,
    /// Pressed in another browser with the right digits; the starting one may fetch its handoff.
    Confirmed,
    /// Done: a handoff was given.
    Used,
}

/// One attempt to sign in by mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Where to.
    pub tenant: TenantId,
    /// What the link's token hashes to.
    pub token: Digest,
    /// The typed code, hashed under `index_key` together with the token's digest.
    pub code: Digest,
    /// What the starting browser's cookie hashes to.
    pub browser: Digest,
    /// The two digits that the starting screen shows.
    pub digits: u8,
    /// When it ends.
    pub expires: Moment,
    /// How far it is.
    pub progress: Progress,
    /// Wrong typed codes so far.
    pub wrong_codes: u8,
    /// Wrong digits so far.
    pub wrong_digits: u8,
    /// Whether a mail was sent; without one nothing can redeem it.
    pub mailed: bool,
    /// Whether the request named the tenant.
    pub asked: bool,
    /// Where to go afterwards.
    pub return_to: Option<ReturnTo>,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The address.
    pub email: Email,
    /// The newest attempt in each tenant, the newest of all last.
    #[serde(default)]
    attempts: Vec<Attempt>,
    /// When mails were sent, over all tenants.
    pub sent: Vec<Moment>,
    /// When codes were wrong, over all attempts.
    pub wrong: Vec<Moment>,
}

impl Link {
    /// The newest attempt in a tenant.
    pub fn attempt(&mut self, tenant: TenantId) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.tenant == tenant)
    }

    /// Ends the attempt in a tenant; whether there was one.
    pub fn forget(&mut self, tenant: TenantId) -> bool {
        let before = self.attempts.len();
        self.attempts.retain(|attempt| attempt.tenant != tenant);
        self.attempts.len() != before
    }

    /// From now on this is the newest in its tenant. Of many tenants those go that were asked longest ago.
    pub fn begin(&mut self, attempt: Attempt) {
        self.forget(attempt.tenant);
        let excess = (self.attempts.len() + 1).saturating_sub(MOST_ATTEMPTS);
        self.attempts.drain(..excess);
        self.attempts.push(attempt);
    }
}

impl Record for Link {
    const PAGE: Page = Page {
        name: "link",
        key: "lk1:_:link:{hash}.{day}.{number}",
        holds: "the newest magic link sent to an address that day for each tenant: digests of token, code and starting browser, tries, progress; when mails were sent and codes were wrong",
        lives: "until the end of the day after",
        use_: "swapped",
        written_by: &["magic-link"],
        read_by: &[],
    };
}

pub(crate) const PAGES: [Page; 1] = [Page {
    name: "cell-link",
    key: "lk1:_:cell-link:{hash}.{day}",
    holds: "a cell: the number of the address's link record for that day",
    lives: "until the end of the day after",
    use_: "decided",
    written_by: &["magic-link"],
    read_by: &[],
}];

/// Where a link record lies, and which tenant's attempt in it is meant; the locator inside the link's token and the attempt's cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The tenant of the attempt.
    pub tenant: TenantId,
    hash: [u8; 16],
    day: u32,
    number: i64,
}

impl Place {
    /// As the locator of a token: 44 bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.tenant.ulid().bytes().to_vec();
        bytes.extend_from_slice(&self.hash);
        bytes.extend_from_slice(&self.day.to_be_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// Back from a locator.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (tenant, rest) = bytes.split_at_checked(16)?;
        let (hash, rest) = rest.split_at_checked(16)?;
        let (day, number) = rest.split_at_checked(4)?;
        Some(Self {
            tenant: TenantId::of(Ulid::from_bytes(tenant.try_into().ok()?)),
            hash: hash.try_into().ok()?,
            day: u32::from_be_bytes(day.try_into().ok()?),
            number: i64::from_be_bytes(number.try_into().ok()?),
        })
    }

    fn key(&self) -> Key {
        Key::platform("link", format_args!("{}.{}.{}", hex(&self.hash), self.day, self.number))
    }
}

/// The place of today's record for an address, made if it is the first of the day.
pub async fn today(ports: &Ports<'_>, tenant: TenantId, email: &Email) -> Result<Place, Failure> {
    let hash = hash(ports, email)?;
    let day = day_of(ports.now);
    let cell = cell(&hash, day);
    if let Some(number) = unique::decided(ports, &cell).await? {
        return Ok(Place { tenant, hash, day, number });
    }
    let number = unique::propose(ports);
    let place = Place { tenant, hash, day, number };
    let expires = Moment::from_secs(u64::from(day) * days(1).0).plus(days(2));
    slot::sweep_later(ports, &[&cell, &place.key()], expires).await?;
    let link = Link { email: email.clone(), attempts: Vec::new(), sent: Vec::new(), wrong: Vec::new() };
    record::put(ports, &place.key(), &link, Some(expires)).await?;
    match unique::settle(ports, &cell, number).await? {
        Ok(()) => Ok(place),
        Err(winner) => {
            ports.store.delete(place.key().as_str()).await?;
            Ok(Place { number: winner, ..place })
        }
    }
}

/// The place of yesterday's record for an address, if there is one: what it counts still counts for a while after midnight.
pub async fn yesterday(ports: &Ports<'_>, tenant: TenantId, email: &Email) -> Result<Option<Place>, Failure> {
    let hash = hash(ports, email)?;
    let day = day_of(ports.now).saturating_sub(1);
    let number = unique::decided(ports, &cell(&hash, day)).await?;
    Ok(number.map(|number| Place { tenant, hash, day, number }))
}

/// The record at a place.
pub async fn read(ports: &Ports<'_>, place: &Place) -> Result<Option<Link>, Failure> {
    record::read(ports, &place.key()).await
}

/// Changes the record at a place so that no change is lost; `None` if it is gone.
pub async fn update<T>(
    ports: &Ports<'_>,
    place: &Place,
    change: impl FnMut(&mut Link) -> Change<T>,
) -> Result<Option<T>, Failure> {
    record::update(ports, &place.key(), change).await
}

fn hash(ports: &Ports<'_>, email: &Email) -> Result<[u8; 16], Failure> {
    let mac = ports.settings.index_key()?.mac("link", &[email.as_str().as_bytes()]);
    let (half, _) = mac
        .bytes()
        .split_first_chunk::<16>()
        .ok_or_else(|| ports::StoreError("a digest is too short".into()))?;
    Ok(*half)
}

fn cell(hash: &[u8; 16], day: u32) -> Key {
    Key::platform("cell-link", format_args!("{}.{day}", hex(hash)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn day_of(moment: Moment) -> u32 {
    u32::try_from(moment.secs() / days(1).0).unwrap_or(u32::MAX)
}

/// Tenants in which one address can have an attempt open at a time.
const MOST_ATTEMPTS: usize = 8;
