//! What is usual in a tenant: what its people's habits are drawn towards while little is known of them, and how rare a new value is among
//! all. A job makes it from what was let in lately ([`Tally`]); scoring only reads it. Counts and keyed hashes; no names.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    event::{Act, Event},
    fixed::ln,
    habit::{HABITS, Habit, trials},
    person::{Person, zone_id},
    weights::MEDIUM,
};

/// What is usual in a tenant. The default is that of a tenant of which nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priors {
    /// How many people it is made from.
    pub people: u32,
    /// What the tenant's odds differ by from those that the levels are made for, in thousandths: so that each tenant's own people
    /// are asked for more about equally often. At most one and a half, so that no campaign moves it far.
    pub(crate) offset: i16,
    /// For each habit and length of history, how often something was new, in ten-thousandths.
    habits: [[u16; AGES]; HABITS],
    /// How often a prefix of a known system was new, by the days since the last sign-in, in ten-thousandths.
    gaps: [u16; GAPS],
    systems: BTreeMap<u32, Part>,
    countries: BTreeMap<u32, Part>,
    /// How many people came from a prefix, where it was more than one.
    prefixes: BTreeMap<u32, u16>,
    /// How many people have a browser family, and the newest version that more than one of them showed.
    families: BTreeMap<u32, (u16, u16)>,
    /// How many people showed two things together, and with each second thing the most of them.
    pairs: BTreeMap<u32, u16>,
}

/// A system or a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Part {
    #[serde(rename = "n")]
    pub(crate) people: u16,
    /// How often a prefix in it was new to a person who knew the system, in ten-thousandths.
    #[serde(rename = "f")]
    pub(crate) fresh: u16,
    /// How often its place was new then.
    #[serde(rename = "m")]
    pub(crate) moved: u16,
    /// Milliseconds that nine in ten round trips stay below; 0 if unknown.
    #[serde(rename = "r")]
    pub(crate) rtt: u16,
}

impl Default for Priors {
    fn default() -> Self {
        Tally::default().priors()
    }
}

impl Priors {
    /// The usual rate of a habit for somebody with that many sign-ins, in ten-thousandths.
    pub(crate) fn usual(&self, habit: Habit, sign_ins: u16) -> u32 {
        let row = self.habits.get(habit.index());
        row.and_then(|row| row.get(age(sign_ins))).copied().unwrap_or(1000).into()
    }

    /// The usual rate of new prefixes in a known system, after that many days.
    pub(crate) fn fresh(&self, system: u32, days: u32) -> u32 {
        let usual: u32 = self.gaps.get(gap(days)).copied().unwrap_or(3000).into();
        let all = u32::from(self.gaps.get(1).copied().unwrap_or(3000)).max(1);
        let here = self.systems.get(&system).map_or(all, |part| u32::from(part.fresh)).max(1);
        // The odds of the gap, by the odds of the system.
        let odds = |rate: u32| (u64::from(rate.min(9900)), u64::from(10_000 - rate.min(9900)));
        let ((a, b), (c, d), (e, f)) = (odds(usual), odds(here), odds(all));
        let (yes, no) = (a * c * f, b * d * e);
        u32::try_from(yes.saturating_mul(10_000) / yes.saturating_add(no).max(1)).unwrap_or(10_000)
    }

    pub(crate) fn system(&self, system: u32) -> Option<Part> {
        self.systems.get(&system).copied()
    }

    pub(crate) fn country(&self, country: u16) -> Option<Part> {
        self.countries.get(&country.into()).copied()
    }

    pub(crate) fn sharers(&self, prefix: u32) -> u16 {
        self.prefixes.get(&prefix).copied().unwrap_or(0)
    }

    pub(crate) fn family(&self, family: u32) -> (u16, u16) {
        self.families.get(&family).copied().unwrap_or_default()
    }

    /// How many people showed `a` with `b`, and how many the commonest thing with `b`.
    pub(crate) fn pair(&self, what: Pair, a: u32, b: u32) -> (u16, u16) {
        let many = |a| self.pairs.get(&what.key(a, b)).copied().unwrap_or(0);
        (many(a), many(COMMONEST))
    }
}

/// Two things that belong together.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pair {
    /// A TLS fingerprint and a browser family.
    Tls,
    /// A time zone and a country.
    Zone,
    /// A screen and a browser family.
    Screen,
    /// A language and a country.
    Language,
}

impl Pair {
    /// A hash good enough for a table: both came hashed, with a key.
    fn key(self, a: u32, b: u32) -> u32 {
        let salt = match self {
            Self::Tls => 0x9e37_79b9,
            Self::Zone => 0x85eb_ca6b,
            Self::Screen => 0xc2b2_ae35,
            Self::Language => 0x27d4_eb2f,
        };
        let mixed = (a ^ salt).wrapping_mul(0x01b3_5a2d).rotate_left(13) ^ b.wrapping_mul(0x6c62_272e);
        (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d)
    }
}

