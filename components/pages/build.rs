//! Makes the table of files that the room serves from `static/`: path, media type, entity tag, bytes as written and bytes compressed.
//! Whatever is not in this table does not exist, so no path can lead out of it.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

fn main() -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let folder = root.join("static");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed={}", root.join("docs/openapi.json").display());

    let mut table = String::from("/// The files, sorted by path.\npub(crate) const FILES: &[File] = &[\n");
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    for file in &mut files {
        file.path = format!("/static/{}", file.path);
    }
    let description = root.join("docs/openapi.json");
    files.push(Source { path: "/openapi.json".into(), file: description, media: "application/json" });
    files.sort_by(|one, other| one.path.cmp(&other.path));
    for Source { path, file, media } in &files {
        let bytes = fs::read(file)?;
        let tag: String = Sha256::digest(&bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let packed = out.join(format!("{tag}.gz"));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        fs::write(&packed, encoder.finish()?)?;
        let file = file.canonicalize()?;
        writeln!(
            table,
            "    File {{ path: {path:?}, media: {media:?}, tag: \"\\\"{tag}\\\"\", packed_tag: \"\\\"{tag}-gz\\\"\", bytes: include_bytes!({file:?}), packed: include_bytes!({packed:?}) }},"
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(out.join("files.rs"), table)
}

struct Source {
    path: String,
    file: PathBuf,
    media: &'static str,
}

/// Files of kinds that a browser loads; pages have routes of their own, and what only editors read is not served.
fn collect(folder: &Path, files: &mut Vec<Source>) -> io::Result<()> {
    collect_below(folder, "", files)
}

fn collect_below(folder: &Path, prefix: &str, files: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|name| io::Error::other(format!("{name:?} is no UTF-8")))?;
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            collect_below(&entry.path(), &format!("{path}/"), files)?;
            continue;
        }
        let media = match path.rsplit_once('.').map(|(_, kind)| kind) {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            _ => continue,
        };
        files.push(Source { path, file: entry.path(), media });
    }
    Ok(())
}

fn variable(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(|_| io::Error::other(format!("cargo sets {name}")))
}
