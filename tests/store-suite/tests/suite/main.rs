//! Every store is held to the contract of `ports`, through a real component, with instances reused and not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "all of it is a test, its helpers too"
)]

mod cases;
mod crashes;
mod entry;
mod outbound;
mod shop;

use cases::CASES;
use rig::{Options, Redis, Store, System, skipped};
use shop::Shop;

/// With which requests share instances: as Spin does by default, and none.
const REUSED: (u32, u32) = (128, 16);
const FRESH: (u32, u32) = (1, 1);

/// All combinations that run, each as a test of its own.
macro_rules! stores {
    ($($name:ident: $store:ident $reuse:ident,)*) => {
        $(#[test]
        fn $name() {
            on(stringify!($name), stringify!($store), $reuse);
        })*

        const RUN: &[(&str, (u32, u32))] = &[$((stringify!($store), $reuse)),*];
    };
}

stores! {
    memory_reused: Memory REUSED,
    memory_fresh: Memory FRESH,
    sqlite_reused: Sqlite REUSED,
    sqlite_fresh: Sqlite FRESH,
    redis_reused: Redis REUSED,
    redis_fresh: Redis FRESH,
    hostile_reused: Hostile REUSED,
    hostile_fresh: Hostile FRESH,
    own_redis_reused: OwnRedis REUSED,
    own_redis_fresh: OwnRedis FRESH,
}

/// One place that says what ran: a store that is left out of the list above is noticed here.
#[test]
fn every_store_runs_reused_and_fresh() {
    for store in ["Memory", "Sqlite", "Redis", "Hostile", "OwnRedis"] {
        for reuse in [REUSED, FRESH] {
            assert!(RUN.contains(&(store, reuse)), "{store} {reuse:?} is not in the list");
        }
    }
    eprintln!("{} cases each on {} combinations of store and reuse", CASES.len(), RUN.len());
}

/// Serves the suite on a store; what else has to live with it; `None`, loudly, where that store cannot be had.
fn serve(name: &str, store: &str, reuse: (u32, u32)) -> Option<(System, Option<Redis>)> {
    let options = Options::of("tests/store-suite/spin.toml").reuse(reuse.0, reuse.1);
    let (options, redis) = match store {
        "Memory" => (options.store(Store::Memory), None),
        "Sqlite" => (options.store(Store::Sqlite), None),
        "Hostile" => (options.store(Store::Hostile), None),
        "Redis" => {
            let redis = Redis::start()?;
            (options.store(Store::Redis(redis.address())), Some(redis))
        }
        // The store of a host without atomics is never asked, so it is the worst there is.
        "OwnRedis" => {
            let redis = Redis::start()?;
            let options = options
                .store(Store::Hostile)
                .variable("one_time_redis", &redis.address())
                .instead("store_suite.wasm", "store_suite.one-time-redis.wasm");
            (options, Some(redis))
        }
        other => panic!("there is no store {other}"),
    };
    if let Some(why) = options.impossible() {
        skipped(name, why);
        return None;
    }
    Some((System::start(options), redis))
}

fn on(name: &str, store: &'static str, reuse: (u32, u32)) {
    let Some((system, redis)) = serve(name, store, reuse) else { return };
    let mut shop = Shop { system, redis, store };
    let mut failed = Vec::new();
    for (case, run) in CASES {
        let start = std::time::Instant::now();
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&mut shop)));
        eprintln!("{name}: {case}: {} ms", start.elapsed().as_millis());
        if ran.is_err() {
            failed.push(*case);
        }
    }
    if !failed.is_empty() {
        let log = shop.system.log();
        let last = log.iter().rev().take(10).rev().cloned().collect::<Vec<_>>().join("\n");
        panic!("{name}: failed: {failed:?}; the host's last words:\n{last}");
    }
}