/// Counts what was let in, in order of time, to make [`Priors`] of.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    people: BTreeSet<u32>,
    habits: [[Rate32; AGES]; HABITS],
    gaps: [Rate32; GAPS],
    systems: BTreeMap<u32, Counted>,
    countries: BTreeMap<u32, Counted>,
    prefixes: BTreeMap<u32, BTreeSet<u32>>,
    families: BTreeMap<u32, BTreeSet<u32>>,
    versions: BTreeMap<(u32, u16), BTreeSet<u32>>,
    /// By the key of the commonest with the same second thing, and the key of the pair.
    pairs: BTreeMap<(u32, u32), BTreeSet<u32>>,
    /// Odds of what was let in, in steps.
    odds: BTreeMap<i32, u32>,
}

#[derive(Debug, Clone, Default)]
struct Counted {
    people: BTreeSet<u32>,
    fresh: Rate32,
    moved: Rate32,
    /// Round trips by quarter of a natural logarithm.
    rtt: BTreeMap<i32, u32>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Rate32 {
    new: u32,
    of: u32,
}

impl Rate32 {
    fn count(&mut self, new: bool) {
        self.of = self.of.saturating_add(1);
        self.new = self.new.saturating_add(new.into());
    }

    /// In ten-thousandths, drawn towards `usual` as if that had been seen ten times.
    fn towards(self, usual: u16) -> u16 {
        let new = u64::from(self.new) * 10_000 + u64::from(usual) * 10;
        u16::try_from(new / (u64::from(self.of) + 10)).unwrap_or(10_000).clamp(1, 10_000)
    }
}

impl Tally {
    /// Counts an event that was let in, with what was remembered of the person before it, and the odds that it had
    /// ([`crate::Evidence::odds`]). `who` is any number that is theirs.
    pub fn learn(&mut self, event: &Event, person: &Person, odds: i32, who: u32) {
        if event.act != Act::SignIn {
            return;
        }
        if person.sign_ins > 0 {
            *self.odds.entry(odds.div_euclid(ODDS_STEP)).or_default() += 1;
        }
        self.people.insert(who);
        let fresh = trials(event, person);
        for (row, trial) in self.habits.iter_mut().zip(fresh) {
            if let (Some(new), Some(rate)) = (trial, row.get_mut(age(person.sign_ins))) {
                rate.count(new);
            }
        }
        let new = |habit: Habit| fresh.get(habit.index()).copied().flatten();
        if let Some(network) = event.network {
            let days = event.at.saturating_sub(person.last) / 86_400;
            if let (Some(new), Some(rate)) = (new(Habit::Prefix), self.gaps.get_mut(gap(days))) {
                rate.count(new);
            }
            let parts = [
                self.systems.entry(network.system).or_default(),
                self.countries.entry(network.country.into()).or_default(),
            ];
            for part in parts {
                part.people.insert(who);
                if let Some(new) = new(Habit::Prefix) {
                    part.fresh.count(new);
                }
                if let Some(new) = new(Habit::Place) {
                    part.moved.count(new);
                }
                if let Some(rtt) = event.rtt {
                    *part.rtt.entry(ln(rtt.into()) / RTT_STEP).or_default() += 1;
                }
            }
            self.prefixes.entry(network.prefix).or_default().insert(who);
            let country = u32::from(network.country);
            self.pair(Pair::Zone, event.zone.map(zone_id), country, who);
            self.pair(Pair::Language, event.language, country, who);
        }
        if let Some(browser) = event.browser {
            self.families.entry(browser.family).or_default().insert(who);
            self.versions.entry((browser.family, browser.version)).or_default().insert(who);
            self.pair(Pair::Tls, event.tls, browser.family, who);
            self.pair(Pair::Screen, event.screen, browser.family, who);
        }
    }

    fn pairs(&self) -> BTreeMap<u32, u16> {
        let mut pairs = most(self.pairs.iter().map(|((_, id), people)| (*id, many(people))), |it| *it, 1024);
        for ((commonest, _), people) in &self.pairs {
            let most = pairs.entry(*commonest).or_default();
            *most = (*most).max(many(people));
        }
        pairs
    }

    /// How far the odds that a small share of what was let in exceeds are from [`MEDIUM`]; drawn towards nothing while little is known.
    fn offset(&self) -> i16 {
        let all: u32 = self.odds.values().sum();
        let mut above = 0;
        for (step, count) in self.odds.iter().rev() {
            above += count;
            if u64::from(above) * 1000 >= u64::from(all) * FRICTION {
                let far = (i64::from(*step * ODDS_STEP) - i64::from(MEDIUM)).clamp(-MOST_OFFSET, MOST_OFFSET);
                let drawn = far * i64::from(all) / (i64::from(all) + 500);
                return i16::try_from(drawn).unwrap_or(0);
            }
        }
        0
    }

