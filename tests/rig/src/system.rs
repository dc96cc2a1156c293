//! A served application.

use std::{path::Path, time::Duration};

use crate::{
    Client, Options,
    options::State,
    parallel::wait_until,
    process::{Process, free_port},
};

/// A served application; it ends with the test.
#[derive(Debug)]
pub struct System {
    options: Options,
    state: State,
    port: u16,
    process: Process,
    ahead: u64,
}

impl System {
    /// Serves, and waits until it does.
    pub fn start(options: Options) -> Self {
        let state = State::default();
        let (port, process) = serve(&options, &state, None);
        Self { options, state, port, process, ahead: 0 }
    }

    /// A browser that has not been here.
    pub fn client(&self) -> Client {
        Client::new(self.port)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Where its store and its files are.
    pub fn state(&self) -> &Path {
        self.state.folder().path()
    }

    /// How many bytes the state folder holds.
    pub fn size(&self) -> u64 {
        self.state.folder().size()
    }

    /// What the host and its components have logged.
    pub fn log(&self) -> Vec<String> {
        self.process.said()
    }

    /// Lets so many seconds pass for the components.
    pub fn advance(&mut self, seconds: u64) {
        self.ahead += seconds;
        std::fs::write(self.state.clock(), self.ahead.to_string()).expect("the clock's file");
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Ends it in peace.
    pub fn stop(&self) {
        self.process.stop();
    }

    /// Whether it died by itself within ten seconds.
    pub fn died(&self) -> bool {
        wait_until(Duration::from_secs(10), || self.process.is_over())
    }

    /// Serves again, on the same state and if possible the same port; with other options, if `change` makes some.
    pub fn restart(&mut self, change: impl FnOnce(Options) -> Options) {
        self.process.kill();
        self.options = change(self.options.clone());
        let (port, process) = serve(&self.options, &self.state, Some(self.port));
        self.port = port;
        self.process = process;
    }

    /// Serves again without dying.
    pub fn revive(&mut self) {
        self.restart(|mut options| {
            options.die_after_writes = None;
            options
        });
    }
}

fn serve(options: &Options, state: &State, again: Option<u16>) -> (u16, Process) {
    if let Some(why) = options.impossible() {
        panic!("{why}: ask Options::impossible first");
    }
    let mut said = String::new();
    for attempt in 0..5 {
        let port = again.filter(|_| attempt == 0).unwrap_or_else(free_port);
        let mut command = options.command(port, state.folder().path(), &state.clock());
        let process = Process::start(&mut command).unwrap_or_else(|why| panic!("{why}"));
        match process.wait_for(&["ready ", "Serving "], PATIENCE) {
            Ok(()) => return (port, process),
            // Somebody may have taken the port in between.
            Err(why) => said = why,
        }
    }
    panic!("the host does not come up: {said}");
}

/// A first start compiles every component.
const PATIENCE: Duration = Duration::from_secs(120);
