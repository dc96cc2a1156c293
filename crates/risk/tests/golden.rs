//! The bits of this build are those that every build has. `cargo xtask risk-eval` runs the same digest as WebAssembly
//! (`examples/bits.rs`), where a difference is an error.

use risk::{
    Browser, Event, Flags, Groups, Kind, Level, Network, Person, Place, Policy, Priors, Proof, assess,
};

#[path = "support/bits.rs"]
mod bits;
mod support;

#[test]
fn the_bits_are_golden() {
    assert_eq!(
        bits::bits(),
        bits::GOLDEN,
        "if features or weights changed on purpose, this is the new digest"
    );
}

/// What people meet, to the point: somebody with a desk, a browser and a bound key, in a tenant of which nothing is known.
#[test]
fn situations_have_golden_scores() {
    let home = Network {
        prefix: 1,
        system: 1,
        country: 1,
        place: Some(Place { id: 1, north: 599, east: 107 }),
        ..Network::default()
    };
    let usual = |day: u32| Event {
        at: 1_760_000_000 + day * 86_400,
        network: Some(home),
        browser: Some(Browser { family: 1, version: 1400, kind: Kind::Desktop }),
        cookie: Some(1),
        proof: Proof::Ok,
        language: Some(1),
        screen: Some(1),
        zone: Some(60),
        rtt: Some(30),
        ..Event::default()
    };
    let person = (0..40).fold(Person::default(), |person, day| person.learn(&usual(day)));
    let now = usual(40);
    let neighbour = Network { prefix: 2, ..home };
    let café = Network { prefix: 3, system: 3, ..home };
    let abroad = Network {
        prefix: 4,
        system: 4,
        country: 4,
        place: Some(Place { id: 4, north: -235, east: -466 }),
        ..Network::default()
    };
    let tunnel = Network { flags: Flags { hosting: true, vpn: true, ..Flags::default() }, ..café };
    let fresh = Event { cookie: None, proof: Proof::None, ..now };
    let at = |network, event: Event| Event { network: Some(network), ..event };
    let phone = Some(Browser { family: 2, version: 262, kind: Kind::Phone });
    let thief = Event {
        rtt: Some(160),
        browser: Some(Browser { family: 1, version: 1390, kind: Kind::Desktop }),
        proof: Proof::Failed,
        ..at(café, now)
    };
    for (name, event, expected) in [
        ("as always", now, (0, Level::Low)),
        ("the cookie was cleared, at home", fresh, (11, Level::Low)),
        ("a new lease of the provider", at(neighbour, now), (15, Level::Low)),
        ("the usual machine in a café", at(café, now), (21, Level::Low)),
        ("the usual machine abroad", at(abroad, Event { rtt: Some(230), ..now }), (21, Level::Low)),
        ("a new phone at home", Event { browser: phone, screen: Some(2), ..fresh }, (19, Level::Low)),
        (
            "a new phone in a café",
            at(café, Event { browser: phone, screen: Some(2), ..fresh }),
            (53, Level::Medium),
        ),
        (
            "the same browser without its cookie, at the neighbour's",
            at(neighbour, Event { rtt: Some(90), ..fresh }),
            (66, Level::Medium),
        ),
        (
            "a tunnel and a new browser",
            at(tunnel, Event { browser: phone, screen: Some(2), rtt: Some(80), ..fresh }),
            (79, Level::High),
        ),
        ("stolen cookies", thief, (84, Level::High)),
    ] {
        let verdict = assess(&event, Some(&person), &Priors::default(), &Groups::QUIET, &Policy::default());
        assert_eq!((verdict.score, verdict.level), expected, "{name}: {verdict:?}");
    }
}
