//! From the command line to the last request.

use std::{
    collections::HashMap,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow};
use wasmtime::{Engine, component::Component};

use crate::{
    app::{App, Common},
    cli::{Ask, Cli, Serve},
    clock::Clock,
    engine::{self, Cache},
    manifest::Manifest,
    outbound::Connector,
    server::{self, Stop},
    stores::{self, Counted, Labels},
};

/// Does what it is told; an error is a sentence for whoever told it.
pub fn run(cli: Cli) -> Result<()> {
    match cli.ask {
        Some(Ask::Imports { file }) => {
            let mut out = std::io::stdout().lock();
            engine::imports(&file)?.iter().try_for_each(|name| writeln!(out, "{name}"))?;
            Ok(())
        }
        Some(Ask::Compile { files, cache }) => {
            let named = |file: PathBuf| {
                let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                (name, file)
            };
            compile(&engine::engine()?, &cache, files.into_iter().map(named).collect()).map(drop)
        }
        None => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            let runtime = runtime.context("this machine gives no threads")?;
            let served = runtime.block_on(serve(cli.serve));
            // A guest that will not end, or a listing that nobody takes, must not keep us: they end with the process.
            std::mem::forget(runtime);
            served
        }
    }
}

/// What can be refused is refused before anything is compiled.
async fn serve(serve: Serve) -> Result<()> {
    let mut stop = Stop::listen()?;
    // For a Redis behind TLS; it fails only where somebody was first, with the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let manifest = Manifest::read(&serve.manifest, |name| std::env::var(name).ok())?;
    make_state(&serve.state)?;
    let mut store = stores::open(&serve.store, &serve.state).await?;
    if let Some(writes) = serve.die_after_writes {
        store = Arc::new(Counted::new(store, writes, stores::die));
    }
    let listener = server::bind(&serve.listen).await?;
    let common = Common {
        engine: engine::engine()?,
        stores: Arc::new(Labels(store)),
        connector: Connector::new()?,
        clock: Clock::new(serve.clock_offset_file.as_deref()),
        listens_on: listener.local_addr()?,
    };
    let engine = common.engine.clone();
    let cache = cache_folder(&serve, &manifest);
    let wasm =
        manifest.components.iter().map(|(id, component)| (id.clone(), component.wasm.clone())).collect();
    let compiled = tokio::select! {
        compiled = tokio::task::spawn_blocking(move || compile(&engine, &cache, wasm)) => compiled??,
        () = stop.asked() => return Ok(()),
    };
    let address = common.listens_on;
    let (app, files) = App::new(manifest, compiled, &common, &serve)?;
    println!("ready http://{address}");
    std::io::stdout().flush()?;
    server::serve(app, listener, stop.asked()).await;
    drop(files);
    Ok(())
}

fn make_state(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| {
        format!("the state folder `{}` cannot be made; choose another with --state", folder.display())
    })
}

/// Beside what was built, so that hosts with different states share it and `cargo clean` removes it.
fn cache_folder(serve: &Serve, manifest: &Manifest) -> PathBuf {
    let target = manifest.folder.join("target");
    match &serve.cache {
        Some(folder) => folder.clone(),
        None if target.is_dir() => target.join("compiled"),
        None => serve.state.join("compiled"),
    }
}

/// All components at the same time; says what took a while.
fn compile(
    engine: &Engine,
    cache: &Path,
    wasm: Vec<(String, PathBuf)>,
) -> Result<HashMap<String, Component>> {
    let cache = Cache::open(cache);
    std::thread::scope(|scope| {
        let threads: Vec<_> = wasm
            .into_iter()
            .map(|(id, file)| {
                let cache = &cache;
                scope.spawn(move || {
                    let started = Instant::now();
                    let component = cache.load(engine, &file).with_context(|| format!("component `{id}`"))?;
                    if started.elapsed().as_millis() >= 200 {
                        eprintln!("compiled {id} in {:.1} s", started.elapsed().as_secs_f64());
                    }
                    Ok((id, component))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("the compiler panicked"))))
            .collect()
    })
}
