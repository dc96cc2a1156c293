//! The store in memory. Every operation lets others run first, so that tasks in one test really interleave.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    pin::Pin,
    task::{Context, Poll},
};

use async_trait::async_trait;
use domain::Moment;
use ports::{Alter, Attempt, OneTime, OneTimeError, Store, StoreError};

/// How many operations were done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Operations {
    /// Reads.
    pub reads: u32,
    /// Writes.
    pub writes: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Value(Vec<u8>),
    Counter(i64),
    Cell(i64),
}

/// The store in memory.
#[derive(Debug, Default)]
pub struct Memory {
    entries: RefCell<BTreeMap<String, Entry>>,
    operations: Cell<Operations>,
    /// Whether a won swap is reported as lost, as Redis does behind Spin.
    pub never_admits: Cell<bool>,
    /// After so many further writes every operation fails, as if the process had been killed.
    pub dies_after: Cell<Option<u32>>,
}

impl Memory {
    /// What was done since the last call.
    pub fn operations(&self) -> Operations {
        self.operations.take()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All keys.
    pub fn keys(&self) -> Vec<String> {
        self.entries.borrow().keys().cloned().collect()
    }

    /// Everything stored, as text: to look for what must not be there.
    pub fn dump(&self) -> String {
        let text = |entry: &Entry| match entry {
            Entry::Value(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Entry::Counter(number) | Entry::Cell(number) => number.to_string(),
        };
        self.entries.borrow().iter().map(|(key, entry)| format!("{key} = {}\n", text(entry))).collect()
    }

    async fn turn(&self, key: &str, writes: bool) -> Result<(), StoreError> {
        Turn(false).await;
        let fits = (1..=200).contains(&key.len())
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b));
        if !fits {
            return Err(StoreError(format!("`{key}` is no key of the contract")));
        }
        if let Some(left) = self.dies_after.get() {
            if left == 0 {
                return Err(StoreError("dead".into()));
            }
            self.dies_after.set(Some(left - u32::from(writes)));
        }
        let mut operations = self.operations.get();
        if writes {
            operations.writes += 1
        } else {
            operations.reads += 1
        }
        self.operations.set(operations);
        Ok(())
    }
}

#[async_trait(?Send)]
impl Store for Memory {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.turn(key, false).await?;
        match self.entries.borrow().get(key) {
            None => Ok(None),
            Some(Entry::Value(bytes)) => Ok(Some(bytes.clone())),
            Some(_) => Err(StoreError(format!("`{key}` is no value"))),
        }
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.turn(key, true).await?;
        let old = self.entries.borrow_mut().insert(key.to_owned(), Entry::Value(value.to_vec()));
        match old {
            None | Some(Entry::Value(_)) => Ok(()),
            Some(_) => Err(StoreError(format!("`{key}` is no value"))),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.turn(key, true).await?;
        self.entries.borrow_mut().remove(key);
        Ok(())
    }

    async fn increment(&self, key: &str, by: i64) -> Result<i64, StoreError> {
        self.turn(key, by != 0).await?;
        let mut entries = self.entries.borrow_mut();
        match entries.entry(key.to_owned()).or_insert(Entry::Counter(0)) {
            Entry::Counter(number) => {
                *number += by;
                Ok(*number)
            }
            _ => Err(StoreError(format!("`{key}` is no counter"))),
        }
    }

    async fn attempt(&self, key: &str, change: &mut Alter<'_>) -> Result<Attempt, StoreError> {
        let Some(old) = self.get(key).await? else { return Ok(Attempt::Absent) };
        let Some(new) = change(&old) else { return Ok(Attempt::Left) };
        self.turn(key, true).await?;
        let mut entries = self.entries.borrow_mut();
        let now = entries.get(key).cloned();
        let won = now == Some(Entry::Value(old));
        if won {
            entries.insert(key.to_owned(), Entry::Value(new));
        }
        if won && !self.never_admits.get() {
            return Ok(Attempt::Swapped);
        }
        Ok(Attempt::Lost(match entries.get(key) {
            Some(Entry::Value(bytes)) => Some(bytes.clone()),
            _ => None,
        }))
    }

    async fn decide(&self, key: &str, proposal: i64) -> Result<i64, StoreError> {
        self.turn(key, true).await?;
        if proposal < 1_000_000_000_000_000_000 {
            return Err(StoreError(format!("{proposal} is too small to be proposed")));
        }
        match self.entries.borrow_mut().entry(key.to_owned()).or_insert(Entry::Cell(proposal)) {
            Entry::Cell(number) => {
                if *number == 0 {
                    *number = proposal;
                }
                Ok(*number)
            }
            _ => Err(StoreError(format!("`{key}` is no cell"))),
        }
    }

    async fn decided(&self, key: &str) -> Result<Option<i64>, StoreError> {
        self.turn(key, false).await?;
        match self.entries.borrow().get(key) {
            None | Some(Entry::Cell(0)) => Ok(None),
            Some(Entry::Cell(number)) => Ok(Some(*number)),
            Some(_) => Err(StoreError(format!("`{key}` is no cell"))),
        }
    }

    async fn withdraw(&self, key: &str, decided: i64) -> Result<(), StoreError> {
        self.turn(key, true).await?;
        match self.entries.borrow_mut().get_mut(key) {
            Some(Entry::Cell(number)) if *number == decided => *number = 0,
            _ => {}
        }
        Ok(())
    }
}

#[async_trait(?Send)]
impl OneTime for Memory {
    async fn issue(&self, id: &str, _: Moment) -> Result<(), OneTimeError> {
        expect(self.increment(id, 1).await, 1)
    }

    async fn take(&self, id: &str) -> Result<(), OneTimeError> {
        expect(self.increment(id, 1).await, 2)
    }

    async fn forget(&self, id: &str) -> Result<(), OneTimeError> {
        self.delete(id).await.map_err(|error| OneTimeError::Store(error.0))
    }
}

fn expect(answer: Result<i64, StoreError>, number: i64) -> Result<(), OneTimeError> {
    match answer {
        Ok(sum) if sum == number => Ok(()),
        Ok(_) => Err(OneTimeError::Spent),
        Err(error) => Err(OneTimeError::Store(error.0)),
    }
}

/// Lets the others run once.
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
