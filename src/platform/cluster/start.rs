//! Brings a cluster up, or finds that it is up already.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::OFlags;
use tokio::time::{Instant, sleep};

use super::{
    Settings,
    binaries::Binaries,
    config,
    error::ClusterError,
    initdb,
    lock::LockFile,
    place::Place,
    postmaster::{DataDir, Found, Postmaster},
    socket,
    wire::{Answer, probe},
};

/// How long a start, including recovery, may take.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long stopping may take; the last checkpoint is written then.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How long a postmaster that says it is ready may be without its socket.
const SOCKET_LOST: Duration = Duration::from_secs(2);

const POLL: Duration = Duration::from_millis(5);

/// From this size on a log is set aside at the next start.
const LARGE_LOG: u64 = 10 << 20;

/// A postmaster that takes connections.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) data: DataDir,
    pub(super) pid: u32,
    pub(super) port: u16,
    pub(super) socket_dir: PathBuf,
    pub(super) notes: Vec<String>,
}

/// Adopts the live postmaster or starts one; the caller holds the start-up lock.
pub(super) async fn start_or_adopt(
    place: &Place,
    settings: &Settings,
    gate: &LockFile,
) -> Result<Running, ClusterError> {
    let began = Instant::now();
    let mut programs = None;
    let path = place.data();
    if initdb::major_of(&path)?.is_none() {
        let found = Binaries::find(&place.owner, None, &path).await?;
        initdb::create(place, settings, &found).await?;
        programs = Some(found);
    }
    let data = DataDir::open(path)?;
    let mut notes = Vec::new();
    if matches!(data.inspect()?, Found::Live(_) | Found::Forming)
        && let Some(found) = wait_for(place, &data).await?
    {
        let text = config::render(settings, &data, &found.socket_dir);
        if !config::is_current(data.path(), &text) {
            notes.push("Postgres was running already and keeps the settings it was started with until the last server has left.".to_owned());
        }
        tracing::info!(pid = found.pid, elapsed = ?began.elapsed(), "joined the running Postgres");
        return Ok(found.running(data, notes));
    }
    if matches!(data.inspect()?, Found::Leftover) {
        notes.push("Postgres was not shut down last time; it has recovered its data.".to_owned());
    }
    let found = start(place, settings, gate, &data, programs).await?;
    tracing::info!(pid = found.pid, elapsed = ?began.elapsed(), "started Postgres");
    Ok(found.running(data, notes))
}

/// A postmaster that answers, and where.
struct Answering {
    pid: u32,
    port: u16,
    socket_dir: PathBuf,
}

impl Answering {
    fn running(self, data: DataDir, notes: Vec<String>) -> Running {
        Running { data, pid: self.pid, port: self.port, socket_dir: self.socket_dir, notes }
    }
}

/// One look at the postmaster.
enum Look {
    Answers(Answering),
    /// Lives, and may answer soon.
    Comes,
    /// Lives and believes to be ready, but its socket is gone.
    Lost(u32),
    Gone,
}

async fn look(place: &Place, data: &DataDir) -> Result<Look, ClusterError> {
    let Postmaster { pid, port, socket_dir, ready } = match data.inspect()? {
        Found::Live(postmaster) => postmaster,
        Found::Forming => return Ok(Look::Comes),
        Found::Nothing | Found::Leftover => return Ok(Look::Gone),
    };
    if !ready {
        // Calling now would only fill its log.
        return Ok(Look::Comes);
    }
    let Some(socket_dir) = socket_dir.filter(|dir| dir.exists()) else {
        return Ok(Look::Lost(pid));
    };
    socket::verify(&socket_dir, &place.owner)?;
    Ok(match probe(&socket_dir, port).await {
        Answer::Ready => Look::Answers(Answering { pid, port, socket_dir }),
        Answer::NotYet | Answer::Silent => Look::Comes,
        Answer::Absent => Look::Lost(pid),
    })
}

