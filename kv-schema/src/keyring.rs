//! The keys that sign our tokens: made on first use, replaced by themselves, published for as long as something they signed may live.
//!
//! One record holds them all. It comes into being by decision, so that any number of first users agree on one, and changes by swap, so that
//! of any number who find the key too old one adds the next. A new key is published some minutes before it signs: whoever keeps our
//! key set for that long has it in time. An instance reads the record every few minutes, and again when a token names a key that it does not know.

use std::sync::{Arc, Mutex};

use domain::{IndexKey, Moment, Secs, days, hours, mins};
use jose::{Jwk, JwkSet, SigningKey};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{Change, Key, Page, Record, record, sealed::Sealed, unique};

/// The keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Keyring {
    /// The newest last.
    keys: Vec<Entry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    public: Jwk,
    private: Sealed,
    /// From when on it signs.
    from: Moment,
    /// Until when it is published; none while it is the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Moment>,
}

impl Record for Keyring {
    const PAGE: Page = Page {
        name: "keyring",
        key: "lk1:_:keyring:{number}",
        holds: "the keys that sign tokens: public halves, and private ones wrapped under `keyring_key`; since when each signs and until when it is published",
        lives: "for ever; keys past their time are dropped when the next one is added",
        use_: "swapped",
        written_by: &["session"],
        read_by: &["admin"],
    };
}

pub(crate) const PAGES: [Page; 1] = [Page {
    name: "cell-keyring",
    key: "lk1:_:cell-keyring:0",
    holds: "a cell: the number of the keyring",
    lives: "for ever",
    use_: "decided",
    written_by: &["session"],
    read_by: &["admin"],
}];

impl Keyring {
    /// The public keys, for whoever verifies.
    pub fn published(&self, now: Moment) -> JwkSet {
        JwkSet { keys: self.alive(now).map(|entry| entry.public.clone()).collect() }
    }

    /// The published key with this id.
    fn find(&self, kid: &str, now: Moment) -> Option<&Jwk> {
        self.alive(now).map(|entry| &entry.public).find(|public| public.kid() == kid)
    }

    fn alive(&self, now: Moment) -> impl Iterator<Item = &Entry> {
        self.keys.iter().filter(move |entry| entry.until.is_none_or(|until| now < until))
    }

    /// The newest key that signs already and that `key` opens. Another deployment step may have begun to use another `keyring_key`
    /// while we still have the old one: then each signs with its own, and both are published.
    fn signer(&self, key: &IndexKey, now: Moment) -> Option<(SigningKey, Moment)> {
        let mut ready: Vec<&Entry> =
            self.alive(now).filter(|entry| entry.from <= now.plus(TOLERANCE)).collect();
        ready.reverse();
        ready.into_iter().find_map(|entry| Some((entry.open(key)?, entry.from)))
    }

    /// Whether a key follows that `key` opens and that does not sign yet.
    fn has_next(&self, key: &IndexKey, now: Moment) -> bool {
        self.keys.iter().any(|entry| entry.from > now.plus(TOLERANCE) && entry.open(key).is_some())
    }

    /// Whether nothing signs, or what signs is old and nothing follows.
    fn is_due(&self, key: &IndexKey, now: Moment) -> bool {
        match self.signer(key, now) {
            None => true,
            Some((_, from)) => now >= from.plus(ROTATES) && !self.has_next(key, now),
        }
    }
}

impl Entry {
    fn new(ports: &Ports<'_>, key: &IndexKey, from: Moment) -> Result<Self, Failure> {
        for _ in 0..8 {
            let secret: [u8; 32] = ports.entropy.bytes();
            let Some(signer) = SigningKey::of(&secret) else { continue };
            let public = signer.public().clone();
            if let Some(private) = Sealed::wrap(ports, key, &context(public.kid()), &secret) {
                return Ok(Self { public, private, from, until: None });
            }
        }
        Err(ports::StoreError("no signing key could be made".into()).into())
    }

    fn open(&self, key: &IndexKey) -> Option<SigningKey> {
        let secret = self.private.unwrap(key, &context(self.public.kid()))?;
        let signer = SigningKey::of(secret.first_chunk().filter(|_| secret.len() == 32)?)?;
        (signer.public().kid() == self.public.kid()).then_some(signer)
    }
}

fn context(kid: &str) -> String {
    format!("keyring {kid}")
}

/// What an instance keeps of the keyring.
#[derive(Default)]
struct Kept(Mutex<State>);

#[derive(Default, Clone)]
struct State {
    ring: Option<(Moment, Arc<Keyring>)>,
    signer: Option<(Moment, Arc<SigningKey>)>,
}

/// The key to sign with, made or replaced if it is time. For the room `session` alone: it is the one that has `keyring_key`.
pub async fn signer(ports: &Ports<'_>) -> Result<Arc<SigningKey>, Failure> {
    if let Some(signer) = kept(ports).signer.and_then(|(at, signer)| fresh(ports, at).then_some(signer)) {
        return Ok(signer);
    }
    let ring = ensure(ports).await?;
    let signer = ring.signer(&ports.settings.keyring_key()?, ports.now);
    let (signer, _) = signer.ok_or_else(|| ports::StoreError("the keyring has no key that signs".into()))?;
    let signer = Arc::new(signer);
    keep(ports, |state| state.signer = Some((ports.now, Arc::clone(&signer))));
    Ok(signer)
}