    fn pair(&mut self, what: Pair, a: Option<u32>, b: u32, who: u32) {
        if let Some(a) = a {
            self.pairs.entry((what.key(COMMONEST, b), what.key(a, b))).or_default().insert(who);
        }
    }

    /// What is usual, as counted so far. The tables keep the values that most people share, so that it stays some ten kilobytes.
    pub fn priors(&self) -> Priors {
        let mut habits = [[0; AGES]; HABITS];
        for ((to, from), usual) in habits.iter_mut().zip(&self.habits).zip(USUAL) {
            // Each length of history is drawn towards the one before it.
            let mut usual = usual;
            for (to, from) in to.iter_mut().zip(from) {
                usual = from.towards(usual);
                *to = usual;
            }
        }
        let mut gaps = [0; GAPS];
        for ((to, from), usual) in gaps.iter_mut().zip(&self.gaps).zip(USUAL_GAPS) {
            *to = from.towards(usual);
        }
        let part = |counted: &Counted| Part {
            people: many(&counted.people),
            fresh: counted.fresh.towards(3000),
            moved: counted.moved.towards(3000),
            rtt: nine_in_ten(&counted.rtt),
        };
        let mut families: BTreeMap<u32, (u16, u16)> =
            self.families.iter().map(|(family, people)| (*family, (many(people), 0))).collect();
        for ((family, version), people) in &self.versions {
            if people.len() > 1
                && let Some((_, newest)) = families.get_mut(family)
            {
                *newest = (*newest).max(*version);
            }
        }
        Priors {
            people: u32::try_from(self.people.len()).unwrap_or(u32::MAX),
            offset: self.offset(),
            habits,
            gaps,
            systems: most(
                self.systems.iter().map(|(id, counted)| (*id, part(counted))),
                |part| part.people,
                512,
            ),
            countries: most(
                self.countries.iter().map(|(id, counted)| (*id, part(counted))),
                |it| it.people,
                64,
            ),
            prefixes: most(
                self.prefixes.iter().filter(|(_, people)| people.len() > 1).map(|(id, it)| (*id, many(it))),
                |people| *people,
                512,
            ),
            families: most(families.into_iter(), |family| family.0, 64),
            pairs: self.pairs(),
        }
    }
}

/// At most `size` of them, those with the most people.
fn most<T: Copy>(
    all: impl Iterator<Item = (u32, T)>,
    people: impl Fn(&T) -> u16,
    size: usize,
) -> BTreeMap<u32, T> {
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(id, value)| (std::cmp::Reverse(people(value)), *id));
    all.truncate(size);
    all.into_iter().collect()
}

fn many(people: &BTreeSet<u32>) -> u16 {
    u16::try_from(people.len()).unwrap_or(u16::MAX)
}

fn nine_in_ten(rtt: &BTreeMap<i32, u32>) -> u16 {
    let all: u32 = rtt.values().sum();
    if all < 10 {
        return 0;
    }
    let mut below = 0;
    for (step, count) in rtt {
        below += count;
        if below * 10 >= all * 9 {
            // The first millisecond whose logarithm is beyond the step.
            let end = (step + 1) * RTT_STEP;
            return (1..u16::MAX).find(|rtt| ln(u64::from(*rtt)) >= end).unwrap_or(u16::MAX);
        }
    }
    0
}

/// How long a history is.
fn age(sign_ins: u16) -> usize {
    match sign_ins {
        0..=1 => 0,
        2..=4 => 1,
        5..=11 => 2,
        12..=38 => 3,
        39.. => 4,
    }
}

/// How long ago the last sign-in was.
fn gap(days: u32) -> usize {
    match days {
        0 => 0,
        1..=3 => 1,
        4..=13 => 2,
        14..=44 => 3,
        45.. => 4,
    }
}

/// Stands for the commonest of all, among hashes that are never it but by chance.
const COMMONEST: u32 = 0xc033_0e57;
/// In thousandths.
const ODDS_STEP: i32 = 100;
const MOST_OFFSET: i64 = 1500;
/// In a thousand: how many of what was let in are to be medium.
const FRICTION: u64 = 28;
const AGES: usize = 5;
const GAPS: usize = 5;
const RTT_STEP: i32 = 125;
/// Before anything is counted: guesses, in ten-thousandths, which ten sign-ins outweigh.
const USUAL: [u16; HABITS] = [300, 1500, 3000, 3000, 500, 1000, 1500, 300, 300, 500, 500, 1000];
const USUAL_GAPS: [u16; GAPS] = [2000, 3000, 3500, 4000, 5000];
