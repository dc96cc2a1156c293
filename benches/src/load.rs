//! Closed-loop load: so many connections, each sends its next request when the last one was answered.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// What came of it.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p95: Duration,
    pub(crate) p99: Duration,
}

/// Runs `work` on each of `hands` for a while after a short warm-up. `work` returns how long the measured part took, so that what only prepares it does
/// not count; then throughput is what the measured part alone would give on that many connections.
pub(crate) fn run<H: Send>(
    mut hands: Vec<H>,
    lasts: Duration,
    work: impl Fn(&mut H) -> io::Result<Duration> + Sync,
) -> io::Result<Measured> {
    let warm = AtomicBool::new(false);
    let over = AtomicBool::new(false);
    let count = u32::try_from(hands.len()).unwrap_or(1);
    let mut all: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> = hands
            .iter_mut()
            .map(|hand| {
                scope.spawn(|| -> io::Result<Vec<Duration>> {
                    let mut took = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        let one = work(hand)?;
                        if warm.load(Ordering::Relaxed) {
                            took.push(one);
                        }
                    }
                    Ok(took)
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(500));
        warm.store(true, Ordering::Relaxed);
        thread::sleep(lasts);
        over.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| io::Error::other("a connection panicked"))??);
        }
        Ok::<_, io::Error>(all)
    })?;
    all.sort();
    let at = |share: usize| all.get(all.len().saturating_sub(1) * share / 100).copied().unwrap_or_default();
    let total: Duration = all.iter().sum();
    let mean = total.as_secs_f64() / f64::from(u32::try_from(all.len().max(1)).unwrap_or(u32::MAX));
    let per_second = if mean > 0.0 { f64::from(count) / mean } else { 0.0 };
    Ok(Measured { per_second, p50: at(50), p95: at(95), p99: at(99) })
}

/// How long something takes.
#[allow(clippy::disallowed_methods, reason = "measuring time is what this crate is for")]
pub(crate) fn timed<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<(T, Duration)> {
    let began = Instant::now();
    let done = work()?;
    Ok((done, began.elapsed()))
}
