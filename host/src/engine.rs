//! The engine, and compiled components: kept from one start to the next, because compiling takes seconds and loading none.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, component::Component};

/// How often a busy guest is made to step aside.
const TICK: Duration = Duration::from_millis(5);

/// Instances at the same time, of all components together.
const INSTANCES: u32 = 300;

/// Compiled components that nobody asked for in this long are removed.
const KEPT: Duration = Duration::from_secs(14 * 24 * 3600);

/// The engine of this process, its clock ticking.
pub fn engine() -> Result<Engine> {
    // The pool reserves address space, which some sandboxes do not give; without it instances are merely slower to make.
    let engine = Engine::new(&config(true)).or_else(|_| Engine::new(&config(false)));
    let engine = engine.map_err(anyhow::Error::from).context("this machine cannot run WebAssembly")?;
    let weak = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    });
    Ok(engine)
}

fn config(pooled: bool) -> Config {
    let mut config = Config::new();
    config.wasm_component_model_async(true).epoch_interruption(true);
    if pooled {
        let mut pool = PoolingAllocationConfig::default();
        pool.total_component_instances(INSTANCES)
            .total_core_instances(4 * INSTANCES)
            .total_memories(INSTANCES)
            .total_tables(2 * INSTANCES)
            .total_stacks(INSTANCES)
            .table_elements(100_000)
            .max_component_instance_size(10 << 20)
            .max_core_instance_size(10 << 20)
            .linear_memory_keep_resident(2 << 20)
            .table_keep_resident(1 << 19);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    } else {
        // Instead of the usual 4 GiB of address space for each memory.
        config.memory_reservation(128 << 20).memory_reservation_for_growth(64 << 20);
    }
    config
}

/// A folder of compiled components.
#[derive(Debug)]
pub struct Cache(Option<PathBuf>);

impl Cache {
    /// Without a folder that is ours alone nothing is kept, and the next start compiles again.
    pub fn open(folder: &Path) -> Self {
        match own(folder) {
            Ok(()) => {
                prune(folder);
                Self(Some(folder.to_owned()))
            }
            Err(error) => {
                eprintln!("compiled components are not kept: {error:#}");
                Self(None)
            }
        }
    }

    pub fn none() -> Self {
        Self(None)
    }

    /// The component of a `.wasm` file, from the folder if it was compiled before.
    pub fn load(&self, engine: &Engine, file: &Path) -> Result<Component> {
        let wasm = read(file)?;
        let kept = self.0.as_ref().map(|folder| folder.join(name(engine, &wasm)));
        if let Some(kept) = kept.as_deref().filter(|kept| kept.is_file()) {
            match trusted(engine, kept) {
                Ok(component) => {
                    touch(kept);
                    return Ok(component);
                }
                Err(error) => {
                    eprintln!("compiling again, because `{}` is of no use: {error:#}", kept.display())
                }
            }
        }
        let component = Component::from_binary(engine, &wasm)
            .map_err(anyhow::Error::from)
            .with_context(|| format!("`{}` cannot be compiled", file.display()))?;
        if let Some(kept) = kept
            && let Err(error) = keep(&component, &kept)
        {
            eprintln!("a compiled component is not kept: {error:#}");
        }
        Ok(component)
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let shown = file.display();
    let wasm = match fs::read(file) {
        Ok(wasm) => wasm,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("`{shown}` is missing: build it first (`cargo xtask build`)")
        }
        Err(error) => bail!("`{shown}` cannot be read: {error}"),
    };
    match wasm.get(..8) {
        Some(b"\0asm\x0d\0\x01\0") => Ok(wasm),
        Some(b"\0asm\x01\0\0\0") => {
            bail!("`{shown}` is a core module, not a component: build it for wasm32-wasip2")
        }
        _ => bail!("`{shown}` is no WebAssembly"),
    }
}

/// What the component was and what compiled it: a change of either gives another name.
fn name(engine: &Engine, wasm: &[u8]) -> String {
    let mut compiler = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compiler);
    format!("{:x}-{:016x}.cwasm", Sha256::digest(wasm), compiler.finish())
}

