//! The user that runs Postgres: this one, or another when this one is root.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt, fchown, lchown},
    path::Path,
    process::Stdio,
};

use tokio::process::Command;

use super::error::ClusterError;

/// Who runs Postgres when root starts the server, in order of preference.
const STAND_INS: [&str; 2] = ["postgres", "nobody"];

/// All that children see of our environment: no locale, no `PG*`, no secrets.
const KEPT_VARIABLES: [&str; 3] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

/// The user that runs Postgres and owns its files.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    uid: u32,
    gid: u32,
    name: String,
    /// Whether children must change user, which only root can do.
    switch: bool,
}

/// Whether this process is root, which Postgres refuses to run as.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Owner {
    /// The user of this process.
    pub(super) fn current() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        Self { uid, gid: rustix::process::getegid().as_raw(), name: name_of(uid), switch: false }
    }

    /// The user that stands in for root.
    pub(super) async fn stand_in() -> Result<Self, ClusterError> {
        for name in STAND_INS {
            let found = match in_passwd(name) {
                Some(ids) => Some(ids),
                None => from_id_program(name).await,
            };
            if let Some((uid, gid)) = found.filter(|(uid, _)| *uid != 0) {
                return Ok(Self { uid, gid, name: name.to_owned(), switch: true });
            }
        }
        Err(ClusterError::NoUser)
    }

    /// For root: whoever owns the data that is already below `root`.
    pub(super) async fn of(root: &Path) -> Result<Self, ClusterError> {
        let data = root.join("data");
        let meta = fs::metadata(&data).map_err(ClusterError::io("inspect", &data))?;
        if meta.uid() == 0 {
            // Copied or restored by root: only a person can say whose it is.
            return Err(ClusterError::Foreign {
                path: root.to_owned(),
                uid: 0,
                wanted: Self::stand_in().await?.name,
            });
        }
        Ok(Self { uid: meta.uid(), gid: meta.gid(), name: name_of(meta.uid()), switch: true })
    }

    pub(super) fn uid(&self) -> u32 {
        self.uid
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A program to be run as this user, in `dir`, with a clean environment.
    pub(super) fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).stdin(Stdio::null()).env_clear();
        for name in KEPT_VARIABLES {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // macOS needs some valid locale; the cluster itself has its own.
        command.env("LC_ALL", "C");
        if self.switch {
            // Setting the uid as root also drops the supplementary groups.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Whether this user can enter `dir`, found out by trying.
    pub(super) async fn reaches(&self, dir: &Path) -> Result<bool, ClusterError> {
        let status = self.command("test", Path::new("/")).arg("-x").arg(dir).status().await;
        match status {
            Ok(status) => Ok(status.success()),
            Err(source) if self.switch => Err(ClusterError::CannotSwitch { user: self.name.clone(), source }),
            Err(source) => Err(ClusterError::Run { program: "test".into(), source }),
        }
    }

    /// Makes an open file this user's.
    pub(super) fn adopt_file(&self, file: &File) -> io::Result<()> {
        if self.switch {
            fchown(file, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }

    /// Makes a folder this user's, never through a link.
    pub(super) fn adopt_dir(&self, dir: &Path) -> io::Result<()> {
        if self.switch {
            lchown(dir, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }
}

/// The lines of /etc/passwd as (name, uid, gid).
fn passwd() -> Vec<(String, u32, u32)> {
    let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some((name, uid, gid))
        })
        .collect()
}

fn in_passwd(name: &str) -> Option<(u32, u32)> {
    passwd().into_iter().find(|entry| entry.0 == name).map(|(_, uid, gid)| (uid, gid))
}

fn name_of(uid: u32) -> String {
    passwd().into_iter().find(|entry| entry.1 == uid).map_or_else(|| uid.to_string(), |entry| entry.0)
}

/// Asks `id`, which also knows users that are kept in a directory service.
async fn from_id_program(name: &str) -> Option<(u32, u32)> {
    let mut ids = [0; 2];
    for (slot, option) in ids.iter_mut().zip(["-u", "-g"]) {
        let output = Command::new("id").args([option, name]).output().await.ok()?;
        *slot = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    }
    Some((ids[0], ids[1]))
}
