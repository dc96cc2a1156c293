//! What is remembered of a person: habits as keyed hashes and counts, at most 768 bytes, which is 1024 characters where they are text.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    bytes::{Reader, Writer},
    event::{Act, Event, Place, Proof},
    habit::{HABITS, Habit, Rate, trials},
    memory::Memory,
};

/// The record of one person in one tenant. Its default is somebody who never signed in.
///
/// It is learned from what was let in, and only from that. A lost update delays learning and does no other harm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    pub(crate) sign_ins: u16,
    /// The last, in seconds.
    pub(crate) last: u32,
    pub(crate) last_place: Option<Place>,
    pub(crate) last_hidden: bool,
    /// The last change of an address or a factor, or recovery, in seconds; 0 for none.
    pub(crate) changed: u32,
    /// The day of the last fading.
    faded: u16,
    pub(crate) rates: [Rate; HABITS],
    pub(crate) hours: [u8; 24],
    pub(crate) countries: Memory<5, 0>,
    /// Notes: how often the prefix in it was new, the usual round trip.
    pub(crate) systems: Memory<9, 2>,
    pub(crate) prefixes: Memory<14, 0>,
    /// Notes: north, east.
    pub(crate) places: Memory<6, 2>,
    /// Notes: the last version, the kind of machine.
    pub(crate) browsers: Memory<6, 2>,
    /// Notes: the version, the browser, the screen with the mark of a bound key.
    pub(crate) devices: Memory<7, 3>,
    pub(crate) tls: Memory<6, 0>,
    pub(crate) screens: Memory<5, 0>,
    pub(crate) hints: Memory<5, 0>,
    pub(crate) languages: Memory<3, 0>,
    pub(crate) zones: Memory<4, 0>,
}

impl Person {
    /// How many times they signed in.
    pub const fn sign_ins(&self) -> u16 {
        self.sign_ins
    }

    /// Remembers an event that was let in. Another act than signing in is remembered as the time of a change.
    #[must_use]
    pub fn learn(mut self, event: &Event) -> Self {
        if event.act != Act::SignIn {
            self.changed = self.changed.max(event.at);
            return self;
        }
        let day = day(event.at);
        while self.faded.saturating_add(FADES) <= day {
            self.fade(day);
        }
        let fresh = trials(event, &self);
        for (rate, trial) in self.rates.iter_mut().zip(fresh) {
            if let Some(new) = trial {
                rate.count(new);
            }
        }
        self.learn_network(event, day);
        self.learn_browser(event, day);
        if let Some(hour) = self.hours.get_mut(hour(event.at)) {
            *hour = hour.saturating_add(1);
        }
        self.sign_ins = self.sign_ins.saturating_add(1);
        self.last = self.last.max(event.at);
        self
    }

    fn learn_network(&mut self, event: &Event, day: u16) {
        let Some(network) = event.network else { return };
        let fresh = !self.prefixes.has(network.prefix);
        if network.country != 0 {
            self.countries.count(network.country.into(), day);
        }
        if let Some(system) = self.systems.count(network.system, day) {
            let [changes, usual, _] = &mut system.notes;
            *changes = changes.saturating_add(u16::from(fresh));
            if let Some(rtt) = event.rtt {
                *usual = nearer(*usual, rtt);
            }
        }
        self.prefixes.count(network.prefix, day);
        if let Some(place) = network.place
            && let Some(seen) = self.places.count(place.id, day)
        {
            let [north, east, _] = &mut seen.notes;
            (*north, *east) = (place.north.cast_unsigned(), place.east.cast_unsigned());
        }
        self.last_place = network.place;
        self.last_hidden = network.flags.any();
    }

    fn learn_browser(&mut self, event: &Event, day: u16) {
        if let Some(browser) = event.browser
            && let Some(seen) = self.browsers.count(browser.family, day)
        {
            let [version, kind, _] = &mut seen.notes;
            (*version, *kind) = (browser.version, crate::habit::kind(browser.kind));
        }
        if let Some(cookie) = event.cookie
            && let Some(seen) = self.devices.count(cookie, day)
        {
            let [version, family, screen] = &mut seen.notes;
            let bound = *screen & BOUND | if event.proof == Proof::Ok { BOUND } else { 0 };
            if let Some(browser) = event.browser {
                (*version, *family) = (browser.version, short(browser.family));
            }
            *screen = bound | event.screen.map_or(*screen & !BOUND, |screen| short(screen) & !BOUND);
        }
        for (memory, value) in [(&mut self.screens, event.screen), (&mut self.hints, event.hints)] {
            value.map(|value| memory.count(value, day).is_some());
        }
        event.tls.map(|tls| self.tls.count(tls, day).is_some());
        event.language.map(|language| self.languages.count(language, day).is_some());
        event.zone.map(|zone| self.zones.count(zone_id(zone), day).is_some());
    }

