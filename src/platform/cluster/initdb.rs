//! Creates the data folder, whole or not at all.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Instant, SystemTime},
};

use super::{Settings, binaries::Binaries, config, error::ClusterError, place::Place, wire::USER};

/// How the folder is called until it is complete.
const DRAFT: &str = "init-";

/// The major version that wrote the data; none when there is no data yet.
pub(super) fn major_of(data: &Path) -> Result<Option<String>, ClusterError> {
    let path = data.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ClusterError::io("read", path)(error)),
    }
}

/// Runs `initdb`; the caller holds the start-up lock.
pub(super) async fn create(
    place: &Place,
    settings: &Settings,
    programs: &Binaries,
) -> Result<(), ClusterError> {
    let began = Instant::now();
    let data = place.data();
    // An empty folder is in the way as well, but harmless.
    if fs::remove_dir(&data).is_err() && data.exists() {
        return Err(ClusterError::NotData { path: data });
    }
    remove_drafts(&place.root);
    let draft = place.root.join(draft_name());
    let made = fill(&draft, place, settings, programs).await;
    let moved = made.and_then(|()| fs::rename(&draft, &data).map_err(ClusterError::io("create", &data)));
    if let Err(error) = moved {
        remove_drafts(&place.root);
        return Err(error);
    }
    if settings.durable {
        File::open(&place.root)
            .and_then(|folder| folder.sync_all())
            .map_err(ClusterError::io("write", &place.root))?;
    }
    let elapsed = began.elapsed();
    tracing::info!(data = %data.display(), major = programs.major(), ?elapsed, "created the database");
    Ok(())
}

async fn fill(
    draft: &Path,
    place: &Place,
    settings: &Settings,
    programs: &Binaries,
) -> Result<(), ClusterError> {
    let program = programs.program("initdb");
    let mut command = place.owner.command(&program, &place.root);
    command
        .args(["--no-locale", "--encoding=UTF8", "--auth=trust"])
        .args(["--username", USER, "--no-instructions"])
        .arg("--pgdata")
        .arg(draft)
        // If nobody waits for it any more, nobody will use it.
        .kill_on_drop(true);
    if !settings.durable {
        command.arg("--no-sync");
    }
    let output = command.output().await.map_err(|source| ClusterError::Run { program, source })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(ClusterError::InitFailed {
            dir: place.data(),
            reason: telling_line(&said).unwrap_or_else(|| output.status.to_string()),
        });
    }
    config::include_in(draft)
}

/// Unique, since an initdb whose server was killed may still be at work.
fn draft_name() -> PathBuf {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{DRAFT}{}-{}", std::process::id(), now.as_nanos()).into()
}

/// Removes what interrupted attempts left, as far as that is possible now.
fn remove_drafts(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(DRAFT)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::debug!(path = %entry.path().display(), %error, "kept an unfinished folder");
        }
    }
}

/// The line of an output that says most about a failure.
pub(super) fn telling_line(text: &str) -> Option<String> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let loud = ["PANIC:", "FATAL:", "error:", "ERROR:"];
    lines()
        .rfind(|line| loud.iter().any(|word| line.contains(word)))
        .or_else(|| lines().next_back())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_telling_line_is_found() {
        let log = "LOG:  starting\nFATAL:  no space\nHINT:  free some\nLOG:  shut down\n\n";
        assert_eq!(telling_line(log).as_deref(), Some("FATAL:  no space"));
        assert_eq!(telling_line("one\ntwo\n").as_deref(), Some("two"));
        assert_eq!(telling_line("\n"), None);
    }
}
