//! `cargo xtask up`: build, serve, fill with the demo, say where it is, stop when asked.

mod options;
mod running;
mod runtime;
mod seed;
mod state;
mod variables;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::json;

use crate::args::Args;
use crate::http::System;
use crate::manifest::Manifest;
use crate::say::{Because as _, Result, progress, refuse, result};
use crate::tree::Tree;
use crate::{host, wasm};

use options::{Options, Runtime};
use running::{Came, Running, Stop};
use state::State;
use variables::Variables;

/// How often the janitor is called, as the deployment's scheduler would.
const JANITOR: Duration = Duration::from_secs(60);

/// Everything that can be refused is refused before anything is built.
pub(crate) fn up(tree: &Tree, args: Args) -> Result<()> {
    let options = Options::from_args(args)?;
    let manifest = Manifest::read(tree)?;
    let claim = claim(options.listen)?;
    let listen = claim.local_addr().because(|| "cannot tell the port".to_owned())?;
    let environment = |name: &str| std::env::var(name).ok();
    let mut variables = Variables::settle(&manifest, &options.set, environment, listen.port())?;
    let spin = if options.runtime == Runtime::Spin { Some(runtime::spin(tree)?) } else { None };
    let folder = options.state.clone().unwrap_or_else(|| tree.path(".latchkey"));
    let state = State::open(&folder, options.fresh)?;
    variables.add(state.secrets(&variables.to_make)?);

    wasm::build(tree, &wasm::Wanted::default())?;
    let program = spin.map_or_else(|| host::build(tree), Ok)?;

    let stop = Stop::listen()?;
    drop(claim);
    let command = runtime::command(tree, &program, &options, listen, &state, &variables)?;
    let mut running = Running::start(command, stop)?;
    let system = System::at(reachable(listen));
    let ready = |running: &Running| match options.runtime {
        Runtime::Embedded => running.said_ready(),
        Runtime::Spin => system.get("/.well-known/spin/health", "").is_ok_and(|answer| answer.status == 200),
    };
    if running.until(ready)? == Came::Stopped {
        return Ok(());
    }
    if options.seed {
        seed::demo(&system, variables.get("bootstrap_token").unwrap_or_default())?;
    }
    tell(&options, &variables, &folder);
    tick_janitor(system, variables.get("janitor_token"));
    result(format_args!("ready http://localhost:{}", listen.port()));
    running.until_stopped()
}

/// Holds the port while we build, so that two that want the same learn it at once.
fn claim(listen: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(listen) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => refuse(format!(
            "port {} is in use; choose another, such as --listen {}:{}, or 0 for any free one",
            listen.port(),
            listen.ip(),
            listen.port().checked_add(1).unwrap_or(3000)
        )),
        Err(error) => refuse(format!("cannot listen on {listen}: {error}; choose another with --listen")),
    }
}

/// "Every address" is none that one can call.
fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port())
    } else {
        listen
    }
}

fn tell(options: &Options, variables: &Variables, folder: &std::path::Path) {
    let url = variables.get("public_url").unwrap_or_default().trim_end_matches('/');
    progress(format_args!("state      {}", folder.display()));
    if variables.to_make.iter().any(|name| name == "bootstrap_token")
        && let Some(token) = variables.get("bootstrap_token")
    {
        progress(format_args!("bootstrap token (administration): {token}"));
    }
    progress(format_args!("sign in    {url}/sign-in"));
    progress(format_args!("account    {url}/account"));
    if variables.get("mailer") == Some("dev-mailbox") {
        progress(format_args!("mailbox    {url}/dev/mailbox"));
    }
    if options.seed {
        for tenant in seed::DEMO {
            let people: Vec<_> = tenant.people.iter().map(|&(email, _)| email).collect();
            progress(format_args!(
                "try        {url}/sign-in?tenant={} as {}",
                tenant.slug,
                people.join(" or ")
            ));
        }
    }
}

/// Calls the janitor now and then; the thread ends with the process.
fn tick_janitor(system: System, token: Option<&str>) {
    let Some(token) = token.filter(|token| !token.is_empty()).map(str::to_owned) else { return };
    std::thread::spawn(move || {
        let mut complained = false;
        loop {
            std::thread::sleep(JANITOR);
            let answer = system.post("/janitor", &token, &json!({}));
            let trouble = match answer {
                Ok(answer) if (200..300).contains(&answer.status) => None,
                Ok(answer) => Some(format!("answered {}", answer.status)),
                Err(refusal) => Some(refusal.to_string()),
            };
            match trouble {
                Some(trouble) if !complained => {
                    progress(format_args!("the janitor: {trouble}"));
                    complained = true;
                }
                Some(_) => {}
                None => complained = false,
            }
        }
    });
}
