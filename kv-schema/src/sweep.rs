//! Sweeping: whole hours of slots whose time has come, one after the other, without listing a key.

use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{
    Key, Page, Record, fga, inherit, record,
    slot::{self, Held, Slot},
};

/// How far the sweeping is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The hour to sweep next.
    hour: u32,
    /// The last slot of it that was swept.
    number: u32,
}

impl Record for Cursor {
    const PAGE: Page = Page {
        name: "cursor",
        key: "lk1:_:cursor:0",
        holds: "which hour and slot the janitor sweeps next",
        lives: "for ever",
        use_: "written by whoever sweeps; sweeping twice does no harm",
        written_by: &["janitor"],
        read_by: &[],
    };
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Slots removed, with what they named.
    pub removed: u32,
    /// Whether nothing is left that can be swept now.
    pub done: bool,
}

/// Sweeps at most `most` slots. Idempotent; several at once only do the same work twice.
pub async fn sweep(ports: &Ports<'_>, most: u32) -> Result<Swept, Failure> {
    let until = slot::hour_of(ports.now).saturating_sub(GRACE_HOURS);
    let start = record::read::<Cursor>(ports, &cursor_key()).await?;
    let mut cursor = start.unwrap_or(Cursor { hour: until.saturating_sub(FIRST_RUN_HOURS), number: 0 });
    let mut removed = 0;
    while cursor.hour < until {
        let seq = slot::numbers(cursor.hour);
        let last = u32::try_from(ports.store.increment(seq.as_str(), 0).await?).unwrap_or_default();
        while cursor.number < last {
            if removed >= most {
                record::put(ports, &cursor_key(), &cursor, None).await?;
                return Ok(Swept { removed, done: false });
            }
            remove(ports, Slot::at(cursor.hour, cursor.number + 1)).await?;
            cursor.number += 1;
            removed += 1;
        }
        ports.store.delete(seq.as_str()).await?;
        cursor = Cursor { hour: cursor.hour + 1, number: 0 };
    }
    if start != Some(cursor) {
        record::put(ports, &cursor_key(), &cursor, None).await?;
    }
    Ok(Swept { removed, done: true })
}

/// What a slot names goes first: cut short, the slot still names it.
async fn remove(ports: &Ports<'_>, slot: Slot) -> Result<(), Failure> {
    let held = record::read::<Held>(ports, &slot.key()).await.unwrap_or_default();
    match held {
        Some(held) if held.kind == slot::SWEEP => {
            for key in serde_json::from_value::<Vec<String>>(held.data).unwrap_or_default() {
                ports.store.delete(Key::noted(key).as_str()).await?;
            }
        }
        Some(held) if held.kind == slot::FORGET => {
            if let Ok(mark) = serde_json::from_value::<String>(held.data) {
                ports.one_time.forget(Key::noted(mark).as_str()).await?;
            }
        }
        Some(held) if held.kind == inherit::SPREAD => {
            if let Ok(tenant) = serde_json::from_value(held.data) {
                inherit::resume(ports, tenant).await?;
            }
        }
        Some(held) if held.kind == fga::RAZE => {
            if let Ok((store, number)) = serde_json::from_value::<(String, i64)>(held.data) {
                while !fga::raze(ports, &store, number, RAZED_AT_ONCE).await? {}
            }
        }
        _ => {}
    }
    ports.store.delete(slot.key().as_str()).await?;
    ports.one_time.forget(slot.once().as_str()).await?;
    Ok(())
}

fn cursor_key() -> Key {
    Key::platform("cursor", 0)
}

const RAZED_AT_ONCE: usize = 1_000;
/// What is this long past its hour is swept: no request that began while it lived is still running.
const GRACE_HOURS: u32 = 1;
/// Nothing lives longer in a slot, so a first run that begins here misses nothing.
const FIRST_RUN_HOURS: u32 = 24 * 4;