    fn fade(&mut self, day: u16) {
        // Somebody new, or long away, fades once.
        let steps = day.saturating_sub(self.faded) / FADES;
        self.faded = if steps > 12 { day } else { self.faded.saturating_add(FADES) };
        self.rates.iter_mut().for_each(Rate::fade);
        self.hours.iter_mut().for_each(|hour| *hour -= *hour / 5);
        self.countries.fade(day);
        self.systems.fade(day);
        self.prefixes.fade(day);
        self.places.fade(day);
        self.browsers.fade(day);
        self.devices.fade(day);
        self.tls.fade(day);
        self.screens.fade(day);
        self.hints.fade(day);
        self.languages.fade(day);
        self.zones.fade(day);
    }

    /// The record as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.u8(VERSION);
        to.u16(self.sign_ins);
        to.u32(self.last);
        to.u32(self.changed);
        to.u16(self.faded);
        let place = self.last_place.unwrap_or_default();
        to.u8(u8::from(self.last_place.is_some()) | u8::from(self.last_hidden) << 1);
        to.u32(place.id);
        to.u16(place.north.cast_unsigned());
        to.u16(place.east.cast_unsigned());
        self.rates.iter().for_each(|rate| rate.write(&mut to));
        self.hours.iter().for_each(|hour| to.u8(*hour));
        self.countries.write(&mut to);
        self.systems.write(&mut to);
        self.prefixes.write(&mut to);
        self.places.write(&mut to);
        self.browsers.write(&mut to);
        self.devices.write(&mut to);
        self.tls.write(&mut to);
        self.screens.write(&mut to);
        self.hints.write(&mut to);
        self.languages.write(&mut to);
        self.zones.write(&mut to);
        to.done()
    }

    /// The record from its bytes; `None` if they are no record of this version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let from = &mut Reader::of(bytes);
        if from.u8()? != VERSION {
            return None;
        }
        let (sign_ins, last, changed, faded) = (from.u16()?, from.u32()?, from.u32()?, from.u16()?);
        let marks = from.u8()?;
        let place =
            Place { id: from.u32()?, north: from.u16()?.cast_signed(), east: from.u16()?.cast_signed() };
        let mut rates = [Rate::default(); HABITS];
        for rate in &mut rates {
            *rate = Rate::read(from)?;
        }
        let mut hours = [0; 24];
        for hour in &mut hours {
            *hour = from.u8()?;
        }
        let person = Self {
            sign_ins,
            last,
            last_place: (marks & 1 != 0).then_some(place),
            last_hidden: marks & 2 != 0,
            changed,
            faded,
            rates,
            hours,
            countries: Memory::read(from)?,
            systems: Memory::read(from)?,
            prefixes: Memory::read(from)?,
            places: Memory::read(from)?,
            browsers: Memory::read(from)?,
            devices: Memory::read(from)?,
            tls: Memory::read(from)?,
            screens: Memory::read(from)?,
            hints: Memory::read(from)?,
            languages: Memory::read(from)?,
            zones: Memory::read(from)?,
        };
        from.is_empty().then_some(person)
    }

    pub(crate) fn rate(&self, habit: Habit) -> Rate {
        self.rates.get(habit.index()).copied().unwrap_or_default()
    }
}

/// As text: base64url, at most 1024 characters.
impl Serialize for Person {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&B64.encode(self.to_bytes()))
    }
}

impl<'de> Deserialize<'de> for Person {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = B64.decode(text).map_err(|_| D::Error::custom("is not base64url"))?;
        Self::from_bytes(&bytes).ok_or_else(|| D::Error::custom("is no record of a person"))
    }
}

/// The day, counted from 1970.
pub(crate) fn day(at: u32) -> u16 {
    u16::try_from(at / 86_400).unwrap_or(u16::MAX)
}

/// The hour of the day at Greenwich.
pub(crate) fn hour(at: u32) -> usize {
    usize::try_from(at / 3600 % 24).unwrap_or(0)
}

/// Sixteen bits of a hash.
pub(crate) fn short(hash: u32) -> u16 {
    u16::try_from(hash >> 16 ^ hash & 0xffff).unwrap_or(0)
}

pub(crate) fn zone_id(zone: i16) -> u32 {
    u32::from(zone.cast_unsigned())
}

/// A running median: an eighth of the way, at least one millisecond.
fn nearer(usual: u16, now: u16) -> u16 {
    if usual == 0 {
        return now.max(1);
    }
    let step = (usual.abs_diff(now) / 4).min(usual / 8).max(1);
    if now > usual {
        usual.saturating_add(step)
    } else if now < usual {
        usual.saturating_sub(step).max(1)
    } else {
        usual
    }
}

/// Of the note beside a device: it proved a key.
pub(crate) const BOUND: u16 = 1 << 15;
const VERSION: u8 = 1;
/// Days between two fadings: a fifth each month is a half-life of some 90 days.
const FADES: u16 = 30;
