//! What callers rely on, held against made-up people.

use risk::{
    Browser, Count, Direction, Event, Evidence, Feature, Flags, Groups, Kind, Level, Network, Person, Policy,
    Priors, Proof, Rule, Then, Thresholds, When, assess, explain, judge,
};

mod support;
use support::{Chance, event, groups, somebody};

/// Somebody, an event of theirs or not, and what the odds are.
struct Case {
    event: Event,
    person: Person,
    priors: Priors,
    groups: Groups,
}

impl Case {
    fn odds(&self, event: &Event) -> i32 {
        Evidence::gather(event, Some(&self.person), &self.priors, &self.groups).odds()
    }
}

fn cases(each: impl Fn(Case, &mut Chance)) {
    let mut chance = Chance(0x5eed_0000_cafe);
    for events in [0, 1, 2, 5, 15, 60] {
        for _ in 0..8 {
            let (person, priors, at) = somebody(&mut chance, events);
            for _ in 0..5 {
                let (event, groups) = (event(&mut chance, at), groups(&mut chance));
                let case = Case { event, person: person.clone(), priors: priors.clone(), groups };
                each(case, &mut chance);
            }
        }
    }
}

/// What a client may leave away.
type Without = (&'static str, fn(Event) -> Event);
const OPTIONAL: [Without; 8] = [
    ("cookie", |event| Event { cookie: None, ..event }),
    ("proof", |event| Event { proof: Proof::None, ..event }),
    ("hints", |event| Event { hints: None, ..event }),
    ("language", |event| Event { language: None, ..event }),
    ("screen", |event| Event { screen: None, ..event }),
    ("zone", |event| Event { zone: None, ..event }),
    ("rtt", |event| Event { rtt: None, ..event }),
    ("tls", |event| Event { tls: None, ..event }),
];

fn headers_only(event: Event) -> Event {
    OPTIONAL.iter().fold(event, |event, (_, without)| without(event))
}

/// PROTOCOLS, attack case 33: whoever withholds signals gets nothing that sending none of them would not give.
#[test]
fn leaving_signals_away_never_scores_below_headers_only() {
    cases(|case, _| {
        // A cookie of ours and the time light needs may lower it: they are proved. Everything else may only add.
        let unproved = Event { cookie: None, rtt: None, proof: Proof::None, ..case.event };
        let least = case.odds(&headers_only(case.event));
        for leave in 0..256u32 {
            let left = OPTIONAL
                .iter()
                .enumerate()
                .filter(|(at, _)| leave >> at & 1 == 1)
                .fold(unproved, |event, (_, (_, without))| without(event));
            assert!(case.odds(&left) >= least, "{left:?}");
        }
    });
}

/// PROTOCOLS, attack case 33: a missing signal is not good. It weighs at least as much as the best value it could have had.
#[test]
fn a_missing_signal_weighs_at_least_as_much_as_its_best_value() {
    cases(|case, _| {
        let small = || (0..40u32).map(Some);
        let with: [(&str, Vec<Event>); 7] = [
            ("cookie", small().map(|cookie| Event { cookie, ..case.event }).collect()),
            ("hints", small().map(|hints| Event { hints, ..case.event }).collect()),
            ("language", small().map(|language| Event { language, ..case.event }).collect()),
            ("screen", small().map(|screen| Event { screen, ..case.event }).collect()),
            ("tls", small().map(|tls| Event { tls, ..case.event }).collect()),
            ("zone", (0..4).map(|hour| Event { zone: Some(hour * 60), ..case.event }).collect()),
            ("rtt", (1..9).map(|rtt| Event { rtt: Some(rtt * 4), ..case.event }).collect()),
        ];
        for (name, values) in with {
            let without = OPTIONAL.iter().find(|(it, _)| *it == name).unwrap().1;
            let best = values.iter().map(|event| case.odds(event)).min().unwrap();
            assert!(case.odds(&without(case.event)) >= best, "{name}: {:?}", case.event);
        }
    });
}

/// The same for what every request has: not saying where from, or on what, is no better than the owner's own.
#[test]
fn a_missing_network_or_browser_weighs_at_least_as_much_as_the_owners() {
    cases(|case, _| {
        let (Some(network), Some(browser)) = (case.event.network, case.event.browser) else { return };
        let own = headers_only(Event {
            act: risk::Act::SignIn,
            network: Some(Network { flags: Flags::default(), ..network }),
            browser: Some(Browser { kind: Kind::Desktop, version: 9000, ..browser }),
            ..case.event
        });
        let case = Case { person: case.person.clone().learn(&own), ..case };
        assert!(case.odds(&Event { network: None, ..own }) >= case.odds(&own));
        assert!(case.odds(&Event { browser: None, ..own }) >= case.odds(&own));
    });
}

#[test]
fn a_known_cookie_and_a_proved_key_never_raise_it_when_nothing_else_is_odd() {
    cases(|case, _| {
        let Some(cookie) = case.event.cookie else { return };
        let at = case.event.at;
        let knows =
            case.person.clone().learn(&Event { act: risk::Act::SignIn, proof: Proof::Ok, ..case.event });
        let case = Case { person: knows, ..case };
        let again = Event {
            at: at + 60,
            act: risk::Act::SignIn,
            cookie: Some(cookie),
            proof: Proof::Ok,
            ..case.event
        };
        assert!(case.odds(&again) <= case.odds(&Event { cookie: None, ..again }));
        assert!(
            case.odds(&again) <= case.odds(&Event { proof: Proof::None, ..again }),
            "a key that is not shown"
        );
        assert!(
            case.odds(&Event { proof: Proof::None, ..again })
                <= case.odds(&Event { proof: Proof::Failed, ..again })
        );
    });
}

#[test]
fn worse_evidence_never_lowers_it() {
    cases(|case, _| {
        let odds = case.odds(&case.event);
        for more in [1, 5, 50] {
            let worse =
                |count: Option<Count>| count.map(|it| Count { hour: it.hour + more, day: it.day + more });
            for groups in [
                Groups { account: worse(case.groups.account), ..case.groups },
                Groups { prefix: worse(case.groups.prefix), ..case.groups },
                Groups { agent: worse(case.groups.agent), ..case.groups },
            ] {
                assert!(
                    Evidence::gather(&case.event, Some(&case.person), &case.priors, &groups).odds() >= odds
                );
            }
        }
        assert!(
            case.odds(&Event { proof: Proof::Failed, ..case.event })
                >= odds.min(case.odds(&Event { proof: Proof::None, ..case.event }))
        );
        for act in [risk::Act::Change, risk::Act::Recovery] {
            let sign_in = case.odds(&Event { act: risk::Act::SignIn, ..case.event });
            assert!(case.odds(&Event { act, ..case.event }) > sign_in, "{act:?} needs less evidence");
        }
        if let Some(browser) = case.event.browser {
            let of = |kind| Event {
                browser: Some(Browser { kind, ..browser }),
                act: risk::Act::SignIn,
                ..case.event
            };
            let person = case.person.clone().learn(&of(Kind::Desktop));
            let case = Case { person, ..case };
            assert!(case.odds(&of(Kind::Script)) >= case.odds(&of(Kind::Desktop)));
        }
    });
}

/// For people who do not hide, what a list says of the address only adds.
#[test]
fn a_list_that_names_the_network_never_lowers_it() {
    cases(|case, _| {
        let Some(network) = case.event.network else { return };
        let quiet = Case {
            person: Person::default().learn(&Event {
                network: Some(Network { prefix: 1, flags: Flags::default(), ..network }),
                ..case.event
            }),
            ..case
        };
        let of = |flags| quiet.odds(&Event { network: Some(Network { flags, ..network }), ..quiet.event });
        let none = of(Flags::default());
        for flags in [
            Flags { hosting: true, ..Flags::default() },
            Flags { vpn: true, ..Flags::default() },
            Flags { tor: true, ..Flags::default() },
            Flags { proxy: true, ..Flags::default() },
            Flags { relay: true, ..Flags::default() },
        ] {
            assert!(of(flags) >= none, "{flags:?}");
        }
    });
}

/// PROTOCOLS, attack case 33: a store that fails asks for more, it never lets pass.
#[test]
fn what_could_not_be_read_is_medium_at_least() {
    cases(|case, _| {
        let (no_account, no_tenant) =
            (Groups { account: None, ..case.groups }, Groups { tenant: None, ..case.groups });
        let unread = |person, groups| assess(&case.event, person, &case.priors, groups, &Policy::default());
        let some = Some(&case.person);
        for verdict in [
            unread(None, &case.groups),
            unread(None, &Groups::UNREAD),
            unread(some, &no_account),
            unread(some, &no_tenant),
        ] {
            assert!(verdict.level >= Level::Medium && verdict.score >= 40);
            assert_eq!(verdict.reasons[0].code, "incomplete");
        }
        // And where only counts are missing, what the record says still stands.
        let quiet = assess(&case.event, some, &case.priors, &Groups::QUIET, &Policy::default());
        assert!(unread(some, &Groups::UNREAD).level >= quiet.level);
    });
}

#[test]
fn never_one_group_alone_is_high() {
    cases(|case, _| {
        let evidence = Evidence::gather(&case.event, Some(&case.person), &case.priors, &case.groups);
        let told = explain(&case.event, &evidence, &Policy::default());
        if told.verdict.level == Level::High {
            let adds = |feature: &Feature| feature.direction() == Direction::Adds;
            let mut groups: Vec<_> =
                evidence.values().map(|(feature, _)| feature).filter(adds).map(Feature::group).collect();
            groups.sort();
            groups.dedup();
            assert!(groups.len() > 1 || case.event.proof == Proof::Failed);
        }
    });
}

#[test]
fn a_failed_network_alone_is_medium_and_with_a_strange_device_high() {
    let desk = |at| Event {
        at,
        network: Some(Network { prefix: 1, system: 1, country: 1, ..Network::default() }),
        browser: Some(Browser { family: 1, version: 1400, kind: Kind::Desktop }),
        cookie: Some(1),
        ..Event::default()
    };
    let person = (0..40).fold(Person::default(), |person, day| person.learn(&desk(day * 86_400 + 30_000)));
    let now = desk(41 * 86_400);
    let away = Network {
        prefix: 9,
        system: 9,
        country: 9,
        flags: Flags { tor: true, hosting: true, ..Flags::default() },
        ..Network::default()
    };
    let judged =
        |event: &Event| assess(event, Some(&person), &Priors::default(), &Groups::QUIET, &Policy::default());
    assert_eq!(judged(&now).level, Level::Low);
    let strange = Event {
        network: Some(away),
        cookie: None,
        browser: Some(Browser { family: 7, version: 1300, kind: Kind::Script }),
        ..now
    };
    assert_eq!(judged(&strange).level, Level::High);
    let travels = judged(&Event { network: Some(away), ..now });
    assert!(travels.level < Level::High, "{travels:?}");
}

/// RISK section 1.3: what is wrong with the literature's score.
#[test]
fn signing_in_often_does_not_move_the_scale() {
    let at = |n: u32| 1_760_000_000 + n * 86_400;
    let usual = |at| Event {
        at,
        network: Some(Network { prefix: 1, system: 1, country: 1, ..Network::default() }),
        browser: Some(Browser { family: 1, version: 1400, kind: Kind::Desktop }),
        cookie: Some(1),
        ..Event::default()
    };
    let after = |days: u32, each: u32| {
        let person = (0..days * each)
            .fold(Person::default(), |person, n| person.learn(&usual(at(0) + n * 86_400 / each)));
        let attack = Event {
            network: Some(Network { prefix: 5, system: 1, country: 1, ..Network::default() }),
            cookie: None,
            ..usual(at(days + 1))
        };
        Evidence::gather(&attack, Some(&person), &Priors::default(), &Groups::QUIET).odds()
    };
    let (weekly_enough, often) = (after(40, 1), after(40, 12));
    assert!(often >= weekly_enough, "who signs in often is protected no less: {weekly_enough} {often}");
    assert!(often - weekly_enough < 3000, "{weekly_enough} {often}");
}

#[test]
fn somebody_who_travels_is_asked_less_than_somebody_with_one_desk() {
    let event = |n: u32, country: u16| Event {
        at: 1_760_000_000 + n * 86_400,
        network: Some(Network {
            prefix: u32::from(country),
            system: country.into(),
            country,
            ..Network::default()
        }),
        browser: Some(Browser { family: 1, version: 1400, kind: Kind::Desktop }),
        cookie: Some(1),
        ..Event::default()
    };
    let desk = (0..40).fold(Person::default(), |person, n| person.learn(&event(n, 1)));
    let travels = (0..40u16).fold(Person::default(), |person, n| person.learn(&event(n.into(), 1 + n / 2)));
    let abroad = Event { cookie: None, ..event(41, 99) };
    let odds = |person| Evidence::gather(&abroad, Some(person), &Priors::default(), &Groups::QUIET).odds();
    assert!(odds(&travels) + 150 < odds(&desk), "{} {}", odds(&travels), odds(&desk));
}

#[test]
fn the_record_stays_below_a_kibibyte_and_comes_back() {
    let mut chance = Chance(77);
    let mut largest = 0;
    for _ in 0..20 {
        let (person, ..) = somebody(&mut chance, 300);
        let text = serde_json::to_string(&person).unwrap();
        largest = largest.max(text.len());
        assert_eq!(serde_json::from_str::<Person>(&text).unwrap(), person);
        let bytes = person.to_bytes();
        for end in 0..bytes.len() {
            assert!(Person::from_bytes(&bytes[..end]).is_none(), "cut at {end}");
        }
        assert!(Person::from_bytes(&[bytes, vec![0]].concat()).is_none(), "with something behind it");
    }
    // Full in every memory: what a person with more of everything than fits would take.
    let full = (0..400).fold(Person::default(), |person, n| {
        let network = Network {
            prefix: n,
            system: n,
            country: u16::try_from(n).unwrap(),
            place: Some(risk::Place { id: n, ..Default::default() }),
            ..Default::default()
        };
        person.learn(&Event {
            at: 1_760_000_000,
            network: Some(network),
            browser: Some(Browser { family: n, ..Default::default() }),
            cookie: Some(n),
            hints: Some(n),
            language: Some(n),
            screen: Some(n),
            zone: i16::try_from(n).ok(),
            tls: Some(n),
            rtt: Some(9),
            ..Event::default()
        })
    });
    assert!(full.to_bytes().len() <= 768, "{}", full.to_bytes().len());
    assert!(serde_json::to_string(&full).unwrap().len() <= 1026, "with its quotes");
    assert!(largest <= 1026);
}

#[test]
fn rules_trust_and_distrust_and_distrust_wins() {
    let rule = |when, then| Rule { when, then };
    let event = Event {
        network: Some(Network {
            country: 7,
            flags: Flags { tor: true, ..Flags::default() },
            ..Network::default()
        }),
        ..Event::default()
    };
    let evidence = Evidence::default();
    let level = |rules: Vec<Rule>, event: &Event| {
        let policy = Policy { thresholds: Thresholds { medium: 0, high: 100 }, rules };
        judge(event, &evidence, &policy).level
    };
    assert_eq!(level(vec![], &event), Level::Medium);
    let trust = rule(When::Country(7), Then::AtMost(Level::Low));
    assert_eq!(level(vec![trust], &event), Level::Low);
    assert_eq!(level(vec![rule(When::Tor, Then::AtLeast(Level::High)), trust], &event), Level::High);
    assert_eq!(
        level(vec![trust], &Event { proof: Proof::Failed, ..event }),
        Level::Medium,
        "not with a failed key"
    );
    assert_eq!(
        level(vec![trust], &Event { network: None, ..event }),
        Level::Medium,
        "what is missing matches nothing"
    );
}

#[test]
fn no_rule_trusts_what_could_not_be_read() {
    let trust = Rule { when: When::Country(0), then: Then::AtMost(Level::Low) };
    let policy = Policy { rules: vec![trust], ..Policy::default() };
    let event = Event { network: Some(Network::default()), ..Event::default() };
    let verdict = assess(&event, None, &Priors::default(), &Groups::QUIET, &policy);
    assert_eq!(verdict.level, Level::Medium);
}

#[test]
fn three_readers_get_what_is_theirs() {
    cases(|case, _| {
        let evidence = Evidence::gather(&case.event, Some(&case.person), &case.priors, &case.groups);
        let told = explain(&case.event, &evidence, &Policy::default());
        assert!(told.verdict.reasons.len() <= 5);
        assert!(told.verdict.reasons.iter().all(|it| it.weight > 0 && !it.text.ends_with('.')));
        for part in &told.contributions {
            let feature = Feature::ALL.iter().find(|feature| feature.code() == part.code).unwrap();
            match feature.direction() {
                Direction::Adds => assert!(part.weight >= 0, "{part:?}"),
                Direction::Vouches => assert!(part.weight <= 0, "{part:?}"),
            }
        }
        let audit = serde_json::to_value(&told).unwrap()["audit"].clone();
        for name in ["model", "odds", "offset", "thresholds", "by_score", "incomplete", "one_sided", "rules"]
        {
            assert!(!audit[name].is_null(), "{name}");
        }
    });
}
