//! Cells: how parallel requests agree on one number although no store creates exclusively. The protocol and why it is right:
//! `docs/decisions/0002-cells.md`.
//!
//! A cell is made by `increment(key, 0)`, which creates a zero and changes nothing that is there, and changed only by a swap from an existing
//! value. It holds zero (never decided), n (decided), or −n (n was decided and withdrawn). Its bytes stay in the form in which the
//! store keeps counters, since a store may read them as one again.

use ports::{Attempt, Store, StoreError};

use crate::contract::{self, LEAST_PROPOSAL as LEAST};

/// Agrees on a number for `key`: `proposal`, or what was proposed first.
pub(crate) async fn decide(store: &dyn Store, key: &str, proposal: i64) -> Result<i64, StoreError> {
    contract::proposal(key, proposal)?;
    for _ in 0..TRIES {
        let mut found: Option<Result<Cell, StoreError>> = None;
        let attempt = store
            .attempt(key, &mut |bytes| {
                let cell = Cell::read(key, bytes);
                let write = matches!(cell, Ok(Cell::Free(_)));
                found = Some(cell);
                write.then(|| Form::of(bytes).write(proposal))
            })
            .await;
        let now = match attempt {
            Ok(Attempt::Swapped) => return Ok(proposal),
            Ok(Attempt::Left) => match found {
                Some(Ok(Cell::Decided(number))) => return Ok(number),
                Some(Err(error)) => return Err(error),
                _ => continue,
            },
            Ok(Attempt::Absent) => {
                // Whoever else does the same changes nothing. If it fails, so will the next round.
                let _ = store.increment(key, 0).await;
                continue;
            }
            Ok(Attempt::Lost(bytes)) => bytes,
            // Whether it was written is unknown: look.
            Err(error) => match store.get(key).await? {
                Some(bytes) => Some(bytes),
                None => return Err(error),
            },
        };
        match now.map(|bytes| Cell::read(key, &bytes)).transpose()? {
            Some(Cell::Decided(number)) => return Ok(number),
            // It was in place, and somebody who saw it there has withdrawn it since: it was decided.
            Some(Cell::Free(last)) if last == proposal => return Ok(proposal),
            Some(Cell::Free(_)) | None => {}
        }
    }
    Err(StoreError(format!("`{key}` could not be decided in {TRIES} rounds")))
}

/// What is decided for `key`.
pub(crate) async fn decided(store: &dyn Store, key: &str) -> Result<Option<i64>, StoreError> {
    Ok(match store.get(key).await?.map(|bytes| Cell::read(key, &bytes)).transpose()? {
        Some(Cell::Decided(number)) => Some(number),
        Some(Cell::Free(_)) | None => None,
    })
}

/// Withdraws `number`, if it is what is decided.
pub(crate) async fn withdraw(store: &dyn Store, key: &str, number: i64) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let attempt = store
            .attempt(key, &mut |bytes| {
                let ours = matches!(Cell::read(key, bytes), Ok(Cell::Decided(found)) if found == number);
                ours.then(|| Form::of(bytes).write(-number))
            })
            .await;
        let now = match attempt {
            Ok(Attempt::Swapped | Attempt::Left | Attempt::Absent) => return Ok(()),
            Ok(Attempt::Lost(bytes)) => bytes,
            Err(error) => match store.get(key).await? {
                Some(bytes) => Some(bytes),
                None => return Err(error),
            },
        };
        match now.map(|bytes| Cell::read(key, &bytes)).transpose()? {
            Some(Cell::Decided(found)) if found == number => {}
            _ => return Ok(()),
        }
    }
    Err(StoreError(format!("`{key}` could not be withdrawn in {TRIES} rounds")))
}

/// Each round that ends without an answer means that somebody else got on, or that the store refused once.
const TRIES: usize = 200;

/// What a cell holds.
enum Cell {
    Decided(i64),
    /// Free, with what was withdrawn last, or 0.
    Free(i64),
}

impl Cell {
    fn read(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        match Form::of(bytes).read(bytes) {
            Some(number) if number >= LEAST => Ok(Self::Decided(number)),
            Some(number) if number == 0 || (number <= -LEAST && number > i64::MIN) => Ok(Self::Free(-number)),
            _ => Err(StoreError(format!("`{key}` is no cell"))),
        }
    }
}

/// How the store keeps counters, as the bytes of one show. A cell's decimal form has 1, 19 or 20 characters.
#[derive(Clone, Copy)]
enum Form {
    /// Eight bytes, the lowest first (SQLite).
    Binary,
    /// Decimal digits (Redis, DynamoDB).
    Decimal,
}

impl Form {
    const fn of(bytes: &[u8]) -> Self {
        if bytes.len() == 8 { Self::Binary } else { Self::Decimal }
    }

    fn read(self, bytes: &[u8]) -> Option<i64> {
        match self {
            Self::Binary => Some(i64::from_le_bytes(bytes.try_into().ok()?)),
            Self::Decimal => std::str::from_utf8(bytes).ok()?.parse().ok(),
        }
    }

    fn write(self, number: i64) -> Vec<u8> {
        match self {
            Self::Binary => number.to_le_bytes().into(),
            Self::Decimal => number.to_string().into(),
        }
    }
}

#[cfg(test)]
mod tests;
