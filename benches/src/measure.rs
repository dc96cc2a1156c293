//! What is measured: operations per request one by one, then latency and throughput, then the start.

use std::{io, net::SocketAddr, time::Duration};

use authenticator::Passkey;
use rig::{Options, System};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    load::{self, Measured, timed},
    root, say,
};

/// Operations of one kind of request.
pub(crate) struct Operations {
    pub(crate) what: &'static str,
    pub(crate) reads: u32,
    pub(crate) writes: u32,
    pub(crate) budget: (u32, u32),
}

/// Time of one kind of request.
pub(crate) struct Timing {
    pub(crate) what: &'static str,
    pub(crate) one: Measured,
    pub(crate) many: Measured,
}

/// Everything.
pub(crate) struct Everything {
    pub(crate) operations: Vec<Operations>,
    pub(crate) timings: Vec<Timing>,
    /// Start of the system until its first answer: without and with compiled components at hand.
    pub(crate) starts: (Duration, Duration),
    /// First request of a component against one a moment later.
    pub(crate) first: (Duration, Duration),
    /// Name, KiB.
    pub(crate) sizes: Vec<(String, u64)>,
}

const MANY: usize = 32;
const SEED: [u8; 32] = [9; 32];

pub(crate) fn everything(lasts: Duration) -> io::Result<Everything> {
    say("operations per request");
    let operations = operations()?;
    let mut timings = Vec::new();
    for (what, flow) in FLOWS {
        say(&format!("{what}: 1 connection, then {MANY}"));
        timings.push(Timing { what, one: flow(1, lasts)?, many: flow(MANY, lasts)? });
    }
    say("cold starts");
    let (starts, first) = starts()?;
    Ok(Everything { operations, timings, starts, first, sizes: sizes()? })
}

fn address(system: &System) -> io::Result<SocketAddr> {
    let port = system.origin().rsplit(':').next().and_then(|port| port.parse().ok());
    port.map(|port| SocketAddr::from(([127, 0, 0, 1], port))).ok_or_else(|| io::Error::other("no port"))
}

fn client(system: &System) -> io::Result<Client> {
    Client::to(address(system)?, &system.origin())
}

fn wanted(answer: Answer, status: u16, what: &str) -> io::Result<Answer> {
    if answer.status == status {
        return Ok(answer);
    }
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    Err(io::Error::other(format!("{what} answered {}: {body}", answer.status)))
}

fn token(client: &mut Client, email: &str) -> io::Result<String> {
    let answer =
        wanted(client.get(&format!("/dev/mailbox?to={}", email.replace('@', "%40")))?, 200, "mailbox")?;
    let json = answer.json();
    let link = json.pointer("/messages/0/link").and_then(Value::as_str).unwrap_or_default();
    Ok(link.split_once('#').map(|(_, token)| token.to_owned()).unwrap_or_default())
}

fn begin(client: &mut Client, handoff: &str) -> io::Result<(Answer, Answer)> {
    let judged = wanted(client.post("/step-up/assess", &json!({ "handoff": handoff }))?, 200, "assess")?;
    let begun = client.post("/session", &json!({ "handoff": judged.text("handoff") }))?;
    Ok((judged, wanted(begun, 201, "session")?))
}

fn by_link(client: &mut Client, email: &str) -> io::Result<String> {
    wanted(client.post("/magic-link", &json!({ "email": email }))?, 202, "magic link")?;
    let token = token(client, email)?;
    Ok(wanted(client.post("/magic-link/confirm", &json!({ "token": token }))?, 200, "confirm")?
        .text("handoff"))
}

/// A browser with a session and a passkey of its own.
fn settled(system: &System, number: usize) -> io::Result<(Client, Passkey)> {
    let mut client = client(system)?;
    let handoff = by_link(&mut client, &format!("person{number}@bench.example"))?;
    begin(&mut client, &handoff)?;
    let options =
        wanted(client.post("/passkey/register/options", &json!({}))?, 200, "register options")?.json();
    let mut seed = SEED;
    for (into, byte) in seed.iter_mut().zip(number.to_le_bytes()) {
        *into ^= byte;
    }
    let (passkey, response) =
        Passkey::create(&options, &system.origin(), seed).ok_or_else(|| io::Error::other("no passkey"))?;
    wanted(client.post("/passkey/register/verify", &response)?, 201, "register")?;
    Ok((client, passkey))
}

/// One request at a time on an instance that serves one at a time: exact. The second round counts: instances are warm.
fn operations() -> io::Result<Vec<Operations>> {
    let system = System::start(Options::house().reuse(10_000, 1).kv_counters());
    let (mut session, passkey) = settled(&system, 0)?;
    let mut counted = Vec::new();
    for _ in 0..2 {
        counted.clear();
        let mut count = |what, answer: &Answer, budget| {
            counted.push(Operations { what, reads: answer.reads, writes: answer.writes, budget });
        };
        let email = "person0@bench.example";
        let mut one = client(&system)?;
        let issued = wanted(one.post("/magic-link", &json!({ "email": email }))?, 202, "magic link")?;
        count("magic link: issue (2 of its writes are the development mailbox's)", &issued, (4, 4));
        let token = token(&mut one, email)?;
        let redeemed = wanted(one.post("/magic-link/confirm", &json!({ "token": token }))?, 200, "confirm")?;
        count("magic link: redeem", &redeemed, (4, 3));
        let asked = wanted(one.post("/passkey/sign-in/options", &json!({}))?, 200, "options")?;
        count("passkey sign-in: options", &asked, (2, 1));
        let response = passkey.sign_in(&asked.json()).unwrap_or_default();
        let verified = wanted(one.post("/passkey/sign-in/verify", &response)?, 200, "verify")?;
        count("passkey sign-in: verify", &verified, (4, 2));
        let (judged, begun) = begin(&mut one, &verified.text("handoff"))?;
        let both = Answer {
            reads: judged.reads + begun.reads,
            writes: judged.writes + begun.writes,
            ..Answer::default()
        };
        count("assess + session", &both, (6, 3));
        let checked = wanted(session.get("/session")?, 200, "session check")?;
        count("session check", &checked, (2, 0));
    }
    Ok(counted)
}

