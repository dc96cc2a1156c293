//! The guests' wall clock: the system's, and as many seconds ahead as a file says, so that tests can let time pass.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use wasmtime_wasi::clocks::HostWallClock;

/// Cheap to clone; every instance of every guest has one.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<Offset>>);

#[derive(Debug)]
struct Offset {
    file: PathBuf,
    /// Seconds, as last read: what counts while the file is being rewritten.
    last: AtomicI64,
    complained: AtomicBool,
}

impl Clock {
    pub fn new(offset_file: Option<&Path>) -> Self {
        let offset = |file: &Path| Offset {
            file: file.to_owned(),
            last: AtomicI64::new(0),
            complained: AtomicBool::new(false),
        };
        Self(offset_file.map(|file| Arc::new(offset(file))))
    }

    /// Time since 1970.
    fn time(&self) -> Duration {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let Some(offset) = &self.0 else { return system };
        let seconds = offset.read();
        let by = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { system.saturating_sub(by) } else { system.saturating_add(by) }
    }
}

impl Offset {
    /// Read anew each time: a few microseconds, and a test's change counts at once.
    fn read(&self) -> i64 {
        let read = match std::fs::read_to_string(&self.file) {
            // A writer that truncates first leaves a moment in which nothing is there.
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => match text.trim().parse() {
                Ok(seconds) => Some(seconds),
                Err(_) => {
                    self.complain("does not hold a whole number of seconds");
                    None
                }
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(0),
            Err(error) => {
                self.complain(&error.to_string());
                None
            }
        };
        if let Some(seconds) = read {
            self.last.store(seconds, Ordering::Relaxed);
        }
        self.last.load(Ordering::Relaxed)
    }

    fn complain(&self, why: &str) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            eprintln!("the clock offset file `{}`: {why}", self.file.display());
        }
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.time()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ahead(clock: &Clock) -> i64 {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        (clock.now().as_secs_f64() - system.as_secs_f64()).round() as i64
    }

    #[test]
    fn without_a_file_it_is_the_systems() {
        assert_eq!(ahead(&Clock::new(None)), 0);
    }

    #[test]
    fn time_passes_as_the_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("offset");
        let clock = Clock::new(Some(&file));
        assert_eq!(ahead(&clock), 0);
        for seconds in [3600, 90_000, -60] {
            std::fs::write(&file, format!("{seconds}\n")).unwrap();
            assert_eq!(ahead(&clock), seconds);
        }
        std::fs::write(&file, "").unwrap();
        assert_eq!(ahead(&clock), -60, "a file being rewritten changes nothing");
        std::fs::write(&file, "tomorrow").unwrap();
        assert_eq!(ahead(&clock), -60);
    }
}
