//! Habits: at what a person can show something new, and how often they do.

use crate::{
    bytes::{Reader, Writer},
    event::{Event, Kind},
    person::{Person, zone_id},
};

/// At what something new can be shown. The order is that of the person's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Habit {
    /// A country.
    Country,
    /// An autonomous system, in a known country.
    System,
    /// A prefix, in a known system.
    Prefix,
    /// A place, behind a new prefix.
    Place,
    /// A network that lists say hides the person. Not new, but counted in the same way.
    Hidden,
    /// A browser family.
    Browser,
    /// No cookie, or an unknown one.
    Cookie,
    /// A language.
    Language,
    /// A time zone.
    Zone,
    /// A screen, with a known browser.
    Screen,
    /// A model or platform version, with a known browser.
    Hints,
    /// A TLS fingerprint, with a known browser.
    Tls,
}

pub(crate) const HABITS: usize = 12;

impl Habit {
    pub(crate) const ALL: [Self; HABITS] = [
        Self::Country,
        Self::System,
        Self::Prefix,
        Self::Place,
        Self::Hidden,
        Self::Browser,
        Self::Cookie,
        Self::Language,
        Self::Zone,
        Self::Screen,
        Self::Hints,
        Self::Tls,
    ];

    pub(crate) fn index(self) -> usize {
        Self::ALL.iter().position(|habit| *habit == self).unwrap_or(0)
    }
}

/// What the event shows at each habit: something new or not, or `None` if it cannot tell.
pub(crate) fn trials(event: &Event, person: &Person) -> [Option<bool>; HABITS] {
    if person.sign_ins == 0 {
        return [None; HABITS];
    }
    let network = event.network.as_ref();
    let country = network.filter(|n| n.country != 0).map(|n| !person.countries.has(n.country.into()));
    let abroad = country == Some(true);
    let system = network.filter(|_| !abroad).map(|n| !person.systems.has(n.system));
    let prefix = network.filter(|_| system == Some(false)).map(|n| !person.prefixes.has(n.prefix));
    let place = network
        .filter(|n| !abroad && !person.prefixes.has(n.prefix))
        .and_then(|n| n.place)
        .map(|place| !person.places.has(place.id));
    let browser = event.browser.map(|browser| !person.browsers.has(browser.family));
    let same = browser == Some(false);
    [
        country,
        system,
        prefix,
        place,
        network.map(|n| n.flags.any()),
        browser,
        (!person.devices.is_empty()).then(|| !event.cookie.is_some_and(|cookie| person.devices.has(cookie))),
        event.language.filter(|_| !person.languages.is_empty()).map(|it| !person.languages.has(it)),
        event.zone.filter(|_| !person.zones.is_empty()).map(|it| !person.zones.has(zone_id(it))),
        event.screen.filter(|_| same && !person.screens.is_empty()).map(|it| !person.screens.has(it)),
        event.hints.filter(|_| same && !person.hints.is_empty()).map(|it| !person.hints.has(it)),
        event.tls.filter(|_| same && !person.tls.is_empty()).map(|it| !person.tls.has(it)),
    ]
}

/// How often something was new, of how many times: in sixteenths, fading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rate {
    pub(crate) new: u16,
    pub(crate) of: u16,
}

impl Rate {
    pub(crate) fn count(&mut self, new: bool) {
        self.of = self.of.saturating_add(16);
        if new {
            self.new = self.new.saturating_add(16).min(self.of);
        }
    }

    pub(crate) fn fade(&mut self) {
        self.new -= self.new / 5;
        self.of -= self.of / 5;
    }

    pub(crate) fn write(self, to: &mut Writer) {
        to.u16(self.new);
        to.u16(self.of);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self { new: from.u16()?, of: from.u16()? })
    }

    /// The rate in ten-thousandths, drawn towards `usual` as if that had been seen `weight` times.
    pub(crate) fn towards(self, usual: u32, weight: u32) -> u32 {
        let new = u64::from(self.new) * 10_000 + u64::from(usual) * u64::from(weight) * 16;
        let of = u64::from(self.of) + u64::from(weight) * 16;
        u32::try_from(new / of.max(1)).unwrap_or(10_000).clamp(1, 10_000)
    }
}

/// A kind of machine as a number, never 0.
pub(crate) const fn kind(kind: Kind) -> u16 {
    match kind {
        Kind::Desktop => 1,
        Kind::Phone => 2,
        Kind::Tablet => 3,
        Kind::Script => 4,
    }
}
