//! The runtime while it runs: ready, ended, or told to end.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::say::{Because as _, Result, progress, refuse};
use crate::wait::{Ended, Watch, within};

/// How long a runtime may take to answer: on a slow machine it compiles every component first.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long it may take to finish the requests it is at.
const FAREWELL: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(50);

/// Ctrl-C, or a polite request to end.
#[derive(Debug, Clone)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// From now on signals are noted, and end nothing by themselves.
    pub(crate) fn listen() -> Result<Self> {
        let stop = Self(Arc::new(AtomicBool::new(false)));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stop.0))
                .because(|| "cannot listen for signals".to_owned())?;
        }
        Ok(stop)
    }

    fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What became of waiting.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Ready,
    Stopped,
}

/// A started runtime; dropped, it is stopped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stop: Stop,
    said_ready: Arc<AtomicBool>,
}

impl Running {
    /// Starts it. What it prints goes to stderr: our stdout is for the ready line.
    pub(crate) fn start(mut command: Command, stop: Stop) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child =
            command.spawn().because(|| format!("cannot start `{}`", command.get_program().display()))?;
        let said_ready = Arc::new(AtomicBool::new(false));
        if let Some(out) = child.stdout.take() {
            let said_ready = Arc::clone(&said_ready);
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(std::result::Result::ok) {
                    if line.starts_with("ready ") {
                        said_ready.store(true, Ordering::Relaxed);
                    } else {
                        progress(line);
                    }
                }
            });
        }
        Ok(Self { child, stop, said_ready })
    }

    pub(crate) fn said_ready(&self) -> bool {
        self.said_ready.load(Ordering::Relaxed)
    }

    /// Waits until it is ready by the caller's own test.
    pub(crate) fn until(&mut self, ready: impl Fn(&Self) -> bool) -> Result<Came> {
        let watch = Watch::start();
        while !ready(self) {
            if self.stop.asked() {
                return Ok(Came::Stopped);
            }
            if let Some(status) = self.ended()? {
                return refuse(format!("the host ended before it answered ({status}); it says why above"));
            }
            if watch.elapsed() > PATIENCE {
                return refuse(format!("the host did not answer within {} s", PATIENCE.as_secs()));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(Came::Ready)
    }

    /// Waits until we are asked to stop. That it ends by itself is an error.
    pub(crate) fn until_stopped(mut self) -> Result<()> {
        while !self.stop.asked() {
            if let Some(status) = self.ended()? {
                return refuse(format!("the host ended by itself ({status})"));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().because(|| "cannot watch the host".to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.ended(), Ok(None)) {
            return;
        }
        // That it is gone already is just as well.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        if let Ok(Ended::Late) = within(FAREWELL, &mut self.child) {
            progress("the host did not stop when asked, and was killed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Running::start(command, Stop(Arc::new(AtomicBool::new(false)))).unwrap()
    }

    #[test]
    fn a_host_that_ends_early_is_refused() {
        let told = shell("exit 3").until(Running::said_ready).unwrap_err().0;
        assert!(told.contains("before it answered") && told.contains('3'), "{told}");
    }

    #[test]
    fn a_host_that_ends_later_is_an_error() {
        let mut host = shell("echo ready http://localhost:1; sleep 0.2; exit 4");
        assert_eq!(host.until(Running::said_ready), Ok(Came::Ready));
        assert!(host.until_stopped().unwrap_err().0.contains("by itself"));
    }

    #[test]
    fn asked_to_stop_it_stops_the_host() {
        let mut host = shell("echo ready; echo ready http://localhost:1; exec sleep 60");
        assert_eq!(host.until(Running::said_ready), Ok(Came::Ready));
        let pid = Pid::from_child(&host.child);
        host.stop.0.store(true, Ordering::Relaxed);
        assert_eq!(host.until_stopped(), Ok(()));
        assert!(rustix::process::test_kill_process(pid).is_err());
    }
}
