//! From what is known to the values of the features, in thousandths. A value is never negative; what is not listed is 0.

use serde::{Deserialize, Serialize};

use crate::{
    event::{Act, Browser, Event, Kind, Network, Proof},
    feature::Feature,
    fixed::{ln, ln_ratio},
    groups::{Count, Groups},
    habit::{self, Habit},
    model::Odds,
    person::{BOUND, Person, hour, short, zone_id},
    priors::{Pair, Priors},
};

/// What speaks for and against a sign-in, as the model sees it. Small enough to keep, so that it can be judged again under another policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Place of the feature in [`Feature::ALL`], value in thousandths.
    #[serde(rename = "v")]
    values: Vec<(u8, u16)>,
    /// Something could not be read.
    #[serde(rename = "i", default, skip_serializing_if = "std::ops::Not::not")]
    incomplete: bool,
    /// The tenant's offset.
    #[serde(rename = "o", default, skip_serializing_if = "is_zero")]
    offset: i16,
    /// Nothing is known of the person yet.
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    first: bool,
}

impl Evidence {
    /// Gathers it. `person` or a count that is `None` could not be read.
    pub fn gather(event: &Event, person: Option<&Person>, priors: &Priors, groups: &Groups) -> Self {
        let nobody = Person::default();
        let mut evidence = Self {
            values: Vec::with_capacity(24),
            incomplete: person.is_none() || groups.incomplete(),
            offset: priors.offset,
            first: person.is_some_and(|person| person.sign_ins == 0),
        };
        let look = Look { event, person: person.unwrap_or(&nobody), priors };
        look.network(&mut evidence);
        look.device(&mut evidence);
        look.context(&mut evidence);
        look.account(&mut evidence);
        failures(groups, &mut evidence);
        evidence
    }

    /// The features and their values in thousandths.
    pub fn values(&self) -> impl Iterator<Item = (Feature, i32)> {
        self.values.iter().filter_map(|(index, value)| {
            Feature::ALL.get(usize::from(*index)).map(|feature| (*feature, i32::from(*value)))
        })
    }

    /// Whether something could not be read.
    pub const fn incomplete(&self) -> bool {
        self.incomplete
    }

    /// Whether nothing was known of the person yet.
    pub const fn first(&self) -> bool {
        self.first
    }

    /// What the tenant's usual odds differ by, in thousandths.
    pub fn offset(&self) -> i32 {
        self.offset.into()
    }

    /// The natural logarithm of the odds that it is somebody else, in thousandths, before the offset.
    pub fn odds(&self) -> i32 {
        Odds::of(self).total
    }

    fn add(&mut self, feature: Feature, value: i32) {
        if value > 0 {
            let index = u8::try_from(feature.index()).unwrap_or(u8::MAX);
            self.values.push((index, u16::try_from(value.min(MOST)).unwrap_or(0)));
        }
    }

    fn mark(&mut self, feature: Feature, yes: bool) {
        self.add(feature, if yes { 1000 } else { 0 });
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(offset: &i16) -> bool {
    *offset == 0
}

/// What a feature's value is at most: a rate of 1 in 1000 is 6.9.
const MOST: i32 = 7000;

struct Look<'a> {
    event: &'a Event,
    person: &'a Person,
    priors: &'a Priors,
}

impl Look<'_> {
    /// How unlike the person something new is: the logarithm of one over their rate of it.
    fn unlike(&self, habit: Habit) -> i32 {
        let usual = self.priors.usual(habit, self.person.sign_ins);
        rarity(self.person.rate(habit).towards(usual, WEIGHT))
    }

    /// How unusual something is among the tenant's people, of whom `many` showed it.
    fn unusual(&self, many: u16) -> i32 {
        rare(u16::try_from(self.priors.people).unwrap_or(u16::MAX), many)
    }

