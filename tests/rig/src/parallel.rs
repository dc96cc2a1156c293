//! Many at once.

use std::{
    sync::Barrier,
    time::{Duration, Instant},
};

/// Runs `each` so often at the same moment; the answers in the order of their numbers.
pub fn parallel<T: Send>(count: usize, each: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        let (barrier, each) = (&barrier, &each);
        let threads: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn(move || {
                    barrier.wait();
                    each(number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("one of many at once failed")).collect()
    })
}

/// Asks again and again until the answer is yes; false after `patience`.
pub fn wait_until(patience: Duration, mut yes: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < patience {
        if yes() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    yes()
}
