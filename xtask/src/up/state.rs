//! The state folder: one system at a time in it, the store's file, and the secrets that were made for it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::say::{Because as _, Result, refuse};

/// The store's file, as Spin names it.
const DATABASE: &str = "sqlite_key_value.db";
/// The secrets that `up` made.
const SECRETS: &str = "secrets.toml";
const LOCK: &str = "lock";

/// An open state folder; nobody else has it while this lives.
#[derive(Debug)]
pub(crate) struct State {
    folder: PathBuf,
    _lock: File,
}

impl State {
    /// Opens the folder, made if need be; `fresh` removes what an earlier run left in it.
    pub(crate) fn open(folder: &Path, fresh: bool) -> Result<Self> {
        let shown = folder.display();
        if folder.exists() && !folder.is_dir() {
            return refuse(format!(
                "the state folder `{shown}` is not a folder; choose another with --state"
            ));
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .because(|| format!("cannot make the state folder `{shown}`; choose another with --state"))?;
        let lock = File::create(folder.join(LOCK)).because(|| {
            format!("cannot write into the state folder `{shown}`; choose another with --state")
        })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return refuse(format!(
                    "another `cargo xtask up` uses the state folder `{shown}`; stop it, or choose another with --state"
                ));
            }
            Err(TryLockError::Error(error)) => {
                return refuse(format!("cannot lock the state folder `{shown}`: {error}"));
            }
        }
        let state = Self { folder: folder.to_owned(), _lock: lock };
        if fresh {
            state.empty()?;
        }
        state.look_at_database()?;
        Ok(state)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes our own files by name: a mistyped `--state` must not cost anyone their home folder.
    fn empty(&self) -> Result<()> {
        let names = [
            DATABASE,
            "sqlite_key_value.db-wal",
            "sqlite_key_value.db-shm",
            "sqlite_key_value.db-journal",
            SECRETS,
        ];
        for name in names {
            let file = self.folder.join(name);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return refuse(format!("cannot remove `{}`: {error}", file.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn look_at_database(&self) -> Result<()> {
        let file = self.folder.join(DATABASE);
        if !file.exists() {
            return Ok(());
        }
        let mut head = Vec::new();
        let read = File::open(&file).and_then(|file| file.take(16).read_to_end(&mut head));
        read.because(|| format!("cannot read `{}`; choose another folder with --state", file.display()))?;
        // SQLite makes its file empty and writes the header with the first change.
        if head.is_empty() || head == b"SQLite format 3\0" {
            return Ok(());
        }
        refuse(format!(
            "`{}` is not an SQLite database; start again with --fresh, or choose another folder with --state",
            file.display()
        ))
    }

    /// Whether a store has been filled here.
    fn has_data(&self) -> bool {
        fs::metadata(self.folder.join(DATABASE)).is_ok_and(|file| file.len() > 0)
    }

    /// The secrets kept here, with a new one for each name that has none.
    pub(crate) fn secrets(&self, names: &[String]) -> Result<BTreeMap<String, String>> {
        let file = self.folder.join(SECRETS);
        let mut secrets = read(&file)?;
        let missing: Vec<_> = names.iter().filter(|name| !secrets.contains_key(*name)).collect();
        if secrets.is_empty() && !missing.is_empty() && self.has_data() {
            return refuse(format!(
                "the store in `{}` was filled under secrets that are gone (`{SECRETS}` is missing): give them with --set, \
                 put the file back, or start again with --fresh",
                self.folder.display()
            ));
        }
        if missing.is_empty() {
            return Ok(secrets);
        }
        for name in missing {
            secrets.insert(name.clone(), made()?);
        }
        write(&file, &secrets)?;
        Ok(secrets)
    }
}

fn read(file: &Path) -> Result<BTreeMap<String, String>> {
    let shown = file.display();
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return refuse(format!("cannot read `{shown}`: {error}")),
    };
    // The parser's own complaint quotes the line, and the line is a secret.
    toml::from_str(&text).or_else(|_| {
        refuse(format!("`{shown}` is damaged: it should have lines like name = \"value\"; mend it, or start again with --fresh"))
    })
}

/// Written beside and moved into place, so that a kill leaves the old file or the new one.
fn write(file: &Path, secrets: &BTreeMap<String, String>) -> Result<()> {
    let text = toml::to_string(secrets).because(|| "cannot write down the secrets".to_owned())?;
    let beside = file.with_extension("toml.new");
    let written =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside).and_then(
            |mut out| {
                out.set_permissions(Permissions::from_mode(0o600))?;
                out.write_all(
                    b"# Made by `cargo xtask up` for this state folder. Whoever has these has everything.\n",
                )?;
                out.write_all(text.as_bytes())?;
                out.sync_all()
            },
        );
    written.and_then(|()| fs::rename(&beside, file)).because(|| format!("cannot write `{}`", file.display()))
}

/// 256 random bits.
fn made() -> Result<String> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut bytes = [0; 32];
    #[allow(clippy::disallowed_methods, reason = "this is where the first secrets come from")]
    getrandom::fill(&mut bytes).because(|| "this machine gives no random bytes".to_owned())?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("latchkey-xtask-{}-{name}", std::process::id()));
            drop(fs::remove_dir_all(&folder));
            Self(folder)
        }
    }
    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn names() -> Vec<String> {
        vec!["index_key".to_owned(), "bootstrap_token".to_owned()]
    }

    #[test]
    fn a_folder_that_is_a_file_is_refused() {
        let folder = Folder::new("file");
        fs::write(&folder.0, "x").unwrap();
        assert!(State::open(&folder.0, false).unwrap_err().0.contains("is not a folder"));
        fs::remove_file(&folder.0).unwrap();
    }

    #[test]
    fn a_folder_in_use_is_refused() {
        let folder = Folder::new("lock");
        let first = State::open(&folder.0, false).unwrap();
        assert!(State::open(&folder.0, false).unwrap_err().0.contains("another `cargo xtask up`"));
        drop(first);
        State::open(&folder.0, false).unwrap();
    }

    #[test]
    fn a_database_that_is_none_is_refused() {
        let folder = Folder::new("database");
        fs::create_dir_all(&folder.0).unwrap();
        fs::write(folder.0.join(DATABASE), "this is not SQLite, whatever it is").unwrap();
        assert!(State::open(&folder.0, false).unwrap_err().0.contains("not an SQLite database"));
    }

    #[test]
    fn damaged_secrets_are_refused_and_not_shown() {
        let folder = Folder::new("damaged");
        let state = State::open(&folder.0, false).unwrap();
        fs::write(folder.0.join(SECRETS), "index_key = hunter2").unwrap();
        let told = state.secrets(&names()).unwrap_err().0;
        assert!(told.contains("is damaged") && !told.contains("hunter2"), "{told}");
    }

    #[test]
    fn lost_secrets_are_refused() {
        let folder = Folder::new("lost");
        let state = State::open(&folder.0, false).unwrap();
        fs::write(folder.0.join(DATABASE), "SQLite format 3\0 and more").unwrap();
        assert!(state.secrets(&names()).unwrap_err().0.contains("secrets that are gone"));
        assert!(state.secrets(&[]).unwrap().is_empty());
    }

    #[test]
    fn secrets_are_made_once_for_their_owner_only() {
        let folder = Folder::new("secrets");
        let state = State::open(&folder.0, false).unwrap();
        let first = state.secrets(&names()).unwrap();
        assert_ne!(first["index_key"], first["bootstrap_token"]);
        assert_eq!(state.secrets(&names()).unwrap(), first);
        let mode = fs::metadata(folder.0.join(SECRETS)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn fresh_removes_our_files_and_no_others() {
        let folder = Folder::new("fresh");
        let state = State::open(&folder.0, false).unwrap();
        let first = state.secrets(&names()).unwrap();
        fs::write(folder.0.join("thesis.txt"), "mine").unwrap();
        drop(state);
        let state = State::open(&folder.0, true).unwrap();
        assert_ne!(state.secrets(&names()).unwrap(), first);
        assert!(folder.0.join("thesis.txt").is_file());
    }
}