    fn network(&self, to: &mut Evidence) {
        let Some(network) = &self.event.network else {
            // Not knowing where it comes from is as bad as the worst place without a name.
            for feature in [Feature::CountryNew, Feature::SystemNew, Feature::PrefixNew, Feature::PlaceNew] {
                to.mark(feature, true);
            }
            for (feature, habit) in
                [(Feature::CountryRare, Habit::Country), (Feature::HiddenRare, Habit::Hidden)]
            {
                to.add(feature, self.unlike(habit));
            }
            return;
        };
        let known = self.person.sign_ins > 0;
        let flags = network.flags;
        let prefix = self.person.prefixes.of(network.prefix);
        if let Some(prefix) = prefix {
            to.add(Feature::PrefixKnown, 1000 + ln(prefix.count.min(20).into()));
        } else if known {
            self.elsewhere(network, to);
        }
        to.add(Feature::PrefixShared, ln(u64::from(self.priors.sharers(network.prefix).max(1))));
        if prefix.is_none() && flags.any() {
            to.mark(Feature::Hosting, flags.hosting);
            to.mark(Feature::Vpn, flags.vpn);
            to.mark(Feature::Tor, flags.tor);
            to.mark(Feature::Proxy, flags.proxy);
            to.add(Feature::HiddenRare, self.unlike(Habit::Hidden));
        }
        self.round_trip(network, to);
    }

    /// A prefix that the person has not used.
    fn elsewhere(&self, network: &Network, to: &mut Evidence) {
        let people = self.priors.country(network.country).map_or(0, |part| part.people);
        let here = self.priors.system(network.system);
        if !self.person.countries.has(network.country.into()) {
            to.mark(Feature::CountryNew, true);
            to.add(Feature::CountryRare, self.unlike(Habit::Country));
            to.add(Feature::CountryForeign, self.unusual(people));
        }
        if let Some(system) = self.person.systems.of(network.system) {
            to.mark(Feature::PrefixNew, true);
            let days = self.event.at.saturating_sub(self.person.last) / 86_400;
            let [fresh, ..] = system.notes;
            let own = habit::Rate {
                new: fresh.min(system.count.into()).saturating_mul(16),
                of: u16::from(system.count).saturating_mul(16),
            };
            to.add(Feature::PrefixRare, rarity(own.towards(self.priors.fresh(network.system, days), WEIGHT)));
        } else {
            to.mark(Feature::SystemNew, true);
            to.add(Feature::SystemRare, self.unlike(Habit::System));
            let system = here.map_or(0, |part| part.people);
            to.add(Feature::SystemUnusual, rare(people, system));
        }
        self.place(network, here.map_or(3000, |part| u32::from(part.moved)), to);
    }

    fn place(&self, network: &Network, moved: u32, to: &mut Evidence) {
        let Some(place) = network.place.filter(|place| !self.person.places.has(place.id)) else { return };
        let near = |seen: &crate::memory::Seen| {
            let [north, east, _] = seen.notes;
            crate::Place { id: seen.id, north: north.cast_signed(), east: east.cast_signed() }.km(&place)
        };
        let Some(km) = self.person.places.iter().map(near).min() else { return };
        to.mark(Feature::PlaceNew, true);
        to.add(Feature::PlaceRare, rarity(self.person.rate(Habit::Place).towards(moved, WEIGHT)));
        to.mark(Feature::Far100, km >= 100);
        to.mark(Feature::Far500, km >= 500);
        to.mark(Feature::Far2000, km >= 2000);
        // Where a tunnel comes out says nothing of a person who often uses one; for others it excuses nothing.
        let excused = network.flags.any() && self.unlike(Habit::Hidden) < RARELY;
        if let Some(last) = self.person.last_place
            && !self.person.last_hidden
            && !excused
        {
            let km = u64::from(last.km(&place));
            let seconds = u64::from(self.event.at.saturating_sub(self.person.last)) + 600;
            let speed = km * 3600 / seconds;
            to.mark(Feature::TravelFast, km >= 150 && speed >= 300);
            to.mark(Feature::TravelFaster, km >= 150 && speed >= 1000);
        }
    }