/// Makes the folder ours alone: what lies in it will be run as native code.
fn own(folder: &Path) -> Result<()> {
    let shown = folder.display();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("`{shown}` cannot be made"))?;
    let found = fs::symlink_metadata(folder).with_context(|| format!("`{shown}` cannot be looked at"))?;
    ensure!(found.is_dir(), "`{shown}` is not a folder");
    ensure!(found.uid() == rustix::process::geteuid().as_raw(), "`{shown}` belongs to somebody else");
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))
            .with_context(|| format!("`{shown}` is open to others"))?;
    }
    if found.mode() & 0o022 != 0 {
        // Others could write here until now, so nothing in it can be trusted.
        remove(folder, |_| true);
    }
    Ok(())
}

/// Loads native code that this host compiled earlier.
#[allow(
    unsafe_code,
    reason = "wasmtime cannot check native code; the folder can be written by nobody but us, see `own`"
)]
fn trusted(engine: &Engine, kept: &Path) -> Result<Component> {
    // SAFETY: the file came from `keep`, in a folder of mode 0700 that is ours; wasmtime itself checks that the
    // compiler and its settings are the same. `keep` moves complete files into place, so it is not half written.
    unsafe { Component::deserialize_file(engine, kept) }.map_err(anyhow::Error::from)
}

/// Written beside and moved into place, so that hosts that start together do not read each other's halves.
fn keep(component: &Component, kept: &Path) -> Result<()> {
    let folder = kept.parent().context("no folder")?;
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(&component.serialize()?)?;
    beside.as_file().sync_all()?;
    beside.persist(kept)?;
    Ok(())
}

fn touch(kept: &Path) {
    // Of no consequence if it fails: the component would be compiled again some day.
    let _ = File::options().append(true).open(kept).and_then(|file| file.set_modified(SystemTime::now()));
}

fn prune(folder: &Path) {
    remove(folder, |found| found.modified().is_ok_and(|then| then.elapsed().is_ok_and(|age| age > KEPT)));
}

fn remove(folder: &Path, unwanted: impl Fn(&fs::Metadata) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let ours = entry.path().extension().is_some_and(|end| end == "cwasm");
        if ours && entry.metadata().is_ok_and(|found| unwanted(&found)) {
            // Another host may have removed it first.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What a component imports, sorted.
pub fn imports(file: &Path) -> Result<Vec<String>> {
    let engine = Engine::new(&config(false)).map_err(anyhow::Error::from)?;
    let component = Cache::none().load(&engine, file)?;
    let mut names: Vec<_> =
        component.component_type().imports(&engine).map(|(name, _)| name.to_owned()).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest component there is.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn refused(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wasm");
        fs::write(&file, bytes).unwrap();
        format!("{:#}", Cache::none().load(&engine().unwrap(), &file).unwrap_err())
    }

    #[test]
    fn a_missing_file_says_how_to_build_it() {
        let told =
            Cache::none().load(&engine().unwrap(), Path::new("/nowhere/a.wasm")).unwrap_err().to_string();
        assert!(
            told.contains("`/nowhere/a.wasm` is missing") && told.contains("cargo xtask build"),
            "{told}"
        );
    }

    #[test]
    fn what_is_no_component_is_refused() {
        assert!(refused(b"hello, world").contains("no WebAssembly"));
        assert!(refused(b"\0asm\x01\0\0\0").contains("core module"));
        assert!(refused(b"\0asm\x0d\0\x01\0rubbish").contains("cannot be compiled"));
    }

    #[test]
    fn a_compiled_component_is_kept_and_a_damaged_one_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let (file, cache) = (folder.path().join("a.wasm"), folder.path().join("compiled"));
        fs::write(&file, EMPTY).unwrap();
        let engine = engine().unwrap();
        Cache::open(&cache).load(&engine, &file).unwrap();
        let kept: Vec<_> = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(kept.len(), 1);
        assert_eq!(fs::metadata(&cache).unwrap().mode() & 0o777, 0o700);
        fs::write(&kept[0], "damaged").unwrap();
        Cache::open(&cache).load(&engine, &file).unwrap();
        assert!(fs::metadata(&kept[0]).unwrap().len() > 100);
    }

    #[test]
    fn a_cache_open_to_others_is_emptied_and_closed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("compiled");
        fs::create_dir(&cache).unwrap();
        fs::write(cache.join("planted.cwasm"), "x").unwrap();
        fs::set_permissions(&cache, Permissions::from_mode(0o777)).unwrap();
        Cache::open(&cache);
        assert_eq!(fs::metadata(&cache).unwrap().mode() & 0o777, 0o700);
        assert!(!cache.join("planted.cwasm").exists());
    }
}
