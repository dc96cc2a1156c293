//! The files of a component: a snapshot, made at the start, that its guests may read and not change.

use std::{
    fs,
    path::{Component as Part, Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::manifest::{Component, Mount};

/// Copies what the manifest names into a new folder within `state`; `None` where it names nothing. The folder goes when
/// this is dropped.
pub fn snapshot(component: &Component, from: &Path, state: &Path) -> Result<Option<TempDir>> {
    if component.files.is_empty() {
        return Ok(None);
    }
    let snapshot = tempfile::Builder::new().prefix("files-").tempdir_in(state)?;
    let excluded = component
        .exclude_files
        .iter()
        .map(|pattern| glob::Pattern::new(pattern).with_context(|| format!("exclude_files: `{pattern}`")))
        .collect::<Result<Vec<_>>>()?;
    for mount in &component.files {
        match mount {
            Mount::Pattern(pattern) => copy_matching(pattern, from, snapshot.path(), &excluded),
            Mount::Placement { source, destination } => {
                place(&from.join(inside(source)?), &snapshot.path().join(inside(destination)?))
                    .with_context(|| format!("files: `{source}`"))
            }
        }?;
    }
    Ok(Some(snapshot))
}

fn copy_matching(pattern: &str, from: &Path, to: &Path, excluded: &[glob::Pattern]) -> Result<()> {
    inside(pattern)?;
    let root = glob::Pattern::escape(&from.to_string_lossy());
    let found = glob::glob(&format!("{root}/{pattern}")).with_context(|| format!("files: `{pattern}`"))?;
    for file in found {
        let file = file?;
        let relative = file.strip_prefix(from)?;
        if file.is_file() && !excluded.iter().any(|pattern| pattern.matches_path(relative)) {
            copy(&file, &to.join(relative))?;
        }
    }
    Ok(())
}

/// A file, or a folder with everything in it.
fn place(source: &Path, destination: &Path) -> Result<()> {
    if source.is_dir() {
        fs::create_dir_all(destination)?;
        for entry in fs::read_dir(source)? {
            let entry = entry?;
            place(&entry.path(), &destination.join(entry.file_name()))?;
        }
        return Ok(());
    }
    ensure!(source.is_file(), "there is no `{}`", source.display());
    copy(source, destination)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("`{}` cannot be copied", from.display()))?;
    Ok(())
}

/// A path of the manifest, seen from a root it may not leave.
fn inside(path: &str) -> Result<PathBuf> {
    let mut inside = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Part::Normal(name) => inside.push(name),
            Part::RootDir | Part::CurDir => {}
            Part::ParentDir | Part::Prefix(_) => bail!("files: `{path}` leads out of its folder"),
        }
    }
    Ok(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(files: &str) -> Result<Vec<String>> {
        let folder = tempfile::tempdir()?;
        for file in
            ["static/a.css", "static/deep/b.js", "static/deep/secret.txt", "assets/logo.svg", "spin.toml"]
        {
            fs::create_dir_all(folder.path().join(file).parent().unwrap())?;
            fs::write(folder.path().join(file), file)?;
        }
        let page = format!(
            "spin_manifest_version = 2\n[application]\nname = \"a\"\n[component.a]\nsource = \"a.wasm\"\n{files}\n"
        );
        let manifest = crate::manifest::Manifest::parse(&page, folder.path(), |_| None)?;
        let state = tempfile::tempdir()?;
        let Some(snapshot) = snapshot(&manifest.components["a"], folder.path(), state.path())? else {
            return Ok(Vec::new());
        };
        let mut found: Vec<_> = glob::glob(&format!("{}/**/*", snapshot.path().display()))?
            .map(|file| file.unwrap())
            .filter(|file| file.is_file())
            .map(|file| file.strip_prefix(snapshot.path()).unwrap().display().to_string())
            .collect();
        found.sort();
        Ok(found)
    }

    #[test]
    fn only_what_is_named_is_there() {
        assert_eq!(taken("").unwrap(), Vec::<String>::new());
        assert_eq!(taken("files = [\"static/*.css\"]").unwrap(), ["static/a.css"]);
        assert_eq!(
            taken("files = [\"static/**/*\"]").unwrap(),
            ["static/a.css", "static/deep/b.js", "static/deep/secret.txt"]
        );
        assert_eq!(
            taken("files = [\"static/**/*\"]\nexclude_files = [\"**/secret.*\"]").unwrap(),
            ["static/a.css", "static/deep/b.js"]
        );
        assert_eq!(taken("files = [{ source = \"assets\", destination = \"/\" }]").unwrap(), ["logo.svg"]);
        assert_eq!(taken("files = [{ source = \"spin.toml\", destination = \"/x/y\" }]").unwrap(), ["x/y"]);
    }

    #[test]
    fn what_is_missing_or_outside_is_refused() {
        for (files, part) in [
            ("files = [{ source = \"nothing\", destination = \"/\" }]", "there is no"),
            ("files = [{ source = \"..\", destination = \"/\" }]", "leads out"),
            ("files = [{ source = \"assets\", destination = \"/../x\" }]", "leads out"),
            ("files = [\"../**/*\"]", "leads out"),
        ] {
            let told = format!("{:#}", taken(files).unwrap_err());
            assert!(told.contains(part), "{files}: {told}");
        }
    }
}