    fn round_trip(&self, network: &Network, to: &mut Evidence) {
        let Some(rtt) = self.event.rtt else { return };
        let beyond = |usual: u16| ln_ratio(u64::from(rtt) + 5, u64::from(usual) + 5);
        let own = self.person.systems.of(network.system).map(|seen| seen.notes[1]).filter(|usual| *usual > 0);
        let here = self.priors.system(network.system).map(|part| part.rtt).filter(|usual| *usual > 0);
        let there = self.priors.country(network.country).map(|part| part.rtt).filter(|usual| *usual > 0);
        let mut fits = 0;
        if let Some(own) = own {
            let much = beyond(own);
            to.add(Feature::RttOwn, (much - 200).clamp(0, 1500));
            to.add(Feature::RttOwnMuch, (much - 700).clamp(0, 1500));
            fits += i32::from(much < 200) * 1000;
        }
        if let Some(here) = here.or(there) {
            let much = beyond(here);
            to.add(Feature::RttHere, (much + 200).clamp(0, 1500));
            to.add(Feature::RttHereMuch, (much - 300).clamp(0, 1500));
            fits += i32::from(much < -200) * 500;
        }
        to.add(Feature::RttFits, fits);
    }

    fn device(&self, to: &mut Evidence) {
        let seen = self.event.cookie.and_then(|cookie| self.person.devices.of(cookie));
        if let Some(seen) = seen {
            to.mark(Feature::CookieKnown, true);
            to.add(Feature::CookieOften, ln(seen.count.min(20).into()));
            let days = u32::from(crate::person::day(self.event.at).saturating_sub(seen.day));
            to.add(Feature::CookieOld, ln_ratio(u64::from(days) + 1, 8));
            let [version, family, screen] = seen.notes;
            if let Some(browser) = self.event.browser {
                to.mark(Feature::CookieMoved, short(browser.family) != family);
                to.mark(Feature::CookieOlder, short(browser.family) == family && browser.version < version);
            }
            let other = |it: u32| screen & !BOUND != 0 && short(it) & !BOUND != screen & !BOUND;
            to.mark(Feature::CookieScreen, self.event.screen.is_some_and(other));
            let network = self.event.network.unwrap_or_default();
            to.mark(Feature::CookiePrefix, !self.person.prefixes.has(network.prefix));
            to.mark(Feature::CookieSystem, !self.person.systems.has(network.system));
            to.mark(Feature::ProofOk, self.event.proof == Proof::Ok && screen & BOUND != 0);
            to.mark(Feature::ProofLost, self.event.proof != Proof::Ok && screen & BOUND != 0);
        } else if !self.person.devices.is_empty() {
            to.mark(Feature::CookieNone, true);
            to.add(Feature::CookieRare, self.unlike(Habit::Cookie));
        }
        to.mark(Feature::ProofFailed, self.event.proof == Proof::Failed);
        match &self.event.browser {
            Some(browser) => self.browser(browser, to),
            None => {
                for feature in [Feature::BrowserNew, Feature::KindNew, Feature::Script] {
                    to.mark(feature, true);
                }
                to.add(Feature::BrowserRare, self.unlike(Habit::Browser));
            }
        }
    }

    fn browser(&self, browser: &Browser, to: &mut Evidence) {
        to.mark(Feature::Script, browser.kind == Kind::Script);
        let (people, newest) = self.priors.family(browser.family);
        let version = u64::from(browser.version);
        if let Some(seen) = self.person.browsers.of(browser.family) {
            let [last, ..] = seen.notes;
            let majors = |from: u16, to: u16| i32::from(from) / 10 - i32::from(to) / 10;
            let down = majors(last, browser.version);
            to.mark(Feature::VersionDown, down >= 1 || browser.version < last);
            to.mark(Feature::VersionDownMuch, down >= 2);
            let days = self.event.at.saturating_sub(self.person.last) / 86_400;
            to.mark(Feature::VersionUp, browser.version > last && days < 3);
        } else if self.person.sign_ins > 0 {
            to.mark(Feature::BrowserNew, true);
            to.add(Feature::BrowserRare, self.unlike(Habit::Browser));
            to.add(Feature::BrowserUnusual, self.unusual(people));
            let kind = habit::kind(browser.kind);
            to.mark(Feature::KindNew, self.person.browsers.iter().all(|seen| seen.notes[1] != kind));
        }
        if newest > 0 && browser.version > 0 {
            to.add(Feature::VersionStale, ln_ratio(u64::from(newest), version).saturating_mul(10));
        }
        let same = self.person.browsers.has(browser.family);
        if let Some(screen) = self.event.screen {
            to.mark(
                Feature::ScreenNew,
                same && !self.person.screens.is_empty() && !self.person.screens.has(screen),
            );
            if !self.person.screens.has(screen) {
                let (many, most) = self.priors.pair(Pair::Screen, screen, browser.family);
                to.add(Feature::ScreenUnusual, rare(most, many));
            }
        }
        if let Some(hints) = self.event.hints {
            to.mark(
                Feature::HintsNew,
                same && !self.person.hints.is_empty() && !self.person.hints.has(hints),
            );
        }
        if let Some(tls) = self.event.tls {
            let known = self.person.tls.has(tls);
            to.mark(Feature::TlsNew, same && !self.person.tls.is_empty() && !known);
            if !known {
                let (many, most) = self.priors.pair(Pair::Tls, tls, browser.family);
                to.add(Feature::TlsUnusual, rare(most, many));
                to.mark(Feature::TlsUnknown, many == 0 && most > 0);
            }
        }
    }

