//! Embeds the built web pages: a table of `web/dist`, empty where they have not been built.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = root.join("web/dist");
    if root.join("web").is_dir() {
        // Cargo would run this script at every build if it watched a folder that is not there.
        let _ = fs::create_dir(&dist);
        println!("cargo::rerun-if-changed=web/dist");
    }
    let mut files = Vec::new();
    if dist.is_dir() {
        gather(&dist, &mut files)?;
    }
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("assets.rs"), table(&dist, &files)?)
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, files)?;
        } else if path.extension().is_none_or(|extension| extension != "map") {
            files.push(path);
        }
    }
    Ok(())
}

fn table(dist: &Path, files: &[PathBuf]) -> io::Result<String> {
    let mut out = String::from("static ASSETS: &[Asset] = &[\n");
    for file in files {
        let name = file.strip_prefix(dist).map_err(io::Error::other)?;
        let name = name.to_string_lossy().replace('\\', "/");
        let etag = format!("\"{:016x}\"", fingerprint(&fs::read(file)?));
        let file = file.to_string_lossy();
        writeln!(out, "    Asset {{ path: {name:?}, bytes: include_bytes!({file:?}), etag: {etag:?} }},")
            .map_err(io::Error::other)?;
    }
    out.push_str("];\n");
    Ok(out)
}

/// FNV-1a: tells one build of a file from another.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
