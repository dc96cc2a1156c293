//! Everything outside a room, in one hand.

use std::{cell::Cell, collections::BTreeMap};

use domain::{Moment, Secs};
use ports::{Blocks, Ports, Settings};

use crate::{Dice, Lines, Memory, Stub};

/// The world of one test.
pub struct World {
    /// The store, and single use over it.
    pub store: Memory,
    /// Other servers.
    pub fetch: Stub,
    /// The log.
    pub log: Lines,
    dice: Dice,
    blocks: Blocks,
    settings: Settings,
    now: Cell<Moment>,
}

impl Default for World {
    fn default() -> Self {
        Self::with(&[])
    }
}

impl World {
    /// With further settings, or others than the usual ones.
    pub fn with(more: &[(&str, &str)]) -> Self {
        let usual = [
            ("public_url", "http://localhost:3000"),
            ("index_key", "an index key for tests alone"),
            ("handoff_key", "a handoff key for tests alone"),
            ("keyring_key", "a keyring key for tests alone"),
            ("bootstrap_token", "a bootstrap token for tests"),
            ("janitor_token", "a janitor token for tests"),
            ("mailer", "dev-mailbox"),
        ];
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in usual.iter().chain(more) {
            values.insert((*name).to_owned(), (*value).to_owned());
        }
        let settings = match Settings::new(values) {
            Ok(settings) => settings,
            #[allow(clippy::panic, reason = "a test whose world makes no sense has to stop")]
            Err(error) => panic!("{error}"),
        };
        Self {
            store: Memory::default(),
            fetch: Stub::default(),
            log: Lines::default(),
            dice: Dice::default(),
            blocks: Blocks::new(),
            settings,
            // 2026-11-24T09:30:00Z
            now: Cell::new(Moment::from_secs(1_795_512_600)),
        }
    }

    /// The ports, at this moment.
    pub fn ports(&self) -> Ports<'_> {
        Ports {
            now: self.now.get(),
            store: &self.store,
            one_time: &self.store,
            blocks: &self.blocks,
            entropy: &self.dice,
            fetch: &self.fetch,
            settings: &self.settings,
            log: &self.log,
        }
    }

    /// The moment.
    pub fn now(&self) -> Moment {
        self.now.get()
    }

    /// Lets time pass.
    pub fn advance(&self, by: Secs) {
        self.now.set(self.now.get().plus(by));
    }

    /// Sets the clock.
    pub fn set(&self, now: Moment) {
        self.now.set(now);
    }
}
