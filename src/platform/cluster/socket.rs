//! The folder of the Unix socket: short, private, and the same every time.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::Signal;

use super::{
    error::ClusterError,
    owner::{Owner, is_root},
    place::Place,
    postmaster::{end, remove},
    process,
    wire::PORT,
};

/// A socket path ends at 107 bytes and its file name takes some of them.
const LONGEST: usize = 90;

/// A postmaster whose data folder is gone has nothing to save.
const END_LIMIT: Duration = Duration::from_secs(10);

/// Makes a socket folder for a new postmaster and clears old sockets from it.
pub(super) async fn prepare(place: &Place) -> Result<PathBuf, ClusterError> {
    let mut reason = "no candidate is short enough".to_owned();
    for base in bases() {
        let dir = base.join(format!("kraken-api-{}", place.key));
        if !is_plain(&dir) {
            continue;
        }
        match DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                reason = format!("{}: {error}", base.display());
                continue;
            }
        }
        take(&dir, &place.owner)?;
        verify(&dir, &place.owner)?;
        clear(&dir).await?;
        return Ok(dir);
    }
    Err(ClusterError::NoSocketDir { reason })
}

/// Checks that nobody else can have put a socket into the folder.
pub(super) fn verify(dir: &Path, owner: &Owner) -> Result<(), ClusterError> {
    // Not following links: one in /tmp may lead anywhere.
    let meta = fs::symlink_metadata(dir).map_err(ClusterError::io("inspect", dir))?;
    if meta.uid() != owner.uid() || !meta.is_dir() {
        return Err(ClusterError::Foreign {
            path: dir.to_owned(),
            uid: meta.uid(),
            wanted: owner.name().to_owned(),
        });
    }
    match meta.mode() & 0o777 {
        mode if mode & 0o077 != 0 => Err(ClusterError::NotPrivate { path: dir.to_owned(), mode }),
        _ => Ok(()),
    }
}

/// Removes the folder after the postmaster has left it.
pub(super) fn discard(dir: &Path) {
    // Worth nothing, so a failure does not matter.
    if let Err(error) = fs::remove_dir(dir) {
        tracing::debug!(dir = %dir.display(), %error, "kept the socket folder");
    }
}

/// Where socket folders may be, best first.
fn bases() -> Vec<PathBuf> {
    let first = if is_root() {
        Some("/run".into())
    } else {
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_absolute())
    };
    first.into_iter().chain(["/tmp".into()]).collect()
}

/// Short enough, and without characters that mean something to Postgres.
fn is_plain(dir: &Path) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    dir.to_str().is_some_and(|text| text.len() < LONGEST && text.chars().all(plain))
}

/// Gives a folder that root has just made to the user that runs Postgres.
fn take(dir: &Path, owner: &Owner) -> Result<(), ClusterError> {
    let meta = fs::symlink_metadata(dir).map_err(ClusterError::io("inspect", dir))?;
    if is_root() && meta.uid() == 0 && meta.is_dir() {
        owner.adopt_dir(dir).map_err(ClusterError::io("change the owner of", dir))?;
    }
    Ok(())
}

/// Removes a dead postmaster's socket, and ends one whose data was deleted.
///
/// The caller knows that its own data folder has no live postmaster, and the
/// folder is private, so whoever still holds the socket serves nothing.
async fn clear(dir: &Path) -> Result<(), ClusterError> {
    let socket = dir.join(format!(".s.PGSQL.{PORT}"));
    let lock = dir.join(format!(".s.PGSQL.{PORT}.lock"));
    let holder = fs::read_to_string(&lock).ok().and_then(|text| text.lines().next()?.trim().parse().ok());
    if let Some(pid) = holder {
        end(pid, Signal::QUIT, END_LIMIT, is_private_postmaster).await?;
    }
    remove(&socket)?;
    remove(&lock)
}

fn is_private_postmaster(pid: u32) -> bool {
    process::command_line(pid).is_some_and(|command| {
        let mut words = command.split_whitespace();
        process::is_exiting_postgres(&command) || words.any(|word| word.starts_with("cluster_name=kraken-"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_short_folders_are_used() {
        assert!(is_plain(Path::new("/run/user/1000/kraken-api-0123456789abcdef")));
        assert!(!is_plain(Path::new("/run/it's/kraken-api-0123456789abcdef")));
        assert!(!is_plain(&Path::new("/tmp").join("x".repeat(90))));
    }
}
