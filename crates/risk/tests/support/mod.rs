//! Made-up people, for tests and for comparing builds: small alphabets, so that values come back, and a generator of its own, so
//! that every build on every machine makes the same ones.

use risk::{
    Act, Browser, Count, Event, Evidence, Flags, Groups, Kind, Network, Person, Place, Priors, Proof, Tally,
};

/// Chance that repeats: xorshift.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 20) % u64::from(end.max(1))).unwrap_or(0)
    }

    pub(crate) fn one_in(&mut self, end: u32) -> bool {
        self.below(end) == 0
    }

    pub(crate) fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.one_in(6) { None } else { Some(make(self)) }
    }

    fn small(&mut self, end: u32) -> u16 {
        u16::try_from(self.below(end)).unwrap_or(0)
    }
}

/// An event at a time; low values are likelier, so that there are habits.
pub(crate) fn event(chance: &mut Chance, at: u32) -> Event {
    let mut usual = |end: u32| {
        let most = 1 + chance.below(end);
        1 + chance.below(most)
    };
    let (system, prefix, family, cookie, other) = (usual(9), usual(30), usual(5), usual(9), usual(6));
    Event {
        at,
        act: if chance.one_in(25) { Act::Change } else { Act::SignIn },
        network: chance.some(|chance| Network {
            address: chance.below(99),
            prefix: system * 100 + prefix,
            system,
            country: u16::try_from(1 + system / 4).unwrap_or(0),
            place: chance.some(|chance| Place {
                id: system * 10 + other,
                north: i16::try_from(system).unwrap_or(0) * 60,
                east: i16::try_from(chance.below(300)).unwrap_or(0),
            }),
            flags: Flags {
                hosting: chance.one_in(12),
                vpn: chance.one_in(15),
                tor: chance.one_in(40),
                proxy: chance.one_in(30),
                relay: chance.one_in(20),
            },
        }),
        browser: chance.some(|chance| Browser {
            family,
            version: 1400 + chance.small(6) * 10,
            kind: [Kind::Desktop, Kind::Phone, Kind::Tablet, Kind::Script]
                .into_iter()
                .nth(usize::from(chance.small(4)))
                .unwrap_or_default(),
        }),
        cookie: chance.some(|_| cookie),
        proof: if chance.one_in(3) { Proof::Ok } else { Proof::None },
        hints: chance.some(|_| family * 7 + other / 4),
        language: chance.some(|_| 1 + other / 3),
        screen: chance.some(|_| 1 + other / 2),
        zone: chance.some(|_| i16::try_from(other / 3).unwrap_or(0) * 60),
        rtt: chance.some(|chance| 10 + chance.small(200)),
        tls: chance.some(|_| family * 3 + other / 5),
    }
}

/// Somebody with that many events behind them, what is usual among them and a few others, and when it is.
pub(crate) fn somebody(chance: &mut Chance, events: u32) -> (Person, Priors, u32) {
    let mut tally = Tally::default();
    let mut at = 1_760_000_000;
    let mut last = Person::default();
    for who in 0..4 {
        let mut person = Person::default();
        for _ in 0..events {
            at += chance.below(200_000);
            let event = event(chance, at);
            let odds = Evidence::gather(&event, Some(&person), &Priors::default(), &Groups::QUIET).odds();
            tally.learn(&event, &person, odds, who);
            person = person.learn(&event);
        }
        last = person;
    }
    (last, tally.priors(), at + chance.below(200_000))
}

/// Counts of failures, mostly quiet.
pub(crate) fn groups(chance: &mut Chance) -> Groups {
    let mut count = || {
        let day = if chance.one_in(3) { chance.below(200) } else { 0 };
        Some(Count { hour: day / 3, day })
    };
    Groups { account: count(), prefix: count(), agent: count(), tenant: count() }
}