type Flow = fn(usize, Duration) -> io::Result<Measured>;

const FLOWS: [(&str, Flow); 6] = [
    ("a page (sign-in, no store)", |count, lasts| {
        let system = System::start(Options::house());
        let hands = (0..count).map(|_| client(&system)).collect::<io::Result<Vec<_>>>()?;
        load::run(hands, lasts, |client| Ok(timed(|| wanted(client.get("/sign-in")?, 200, "page"))?.1))
    }),
    ("session check", |count, lasts| {
        let system = System::start(Options::house());
        let hands =
            (0..count).map(|number| Ok(settled(&system, number)?.0)).collect::<io::Result<Vec<_>>>()?;
        load::run(hands, lasts, |client| Ok(timed(|| wanted(client.get("/session")?, 200, "session"))?.1))
    }),
    ("passkey sign-in: options", |count, lasts| {
        let system = System::start(Options::house());
        let hands = (0..count).map(|_| client(&system)).collect::<io::Result<Vec<_>>>()?;
        load::run(hands, lasts, |client| {
            Ok(timed(|| wanted(client.post("/passkey/sign-in/options", &json!({}))?, 200, "options"))?.1)
        })
    }),
    ("passkey sign-in: verify", |count, lasts| {
        let system = System::start(Options::house());
        let hands = (0..count).map(|number| settled(&system, number)).collect::<io::Result<Vec<_>>>()?;
        load::run(hands, lasts, |(client, passkey)| {
            let asked = wanted(client.post("/passkey/sign-in/options", &json!({}))?, 200, "options")?.json();
            let response = passkey.sign_in(&asked).unwrap_or_default();
            Ok(timed(|| wanted(client.post("/passkey/sign-in/verify", &response)?, 200, "verify"))?.1)
        })
    }),
    ("a whole passkey sign-in (options, verify, assess, session)", |count, lasts| {
        let system = System::start(Options::house());
        let hands = (0..count).map(|number| settled(&system, number)).collect::<io::Result<Vec<_>>>()?;
        load::run(hands, lasts, |(client, passkey)| {
            let whole = timed(|| {
                let asked =
                    wanted(client.post("/passkey/sign-in/options", &json!({}))?, 200, "options")?.json();
                let response = passkey.sign_in(&asked).unwrap_or_default();
                let verified = wanted(client.post("/passkey/sign-in/verify", &response)?, 200, "verify")?;
                begin(client, &verified.text("handoff"))
            })?;
            Ok(whole.1)
        })
    }),
    ("magic link: redeem", |count, lasts| {
        // A network may ask for sixty mails in ten minutes, so every request comes from another one.
        let system = System::start(Options::house().variable("trusted_proxy_header", "x-bench-network"));
        let hands =
            (0..count).map(|number| Ok((client(&system)?, number, 0_u64))).collect::<io::Result<Vec<_>>>()?;
        load::run(hands, lasts, |(client, number, round)| {
            *round += 1;
            client.network = Some(format!("10.{number}.{}.{}", (*round / 250) % 250, *round % 250));
            let email = format!("p{number}x{round}@bench.example");
            let token = {
                wanted(client.post("/magic-link", &json!({ "email": email }))?, 202, "magic link")?;
                token(client, &email)?
            };
            Ok(timed(|| {
                wanted(client.post("/magic-link/confirm", &json!({ "token": token }))?, 200, "confirm")
            })?
            .1)
        })
    }),
];

type Starts = ((Duration, Duration), (Duration, Duration));

fn starts() -> io::Result<Starts> {
    let compiled = root().join("target/compiled");
    let aside = root().join("target/compiled-aside");
    drop(std::fs::remove_dir_all(&aside));
    let moved = std::fs::rename(&compiled, &aside).is_ok();
    let (system, without) = timed(|| Ok(System::start(Options::house())))?;
    drop(system);
    if moved {
        drop(std::fs::remove_dir_all(&aside));
    }
    let (system, with) = timed(|| Ok(System::start(Options::house())))?;
    let mut one = client(&system)?;
    // Another component is warm already, so that the connection and the host are.
    wanted(one.get("/sign-in")?, 200, "page")?;
    let (_, first) = timed(|| one.get("/session"))?;
    let (_, later) = timed(|| one.get("/session"))?;
    Ok(((without, with), (first, later)))
}

fn sizes() -> io::Result<Vec<(String, u64)>> {
    let mut sizes = Vec::new();
    for entry in std::fs::read_dir(root().join("target/wasm/wasm32-wasip2/release"))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().replace('_', "-");
        let shipped = root().join("components").join(&name).is_dir();
        if shipped && path.extension().is_some_and(|ending| ending == "wasm") {
            sizes.push((name, path.metadata()?.len() / 1024));
        }
    }
    sizes.sort();
    Ok(sizes)
}
