//! A program beside the test, with what it says.

use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use crate::parallel::wait_until;

/// A program that ends with the test.
#[derive(Debug)]
pub(crate) struct Process {
    child: Mutex<Child>,
    said: Said,
}

type Said = Arc<Mutex<Vec<String>>>;

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self, String> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{:?} does not start: {error}", command.get_program()))?;
        let said = Said::default();
        listen(child.stdout.take(), &said);
        listen(child.stderr.take(), &said);
        Ok(Self { child: Mutex::new(child), said })
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().map(|said| said.clone()).unwrap_or_default()
    }

    /// Waits for a line that begins so.
    pub(crate) fn wait_for(&self, starts: &[&str], patience: Duration) -> Result<(), String> {
        let mut ended = false;
        let heard = wait_until(patience, || {
            // First whether it ended: what it said before is then all there.
            ended = self.is_over();
            ended || self.said().iter().any(|line| starts.iter().any(|start| line.starts_with(start)))
        });
        if heard && !ended {
            Ok(())
        } else {
            Err(format!("it is not ready; it said:\n{}", self.said().join("\n")))
        }
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().expect("nobody panics while it holds the process")
    }

    pub(crate) fn is_over(&self) -> bool {
        !matches!(self.child().try_wait(), Ok(None))
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&self) {
        let mut child = self.child();
        // It may be over already.
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Asks it to end, then ends it.
    pub(crate) fn stop(&self) {
        let asked = Command::new("kill").arg(self.child().id().to_string()).status();
        if asked.is_ok() {
            wait_until(Duration::from_secs(5), || self.is_over());
        }
        self.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn listen(from: Option<impl Read + Send + 'static>, said: &Said) {
    let Some(from) = from else { return };
    let said = said.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Ok(mut said) = said.lock() {
                said.push(line);
            }
        }
    });
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("the port's number").port()
}