/// Waits for a live postmaster to answer; none when it ended instead.
async fn wait_for(place: &Place, data: &DataDir) -> Result<Option<Answering>, ClusterError> {
    let began = Instant::now();
    let mut lost_since = None;
    while began.elapsed() < START_LIMIT {
        match look(place, data).await? {
            Look::Answers(found) => return Ok(Some(found)),
            Look::Gone => return Ok(None),
            Look::Comes => lost_since = None,
            Look::Lost(pid) => {
                let since: Instant = *lost_since.get_or_insert_with(Instant::now);
                if since.elapsed() > SOCKET_LOST {
                    // Its folder was cleaned away, so nobody can ever reach it.
                    data.stop(pid, STOP_LIMIT).await?;
                    return Ok(None);
                }
            }
        }
        sleep(POLL).await;
    }
    Err(not_ready(place))
}

/// Starts a postmaster where none lives and waits until it answers.
async fn start(
    place: &Place,
    settings: &Settings,
    gate: &LockFile,
    data: &DataDir,
    programs: Option<Binaries>,
) -> Result<Answering, ClusterError> {
    let programs = match programs {
        Some(programs) => programs,
        None => {
            let major = initdb::major_of(data.path())?;
            Binaries::find(&place.owner, major.as_deref(), data.path()).await?
        }
    };
    data.clear_leftovers().await?;
    let socket_dir = socket::prepare(place).await?;
    let text = config::render(settings, data, &socket_dir);
    config::write(data.path(), &text, &place.owner)?;
    let (log, log_start) = open_log(place)?;

    let program = programs.program("pg_ctl");
    let mut child = place
        .owner
        .command(&program, &place.root)
        // pg_ctl builds a shell command: nothing in it may need quoting.
        .env("PGDATA", data.path())
        .args(["start", "--silent", "--wait", "--timeout=60"])
        .args(["--log", "server.log", "--options"])
        .arg(format!("-c cluster_name={}", data.tag()))
        // The postmaster gets a session of its own from pg_ctl; until then
        // Ctrl-C must not reach it either.
        .process_group(0)
        // If this process is killed now, the next one must not meddle until
        // pg_ctl is done. The postmaster gets /dev/null from pg_ctl.
        .stdin(gate.lend()?)
        .stdout(log.try_clone().map_err(ClusterError::io("open", place.log()))?)
        .stderr(log)
        .spawn()
        .map_err(|source| ClusterError::Run { program: program.clone(), source })?;
    loop {
        if let Look::Answers(found) = look(place, data).await? {
            return Ok(found);
        }
        let ended =
            child.try_wait().map_err(|source| ClusterError::Run { program: program.clone(), source })?;
        if let Some(status) = ended {
            // Somebody else's start may have won; then that one is ours too.
            if let Some(found) = wait_for(place, data).await? {
                return Ok(found);
            }
            socket::discard(&socket_dir);
            return Err(ClusterError::StartFailed {
                reason: last_words(&place.log(), log_start).unwrap_or_else(|| status.to_string()),
                log: place.log(),
            });
        }
        sleep(POLL).await;
    }
}

fn not_ready(place: &Place) -> ClusterError {
    ClusterError::NotReady { seconds: START_LIMIT.as_secs(), log: place.log() }
}

/// Opens the log for a new postmaster; also tells where its part begins.
fn open_log(place: &Place) -> Result<(File, u64), ClusterError> {
    let path = place.log();
    let open = || {
        if fs::metadata(&path).is_ok_and(|meta| meta.len() > LARGE_LOG) {
            fs::rename(&path, place.root.join("server.log.1"))?;
        }
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)?;
        place.owner.adopt_file(&file)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    };
    open().map_err(ClusterError::io("open", &path))
}

/// What the log says about a failed start.
fn last_words(log: &Path, from: u64) -> Option<String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(64 << 10).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    initdb::telling_line(&String::from_utf8_lossy(&read().ok()?))
}
