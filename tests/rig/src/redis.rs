//! Debian's Redis, for as long as a test needs it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use crate::{
    Folder,
    parallel::wait_until,
    process::{Process, free_port},
    skipped,
};

/// A Redis of our own, which keeps nothing.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    _process: Process,
    _folder: Folder,
}

impl Redis {
    /// Starts one; `None`, loudly, where there is no `redis-server`.
    pub fn start() -> Option<Self> {
        for _ in 0..5 {
            let (port, folder) = (free_port(), Folder::new());
            let mut command = Command::new("redis-server");
            command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
            command.arg(port.to_string()).arg("--dir").arg(folder.path());
            match Process::start(&mut command) {
                Ok(process) => {
                    let redis = Self { port, _process: process, _folder: folder };
                    if wait_until(Duration::from_secs(10), || redis.ask("PING").as_deref() == Some("+PONG")) {
                        return Some(redis);
                    }
                }
                Err(why) => {
                    skipped("Redis", &why);
                    return None;
                }
            }
        }
        panic!("no redis-server came up on any of five ports");
    }

    /// Its address as hosts take it.
    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// How many keys it holds.
    pub fn keys(&self) -> u64 {
        let answer = self.ask("DBSIZE").expect("redis answers");
        answer.trim_start_matches(':').parse().expect("a number")
    }

    /// Forgets everything.
    pub fn clear(&self) {
        assert_eq!(self.ask("FLUSHALL").as_deref(), Some("+OK"));
    }

    fn ask(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    }
}
