//! Tells whether the postmaster of a data folder lives, and ends it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::{error::ClusterError, process};

/// Between two looks at something that is about to change.
const POLL: Duration = Duration::from_millis(5);

/// How long a pid file may be half written.
const WRITING: Duration = Duration::from_secs(2);

/// Backends leave by themselves when their postmaster dies, unless busy.
const ORPHANS_LEAVE: Duration = Duration::from_secs(1);
const ORPHANS_QUIT: Duration = Duration::from_secs(4);
const ORPHANS_DIE: Duration = Duration::from_secs(10);

/// A live postmaster, as its pid file describes it.
#[derive(Debug, Clone)]
pub(super) struct Postmaster {
    pub(super) pid: u32,
    pub(super) port: u16,
    /// None while it has not opened its socket yet.
    pub(super) socket_dir: Option<PathBuf>,
    /// Whether it has announced that it takes connections.
    pub(super) ready: bool,
}

/// What a data folder says about its postmaster.
#[derive(Debug)]
pub(super) enum Found {
    /// There is none and the last one ended in order.
    Nothing,
    /// There is none, but its pid file is still there.
    Leftover,
    /// A pid file is being written this very moment.
    Forming,
    /// It lives.
    Live(Postmaster),
}

/// One data folder, known by its inode, which outlives a rename.
#[derive(Debug, Clone)]
pub(super) struct DataDir {
    path: PathBuf,
    inode: (u64, u64),
}

impl DataDir {
    pub(super) fn open(path: PathBuf) -> Result<Self, ClusterError> {
        let meta = fs::metadata(&path).map_err(ClusterError::io("inspect", &path))?;
        Ok(Self { path, inode: (meta.dev(), meta.ino()) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The name all processes of the cluster carry in their titles.
    ///
    /// Titles can be read even where `/proc/<pid>/cwd` of another user cannot,
    /// as for root in a container.
    pub(super) fn tag(&self) -> String {
        format!("kraken-{:x}-{:x}", self.inode.0, self.inode.1)
    }

    /// Reads the pid file and checks who really has that pid.
    pub(super) fn inspect(&self) -> Result<Found, ClusterError> {
        let file = self.pid_file();
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(ClusterError::io("read", file)(error)),
        };
        Ok(match parse(&text) {
            Some(postmaster) if self.is_served_by(postmaster.pid) => Found::Live(postmaster),
            Some(_) => Found::Leftover,
            None if is_fresh(&file) => Found::Forming,
            None => Found::Leftover,
        })
    }

    /// Whether a pid is that of the postmaster of this folder.
    pub(super) fn is_served_by(&self, pid: u32) -> bool {
        let Some(command) = process::command_line(pid) else {
            return false;
        };
        let tag = self.tag();
        let tagged = command.split_whitespace().any(|word| word.strip_prefix("cluster_name=") == Some(&tag));
        // Somebody may have started it by hand.
        let by_hand = || {
            let mut words = command.split_whitespace();
            let named = format!("{} ", self.path.display());
            words.any(|word| ["postgres", "postmaster"].iter().any(|name| word.ends_with(name)))
                && (process::works_in(pid, self.inode) || format!("{command} ").contains(&named))
        };
        // Whoever it was, it wrote the pid file and will be gone in a moment.
        tagged || process::is_exiting_postgres(&command) || by_hand()
    }

    /// Removes what a dead postmaster left, once nothing of it runs any more.
    pub(super) async fn clear_leftovers(&self) -> Result<(), ClusterError> {
        self.end_orphans().await?;
        remove(&self.pid_file())
    }

    /// Waits for backends that outlived their postmaster, and ends busy ones.
    ///
    /// Two generations of processes on one folder would destroy it. Postgres
    /// guards against that too, but only by refusing to start.
    async fn end_orphans(&self) -> Result<(), ClusterError> {
        let title = format!("postgres: {}: ", self.tag());
        let began = Instant::now();
        let mut harshest = None;
        loop {
            let waited = began.elapsed();
            let orphans: Vec<u32> = process::all()
                .into_iter()
                .filter(|(_, command)| {
                    let exits = waited < ORPHANS_QUIT && process::is_exiting_postgres(command);
                    exits || command.starts_with(&title)
                })
                .map(|(pid, _)| pid)
                .collect();
            let Some(&pid) = orphans.first() else {
                return Ok(());
            };
            if waited > ORPHANS_DIE {
                return Err(ClusterError::StopFailed { pid, seconds: ORPHANS_DIE.as_secs() });
            }
            let due = match waited {
                waited if waited > ORPHANS_QUIT => Some(Signal::KILL),
                waited if waited > ORPHANS_LEAVE => Some(Signal::QUIT),
                _ => None,
            };
            if let Some(signal) = due.filter(|_| harshest != due) {
                tracing::info!(?orphans, ?signal, "ending what a dead postmaster left");
                orphans.iter().for_each(|pid| process::signal(*pid, signal));
                harshest = due;
            }
            sleep(POLL).await;
        }
    }

    /// Stops the postmaster: clients are cut off, the data is left clean.
    pub(super) async fn stop(&self, pid: u32, limit: Duration) -> Result<(), ClusterError> {
        end(pid, Signal::INT, limit, |pid| self.is_served_by(pid)).await
    }

    fn pid_file(&self) -> PathBuf {
        self.path.join("postmaster.pid")
    }
}

/// Signals a process and waits until it is no longer what `still` knows.
pub(super) async fn end(
    pid: u32,
    signal: Signal,
    limit: Duration,
    still: impl Fn(u32) -> bool,
) -> Result<(), ClusterError> {
    let deadline = Instant::now() + limit;
    if still(pid) {
        process::signal(pid, signal);
    }
    while still(pid) {
        if Instant::now() >= deadline {
            return Err(ClusterError::StopFailed { pid, seconds: limit.as_secs() });
        }
        sleep(POLL).await;
    }
    Ok(())
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), ClusterError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ClusterError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Lines: pid, data folder, start time, port, socket folder, address, shared
/// memory, status; the later ones come as the postmaster gets there.
fn parse(text: &str) -> Option<Postmaster> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let line = |number: usize| lines.get(number - 1).filter(|line| !line.is_empty());
    // A single-user server writes its pid with a minus sign.
    let pid = u32::try_from(line(1)?.parse::<i64>().ok()?.unsigned_abs()).ok()?;
    Some(Postmaster {
        pid,
        port: line(4).and_then(|port| port.parse().ok()).unwrap_or(0),
        socket_dir: line(5).map(PathBuf::from),
        ready: line(8) == Some(&"ready"),
    })
}

fn is_fresh(file: &Path) -> bool {
    let modified = fs::metadata(file).and_then(|meta| meta.modified());
    modified.is_ok_and(|time| {
        let age = SystemTime::now().duration_since(time);
        age.unwrap_or_default() < WRITING
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pid_files_are_read() {
        let full = "4242\n/data\n1700000000\n5432\n/run/x\n\n  123  456\nready   \n";
        let found = parse(full).unwrap();
        assert_eq!((found.pid, found.port, found.ready), (4242, 5432, true));
        assert_eq!(found.socket_dir.as_deref(), Some(Path::new("/run/x")));

        let early = parse("4242\n/data\n1700000000\n5432\n\n").unwrap();
        assert!(early.socket_dir.is_none() && !early.ready);
        assert_eq!(parse("-17\n/data\n").unwrap().pid, 17);
        assert!(parse("").is_none() && parse("garbage\n").is_none());
    }
}
