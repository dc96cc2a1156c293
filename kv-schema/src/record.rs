//! What lies under a key: an envelope with version, expiry and recent writers around the record; and the change that loses nothing.

use domain::{Moment, Secs};
use ports::{Attempt, Failure, Ports, StoreError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Key, Page};

/// A kind of record.
pub trait Record: Serialize + DeserializeOwned {
    /// Its page in `SCHEMA.md`.
    const PAGE: Page;
    /// The version of its shape; a value of a later version is not read.
    const VERSION: u32 = 1;
}

/// What a change decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<T> {
    /// Write what the record is now.
    Write(T),
    /// Leave what is stored as it is.
    Leave(T),
}

/// Reads a record. Expired is gone, whether or not it was swept.
pub async fn read<R: Record>(ports: &Ports<'_>, key: &Key) -> Result<Option<R>, Failure> {
    let Some(bytes) = ports.store.get(key.as_str()).await? else { return Ok(None) };
    let envelope: Envelope<R> = open(key, &bytes)?;
    Ok(envelope.alive(ports.now).then_some(envelope.data))
}

/// Puts a record under a key that only its writer knows yet.
pub(crate) async fn put<R: Record>(
    ports: &Ports<'_>,
    key: &Key,
    data: &R,
    expires: Option<Moment>,
) -> Result<(), Failure> {
    let envelope = Envelope { version: R::VERSION, expires, writers: Vec::new(), data };
    Ok(ports.store.set(key.as_str(), &close(key, &envelope)?).await?)
}

/// Changes a record that several requests change, so that none of them is lost; `None` if there is no such record.
///
/// `change` may be called several times, each time on what is stored then: it must have no other effect. A swap is believed
/// when the store says so or when our own mark stands among the recent writers: one store in use never admits success (reference/SPIN.md 1.3).
pub async fn update<R: Record, T>(
    ports: &Ports<'_>,
    key: &Key,
    mut change: impl FnMut(&mut R) -> Change<T>,
) -> Result<Option<T>, Failure> {
    for _ in 0..TRIES {
        let mark = Mark(u64::from_be_bytes(ports.entropy.bytes()), ports.now);
        let mut ended: Option<Result<Option<T>, Failure>> = None;
        let mut swapped: Option<T> = None;
        let attempt = ports
            .store
            .attempt(key.as_str(), &mut |bytes| {
                let step = alter(ports, key, bytes, mark, &mut change);
                match step {
                    Ok(Step::Write(bytes, told)) => {
                        swapped = Some(told);
                        Some(bytes)
                    }
                    Ok(Step::Leave(told)) => {
                        ended = Some(Ok(told));
                        None
                    }
                    Err(failure) => {
                        ended = Some(Err(failure));
                        None
                    }
                }
            })
            .await;
        let stored = match attempt {
            Ok(Attempt::Absent) => return Ok(None),
            Ok(Attempt::Left) => return ended.unwrap_or(Ok(None)),
            Ok(Attempt::Swapped) => return Ok(swapped),
            Ok(Attempt::Lost(stored)) => stored,
            // Whether it was written is unknown: look.
            Err(error) => {
                let stored = ports.store.get(key.as_str()).await?;
                if !stored.as_deref().is_some_and(|bytes| wrote(key, bytes, mark)) {
                    return Err(error.into());
                }
                stored
            }
        };
        if stored.is_some_and(|bytes| wrote(key, &bytes, mark)) {
            return Ok(swapped);
        }
    }
    Err(StoreError(format!("`{key}` changed {TRIES} times while it was being changed")).into())
}

enum Step<T> {
    Write(Vec<u8>, T),
    Leave(Option<T>),
}

fn alter<R: Record, T>(
    ports: &Ports<'_>,
    key: &Key,
    bytes: &[u8],
    mark: Mark,
    change: &mut impl FnMut(&mut R) -> Change<T>,
) -> Result<Step<T>, Failure> {
    let mut envelope: Envelope<R> = open(key, bytes)?;
    if !envelope.alive(ports.now) {
        return Ok(Step::Leave(None));
    }
    match change(&mut envelope.data) {
        Change::Leave(told) => Ok(Step::Leave(Some(told))),
        Change::Write(told) => {
            envelope.version = R::VERSION;
            let recent = ports.now.minus(RECENT);
            envelope.writers.retain(|writer| writer.1 >= recent);
            let excess = (envelope.writers.len() + 1).saturating_sub(WRITERS);
            envelope.writers.drain(..excess);
            envelope.writers.push(mark);
            Ok(Step::Write(close(key, &envelope)?, told))
        }
    }
}

/// Who changed a record, and when; by it a writer finds out whether its change is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark(u64, Moment);

#[derive(Serialize, Deserialize)]
struct Envelope<R> {
    #[serde(rename = "v")]
    version: u32,
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    expires: Option<Moment>,
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    writers: Vec<Mark>,
    #[serde(rename = "d")]
    data: R,
}

impl<R> Envelope<R> {
    fn alive(&self, now: Moment) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

#[derive(Deserialize)]
struct Outside {
    v: u32,
    #[serde(default)]
    w: Vec<Mark>,
}

fn wrote(key: &Key, bytes: &[u8], mark: Mark) -> bool {
    serde_json::from_slice::<Outside>(bytes)
        .map_err(|error| corrupt(key, &error))
        .is_ok_and(|outside| outside.w.contains(&mark))
}

fn open<R: Record>(key: &Key, bytes: &[u8]) -> Result<Envelope<R>, StoreError> {
    let outside: Outside = serde_json::from_slice(bytes).map_err(|error| corrupt(key, &error))?;
    if outside.v > R::VERSION {
        return Err(StoreError(format!(
            "`{key}` has version {}, this release reads up to {}",
            outside.v,
            R::VERSION
        )));
    }
    serde_json::from_slice(bytes).map_err(|error| corrupt(key, &error))
}

/// The position alone: the text could quote what lies in the record.
fn corrupt(key: &Key, error: &serde_json::Error) -> StoreError {
    StoreError(format!("`{key}` cannot be read (at byte {})", error.column()))
}

fn close<R: Serialize>(key: &Key, envelope: &Envelope<R>) -> Result<Vec<u8>, StoreError> {
    let bytes = serde_json::to_vec(envelope).map_err(|error| corrupt(key, &error))?;
    if bytes.len() > MOST_BYTES {
        return Err(StoreError(format!("`{key}` would have {} bytes, more than {MOST_BYTES}", bytes.len())));
    }
    Ok(bytes)
}

const TRIES: usize = 200;
const RECENT: Secs = Secs(30);
const WRITERS: usize = 128;
const MOST_BYTES: usize = 100_000;
