//! The application as it stands ready: a pool of instances per component, and the routes that lead to them.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::{Context as _, Result};
use bindings::{
    ctx::Guest,
    handler::{Handler, Reuse},
    kv::StoreManager,
    linker::linker,
};
use tempfile::TempDir;
use wasmtime::{Engine, component::Component as Compiled};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::{
    cli::Serve,
    clock::Clock,
    files,
    manifest::{Component, Manifest, Target},
    outbound::{Connector, Neighbours, Network},
    routes::Routes,
};

/// What answers requests.
pub struct App {
    pub name: String,
    pub version: Option<String>,
    pub limits: Limits,
    pub routes: Routes<Target>,
    pub handlers: HashMap<String, Handler>,
    listens_on: SocketAddr,
}

/// The guests' files; they go when this is dropped.
pub struct Files(#[expect(dead_code, reason = "held, not read")] Vec<TempDir>);

/// What a request may cost, and whether its cost is told.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub body: u64,
    pub kv_counters: bool,
}

/// What the components have in common.
pub struct Common {
    pub engine: Engine,
    pub stores: Arc<dyn StoreManager>,
    pub connector: Connector,
    pub clock: Clock,
    pub listens_on: SocketAddr,
}

impl App {
    /// `compiled` has a component for each of the manifest's.
    pub fn new(
        manifest: Manifest,
        compiled: HashMap<String, Compiled>,
        common: &Common,
        serve: &Serve,
    ) -> Result<(Arc<Self>, Files)> {
        let neighbours = Neighbours::new(OnceLock::new());
        let linker = linker(&common.engine).map_err(anyhow::Error::from)?;
        let reuse = Reuse {
            requests: serve.reuse,
            concurrent: serve.concurrent,
            idle: Duration::from_millis(serve.idle_ms),
            timeout: serve.timeout,
        };
        let mut handlers = HashMap::new();
        let mut snapshots = Vec::new();
        for (id, component) in manifest.components {
            let of = || format!("component `{id}`");
            let compiled = compiled.get(&id).with_context(of)?;
            let snapshot = files::snapshot(&component, &manifest.folder, &serve.state).with_context(of)?;
            let guest =
                guest(&id, component, snapshot.as_ref(), common, neighbours.clone(), serve.max_memory);
            let handler = Handler::new(&common.engine, &linker, compiled, Arc::new(guest), reuse);
            let handler = handler.map_err(anyhow::Error::from).with_context(|| {
                format!("component `{id}` does not fit this host (it must export wasi:http/handler@0.3.0)")
            })?;
            handlers.insert(id, handler);
            snapshots.extend(snapshot);
        }
        let public = manifest
            .triggers
            .into_iter()
            .filter_map(|trigger| trigger.route.map(|route| (route, trigger.target)));
        let app = Arc::new(Self {
            name: manifest.name,
            version: manifest.version,
            limits: Limits { body: serve.max_body, kv_counters: serve.kv_counters },
            routes: Routes::build(public)?,
            handlers,
            listens_on: common.listens_on,
        });
        // Set once, here.
        let _ = neighbours.set(Arc::downgrade(&app));
        Ok((app, Files(snapshots)))
    }

    pub fn listens_on(&self) -> SocketAddr {
        self.listens_on
    }
}

fn guest(
    id: &str,
    component: Component,
    files: Option<&TempDir>,
    common: &Common,
    neighbours: Neighbours,
    max_memory: usize,
) -> Guest {
    let id: Arc<str> = id.into();
    let outbound = Network {
        id: id.clone(),
        hosts: component.outbound,
        neighbours,
        connector: common.connector.clone(),
    };
    let environment: Vec<_> = component.environment.into_iter().collect();
    let root = files.map(|files| files.path().to_owned());
    let clock = common.clock.clone();
    Guest {
        id,
        // What a guest prints goes to stderr: stdout is for what this host has to say to its caller.
        wasi: Box::new(move || {
            let mut wasi = WasiCtxBuilder::new();
            wasi.stdout(std::io::stderr())
                .stderr(std::io::stderr())
                .envs(&environment)
                .wall_clock(clock.clone());
            if let Some(root) = &root {
                wasi.preopened_dir(root, "/", FsPerms::ReadOnly)?;
            }
            Ok(wasi.build())
        }),
        stores: common.stores.clone(),
        granted_stores: component.stores,
        variables: component.variables,
        outbound: Arc::new(outbound),
        max_memory,
    }
}