    fn context(&self, to: &mut Evidence) {
        let country = self.event.network.map_or(0, |network| network.country);
        if let Some(language) = self.event.language
            && !self.person.languages.has(language)
        {
            to.mark(Feature::LanguageNew, !self.person.languages.is_empty());
            let (many, most) = self.priors.pair(Pair::Language, language, country.into());
            to.add(Feature::LanguageUnusual, rare(most, many));
        }
        if let Some(zone) = self.event.zone.map(zone_id)
            && !self.person.zones.has(zone)
        {
            to.mark(Feature::ZoneNew, !self.person.zones.is_empty());
            let (many, most) = self.priors.pair(Pair::Zone, zone, country.into());
            to.add(Feature::ZoneUnusual, rare(most, many));
        }
        self.hour(to);
    }

    /// How rare the hour is for the person, with its neighbours at half weight; only with twenty sign-ins.
    fn hour(&self, to: &mut Evidence) {
        let hours = &self.person.hours;
        let all: u64 = hours.iter().map(|hour| u64::from(*hour)).sum();
        if all < 20 {
            return;
        }
        let at = hour(self.event.at);
        let near = |offset: usize| u64::from(hours.get((at + offset) % 24).copied().unwrap_or(0));
        let here = 4 * near(0) + 3 * near(1) + 3 * near(23) + 2 * near(2) + 2 * near(22);
        // Of 14 quarters; with one sign-in spread over the day.
        to.add(Feature::HourRare, ln_ratio(all * 14 + 14, (here * 24 + 14).max(1)));
    }

    fn account(&self, to: &mut Evidence) {
        let since = self.event.at.saturating_sub(self.person.changed);
        to.mark(Feature::Changed, self.person.changed > 0 && since < 3 * 86_400);
        to.mark(Feature::ActChange, self.event.act >= Act::Change);
        to.mark(Feature::ActRecovery, self.event.act == Act::Recovery);
    }
}

fn failures(groups: &Groups, to: &mut Evidence) {
    let count = |count: Option<Count>| count.unwrap_or_default();
    let more = |count: u32, than: u32| ln(u64::from(count.saturating_sub(than)) + 1);
    to.add(Feature::FailedAccount, more(count(groups.account).hour, 0));
    to.add(Feature::FailedAccountDay, more(count(groups.account).day, 0));
    to.add(Feature::FailedPrefix, more(count(groups.prefix).hour, 0));
    to.add(Feature::FailedPrefixDay, more(count(groups.prefix).day, 0));
    to.add(Feature::FailedAgent, more(count(groups.agent).hour, 0));
    let tenant = count(groups.tenant);
    to.add(Feature::FailedTenant, ln_ratio(u64::from(tenant.hour) * 24 + 24, u64::from(tenant.day) + 24));
}

/// How rare it is what `many` of `people` showed; nothing if all did.
fn rare(people: u16, many: u16) -> i32 {
    ln_ratio(u64::from(people) + 1, u64::from(many) + 1)
}

/// One over a rate in ten-thousandths, as a logarithm.
fn rarity(rate: u32) -> i32 {
    ln_ratio(10_000, rate.into())
}

/// One in twenty, as a rarity.
const RARELY: i32 = 2996;
/// How many sign-ins the tenant's usual rate counts for beside a person's own.
const WEIGHT: u32 = 4;
