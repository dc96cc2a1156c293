//! What a deployment keeps in its store, kept in memory: people, counts of failures, and each tenant's priors, made anew every day.

use std::collections::{HashMap, VecDeque};

use risk::{Count, Event, Evidence, Groups, Person, Priors, Tally};

use crate::wire::{Recorded, hash};

/// Everything that is remembered.
#[derive(Debug, Default)]
pub(crate) struct World {
    people: HashMap<(String, String), Known>,
    tenants: HashMap<String, Tenant>,
    failures: HashMap<(u8, u32), VecDeque<u32>>,
    claimed: HashMap<String, u32>,
    issued: u32,
    /// Whether this deployment sets cookies at all.
    cookies: bool,
    /// The last event that was judged, and its odds.
    judged: (String, i32),
}

#[derive(Debug, Default)]
struct Known {
    person: Person,
    who: u32,
    /// Cookies that were set and not shown yet, with the browser that got them.
    unclaimed: Vec<(u32, u32)>,
}

#[derive(Debug, Default)]
struct Tenant {
    tally: Tally,
    priors: Priors,
    day: u32,
}

impl World {
    /// A sign-in, and what speaks for and against it.
    pub(crate) fn judge(&mut self, recorded: &Recorded) -> (Event, Evidence) {
        let event = self.read(recorded);
        let tenant = self.tenants.entry(recorded.tenant.clone()).or_default();
        if event.at / 86_400 > tenant.day {
            tenant.day = event.at / 86_400;
            tenant.priors = tenant.tally.priors();
        }
        let groups = self.groups(recorded, &event);
        let nobody = Person::default();
        let person = self.people.get(&key(recorded)).map_or(&nobody, |known| &known.person);
        let priors = self.tenants.get(&recorded.tenant).map(|tenant| &tenant.priors);
        let evidence = Evidence::gather(&event, Some(person), priors.unwrap_or(&Priors::default()), &groups);
        self.judged = (recorded.id.clone(), evidence.odds());
        (event, evidence)
    }

    /// A failure.
    pub(crate) fn observe(&mut self, recorded: &Recorded) {
        let event = self.read(recorded);
        for key in counters(recorded, &event) {
            let times = self.failures.entry(key).or_default();
            times.push_back(event.at);
            while times.front().is_some_and(|at| at + 86_400 < event.at) {
                times.pop_front();
            }
        }
    }

    /// A sign-in that was let in.
    pub(crate) fn learn(&mut self, recorded: &Recorded) {
        if self.judged.0 != recorded.id {
            self.judge(recorded);
        }
        let odds = self.judged.1;
        let mut event = self.read(recorded);
        let tenant = self.tenants.entry(recorded.tenant.clone()).or_default();
        let who = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        let known = self.people.entry(key(recorded)).or_insert_with(|| Known { who, ..Known::default() });
        if recorded.device_id.is_none() && self.cookies {
            // Whoever gets in without a cookie gets one. The recording does not say which, so it is known by the browser it went to.
            self.issued += 1;
            event.cookie = Some(self.issued);
            let family = event.browser.unwrap_or_default().family;
            known.unclaimed.push((family, self.issued));
        }
        tenant.tally.learn(&event, &known.person, odds, known.who);
        known.person = std::mem::take(&mut known.person).learn(&event);
    }

    /// The largest record of a person, in bytes.
    pub(crate) fn largest(&self) -> usize {
        self.people.values().map(|known| known.person.to_bytes().len()).max().unwrap_or(0)
    }

    /// The largest priors of a tenant, in bytes of JSON.
    pub(crate) fn largest_priors(&self) -> usize {
        let size =
            |tenant: &Tenant| serde_json::to_string(&tenant.tally.priors()).map_or(0, |text| text.len());
        self.tenants.values().map(size).max().unwrap_or(0)
    }

    /// The event, with the cookie that we know it by.
    fn read(&mut self, recorded: &Recorded) -> Event {
        let mut event = recorded.event();
        if let Some(device) = &recorded.device_id {
            self.cookies = true;
            let family = event.browser.unwrap_or_default().family;
            let known = self.people.get_mut(&key(recorded));
            let id = *self.claimed.entry(device.clone()).or_insert_with(|| {
                let unclaimed = known.map(|known| &mut known.unclaimed);
                let mine = unclaimed.and_then(|list| {
                    let at = list.iter().rposition(|(to, _)| *to == family)?;
                    Some(list.swap_remove(at).1)
                });
                mine.unwrap_or_else(|| hash(&[device]) | 1 << 31)
            });
            event.cookie = Some(id);
        }
        event
    }

    fn groups(&self, recorded: &Recorded, event: &Event) -> Groups {
        let [account, prefix, agent, tenant] = counters(recorded, event).map(|key| {
            let times = self.failures.get(&key);
            let since = |seconds: u32| {
                let count =
                    times.map_or(0, |times| times.iter().filter(|at| **at + seconds >= event.at).count());
                u32::try_from(count).unwrap_or(u32::MAX)
            };
            Some(Count { hour: since(3600), day: since(86_400) })
        });
        Groups { account, prefix, agent, tenant }
    }
}

fn key(recorded: &Recorded) -> (String, String) {
    (recorded.tenant.clone(), recorded.user.clone())
}

fn counters(recorded: &Recorded, event: &Event) -> [(u8, u32); 4] {
    let network = event.network.unwrap_or_default();
    let family = event.browser.unwrap_or_default().family;
    [
        (0, hash(&[&recorded.tenant, &recorded.user])),
        (1, network.prefix),
        (2, network.system ^ family.rotate_left(7)),
        (3, hash(&[&recorded.tenant])),
    ]
}
