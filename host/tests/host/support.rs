//! A host with the guest of `tests/host-guest`, started for one test, and an HTTP client of a few lines.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use tempfile::TempDir;

/// `LATCHKEY_TEST_WASM`, or where `cargo xtask build -p host-guest` puts it. `None`, and a line that says so, where there is none.
pub fn guest() -> Option<PathBuf> {
    let built =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasm/wasm32-wasip2/release/host_guest.wasm");
    let file = std::env::var_os("LATCHKEY_TEST_WASM").map_or(built, PathBuf::from);
    if file.is_file() {
        return Some(file.canonicalize().unwrap());
    }
    eprintln!("SKIPPED: there is no guest to serve; build it with `cargo xtask build -p host-guest`");
    None
}

/// Ends the test early where there is no guest.
#[macro_export]
macro_rules! guest {
    () => {
        match $crate::support::guest() {
            Some(guest) => guest,
            None => return,
        }
    };
}

pub struct Host {
    child: Child,
    folder: TempDir,
    address: SocketAddr,
    log: Arc<Mutex<String>>,
}

/// The manifest of most tests.
pub const MANIFEST: &str = r#"
spin_manifest_version = 2
[application]
name = "deeds"
version = "1.2.3"
[variables]
greeting = { default = "hello" }
secret = { default = "not for everyone", secret = true }
far = { default = "http://127.0.0.1:9" }
[[trigger.http]]
route = "/..."
component = "web"
[[trigger.http]]
route = "/t/:tenant/..."
component = "web"
[[trigger.http]]
route = "/other/..."
component = "other"
[[trigger.http]]
route = { private = true }
component = "hidden"
[[trigger.http]]
route = "/robots.txt"
static_response = { status_code = 203, body = "User-agent: *", headers = { content-type = "text/plain" } }
[component.web]
source = "GUEST"
key_value_stores = ["default", "elsewhere"]
allowed_outbound_hosts = ["http://hidden.spin.internal", "http://self", "{{ far }}"]
files = ["notes/**/*", { source = "logo.txt", destination = "/art/logo.txt" }]
[component.web.variables]
words = "{{ greeting }}, world"
[component.web.environment]
MODE = "strict"
[component.other]
source = "GUEST"
[component.hidden]
source = "GUEST"
"#;

impl Host {
    pub fn start(guest: &Path, arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), guest, arguments, &[])
    }

    /// In a folder where a host may have been before, with these environment variables.
    pub fn start_in(folder: TempDir, guest: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        fs::create_dir_all(folder.path().join("notes/deep")).unwrap();
        fs::write(folder.path().join("notes/deep/a.txt"), "a note").unwrap();
        fs::write(folder.path().join("logo.txt"), "a logo").unwrap();
        fs::write(folder.path().join("spin.toml"), MANIFEST.replace("GUEST", &guest.display().to_string()))
            .unwrap();
        let mut child = command(folder.path(), arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let errors = BufReader::new(child.stderr.take().unwrap());
        let said = log.clone();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                said.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("ready http://") else {
            std::thread::sleep(Duration::from_millis(50));
            panic!("not ready: {line:?} {}", log.lock().unwrap())
        };
        Self { child, folder, address: address.parse().unwrap(), log }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address))
    }

    /// Sends these very bytes.
    pub fn send(&self, request: &str) -> Answer {
        self.try_send(request).unwrap()
    }

    pub fn try_send(&self, request: &str) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.write_all(request.as_bytes())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Answer::parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| std::io::Error::other("no answer"))
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it says this on stderr.
    pub fn says(&self, part: &str) {
        for _ in 0..100 {
            if self.log.lock().unwrap().contains(part) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("`{part}` is not in\n{}", self.log.lock().unwrap());
    }

    pub fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end and gives back its folder.
    pub fn ended(mut self) -> (ExitStatus, TempDir) {
        let status = self.child.wait().unwrap();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        (status, folder)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The host, not yet started. One cache for all tests, so that the guest is compiled once.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey-host"));
    command.arg("--manifest").arg(folder.join("spin.toml")).arg("--state").arg(folder.join("state"));
    command.arg("--cache").arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    command.args(["--listen", "127.0.0.1:0"]).args(arguments).env_remove("SPIN_VARIABLE_GREETING");
    command
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let head = head.to_ascii_lowercase();
        let body =
            if head.contains("transfer-encoding: chunked") { unchunked(body)? } else { body.to_owned() };
        Some(Self { status, head, body })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

fn unchunked(mut body: &str) -> Option<String> {
    let mut whole = String::new();
    loop {
        let (size, rest) = body.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.push_str(rest.get(..size)?);
        body = rest.get(size + 2..)?;
    }
}