/// The keys, made or replaced if it is time. For the room `session` alone.
pub async fn ensure(ports: &Ports<'_>) -> Result<Arc<Keyring>, Failure> {
    let key = ports.settings.keyring_key()?;
    if let Some(ring) = known(ports).await?
        && !ring.is_due(&key, ports.now)
    {
        return Ok(ring);
    }
    // Read again: another instance may have been first.
    match unique::decided_for_good(ports, &cell()).await? {
        Some(number) => renew(ports, &key, number).await?,
        None => make(ports, &key).await?,
    }
    load(ports).await?.ok_or_else(|| ports::StoreError("the keyring is missing".into()).into())
}

async fn make(ports: &Ports<'_>, key: &IndexKey) -> Result<(), Failure> {
    let number = unique::propose(ports);
    let ring = Keyring { keys: vec![Entry::new(ports, key, ports.now)?] };
    record::put(ports, &ring_key(number), &ring, None).await?;
    if unique::settle(ports, &cell(), number).await?.is_err() {
        ports.store.delete(ring_key(number).as_str()).await?;
    }
    Ok(())
}

async fn renew(ports: &Ports<'_>, key: &IndexKey, number: i64) -> Result<(), Failure> {
    let now = ports.now;
    let mut next = Entry::new(ports, key, now)?;
    record::update::<Keyring, _>(ports, &ring_key(number), |ring| {
        if !ring.is_due(key, now) {
            return Change::Leave(());
        }
        ring.keys.retain(|entry| entry.until.is_none_or(|until| now < until));
        // With nothing that signs there is nobody whose copy could be waited for.
        next.from = if ring.signer(key, now).is_some() { now.plus(AHEAD) } else { now };
        for entry in &mut ring.keys {
            entry.until.get_or_insert(next.from.plus(PUBLISHED));
        }
        // Somebody changes `keyring_key` again and again: the oldest go, whatever they signed.
        let excess = (ring.keys.len() + 1).saturating_sub(MOST_KEYS);
        ring.keys.drain(..excess);
        ring.keys.push(next.clone());
        Change::Write(())
    })
    .await?;
    Ok(())
}

/// The published key with this id: no read, unless this instance does not know it.
pub(crate) async fn find(ports: &Ports<'_>, kid: &str) -> Result<Option<Jwk>, Failure> {
    let known = known(ports).await?;
    if let Some(key) = known.as_ref().and_then(|ring| ring.find(kid, ports.now)) {
        return Ok(Some(key.clone()));
    }
    let Some(ring) = load(ports).await? else { return Ok(None) };
    Ok(ring.find(kid, ports.now).cloned())
}

/// As this instance knows it, read if that is too long ago.
async fn known(ports: &Ports<'_>) -> Result<Option<Arc<Keyring>>, Failure> {
    match kept(ports).ring {
        Some((at, ring)) if fresh(ports, at) => Ok(Some(ring)),
        _ => load(ports).await,
    }
}

async fn load(ports: &Ports<'_>) -> Result<Option<Arc<Keyring>>, Failure> {
    let Some(number) = unique::decided_for_good(ports, &cell()).await? else { return Ok(None) };
    let ring = record::read::<Keyring>(ports, &ring_key(number)).await?.map(Arc::new);
    if let Some(ring) = &ring {
        keep(ports, |state| state.ring = Some((ports.now, Arc::clone(ring))));
    }
    Ok(ring)
}

fn fresh(ports: &Ports<'_>, at: Moment) -> bool {
    at <= ports.now && ports.now < at.plus(FRESH)
}

fn kept(ports: &Ports<'_>) -> State {
    ports.blocks.kept::<Kept>().0.lock().map(|state| state.clone()).unwrap_or_default()
}

fn keep(ports: &Ports<'_>, change: impl FnOnce(&mut State)) {
    if let Ok(mut state) = ports.blocks.kept::<Kept>().0.lock() {
        change(&mut state);
    }
}

fn cell() -> Key {
    Key::platform("cell-keyring", 0)
}

fn ring_key(number: i64) -> Key {
    Key::platform("keyring", number)
}

/// How long a key signs.
const ROTATES: Secs = days(30);
/// How long a key is published before it signs: longer than anyone keeps the set ([`FRESH`] here, `max-age` outside).
const AHEAD: Secs = mins(15);
/// How long a key is published after it signed last: longer than any token lives.
const PUBLISHED: Secs = hours(24);
/// For how long an instance, and whoever fetches the set, may keep it.
pub const FRESH: Secs = mins(5);
/// By how much the clocks of two instances may differ.
const TOLERANCE: Secs = mins(1);
const MOST_KEYS: usize = 16;
