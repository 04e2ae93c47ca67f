//! What can go wrong, each in one sentence that says what to do.

use std::{io, path::PathBuf};

/// Why the private Postgres cluster could not be joined, used or left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No folder has all of initdb, postgres and pg_ctl.
    #[error(
        "Postgres was not found: install it (Debian, Ubuntu: `apt-get install postgresql`; macOS: `brew install postgresql@17`) or put initdb, postgres and pg_ctl on PATH"
    )]
    NoPrograms,

    /// Postgres is there, but its version could not be learned.
    #[error(
        "Postgres in {dir} does not run ({reason}): repair that installation or put another one first on PATH"
    )]
    BrokenPrograms {
        /// The folder of the programs.
        dir: PathBuf,
        /// What `postgres --version` said.
        reason: String,
    },

    /// Only versions below 15 are installed.
    #[error(
        "Postgres {found} in {dir} is too old: install version 15 or newer (Debian, Ubuntu: `apt-get install postgresql`; macOS: `brew install postgresql@17`)"
    )]
    TooOld {
        /// The newest major version that was found.
        found: u32,
        /// Where it was found.
        dir: PathBuf,
    },

    /// The data folder was written by a major version that is not usable here.
    #[error(
        "the data in {dir} was written by Postgres {data} and this machine has Postgres {found}: install Postgres {data} (15 or newer is needed), or move the folder away to start empty"
    )]
    OtherMajor {
        /// The data folder.
        dir: PathBuf,
        /// The major version that wrote it.
        data: String,
        /// The major version that is installed.
        found: u32,
    },

    /// Something that is no data folder stands where the data should be.
    #[error("{path} is not a Postgres data folder: move it away and start again")]
    NotData {
        /// The folder in the way.
        path: PathBuf,
    },

    /// Running as root, and there is nobody else to run Postgres.
    #[error(
        "Postgres refuses to run as root and there is neither a user `postgres` nor `nobody`: start this server as an ordinary user, or create one with `useradd --system postgres`"
    )]
    NoUser,

    /// Running as root, but not allowed to start programs as another user.
    #[error(
        "Postgres refuses to run as root and root may not start programs as {user} here ({source}): start this server as an ordinary user"
    )]
    CannotSwitch {
        /// The user that should have run Postgres.
        user: String,
        /// What the system said.
        source: io::Error,
    },

    /// The user that runs Postgres cannot enter the folder of its data.
    #[error(
        "user {user}, who runs Postgres, cannot reach {path}: make every folder above it passable (`chmod o+x`) and the folder itself theirs (`chown -R {user}`), or move it away to start empty"
    )]
    Unreachable {
        /// The user that runs Postgres.
        user: String,
        /// The folder out of reach.
        path: PathBuf,
    },

    /// A folder that must be ours belongs to somebody else.
    #[error(
        "{path} belongs to uid {uid} and should belong to {wanted}: hand it over (`chown -R {wanted} {path}`), start this server as the user it belongs to, or remove it"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Who owns it.
        uid: u32,
        /// Who should own it.
        wanted: String,
    },

    /// The socket folder can be entered by others.
    #[error("{path} has mode {mode:o} and must be private: run `chmod 700 {path}`")]
    NotPrivate {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },

    /// No place takes the socket folder.
    #[error(
        "no folder can hold the Postgres socket ({reason}): make /tmp writable or set XDG_RUNTIME_DIR to a short private folder"
    )]
    NoSocketDir {
        /// What the last attempt ran into.
        reason: String,
    },

    /// A file operation failed.
    #[error("could not {action} {path} ({source}): check its permissions and that the disk has room")]
    Io {
        /// What was attempted, as a verb phrase.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A program could not be started.
    #[error("could not run {program} ({source}): check that Postgres is installed completely")]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// `initdb` ended with an error.
    #[error("initdb could not create the database in {dir} ({reason}): fix that and start again")]
    InitFailed {
        /// Where the data should have gone.
        dir: PathBuf,
        /// The last thing it said.
        reason: String,
    },

    /// The postmaster ended while starting.
    #[error("Postgres did not start ({reason}): read {log}, fix that and start again")]
    StartFailed {
        /// The most telling line of its log.
        reason: String,
        /// Its log.
        log: PathBuf,
    },

    /// The postmaster runs but takes no connections.
    #[error(
        "Postgres runs but took no connections within {seconds} s: read {log}, and start again once it has finished recovering"
    )]
    NotReady {
        /// How long it was waited for.
        seconds: u64,
        /// Its log.
        log: PathBuf,
    },

    /// The postmaster did not end.
    #[error(
        "Postgres (process {pid}) did not stop within {seconds} s: wait for it to finish, or stop it with `kill -QUIT {pid}`"
    )]
    StopFailed {
        /// The postmaster.
        pid: u32,
        /// How long it was waited for.
        seconds: u64,
    },

    /// Another process kept the start-up lock.
    #[error(
        "another process has been starting or stopping this Postgres for {seconds} s: wait for it or end it, then start again (the lock is {path})"
    )]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },

    /// A database name Postgres cannot take.
    #[error("{name:?} is no database name: use 1 to 63 bytes without a zero byte")]
    BadName {
        /// The name.
        name: String,
    },

    /// The running server could not be talked to.
    #[error("could not talk to Postgres over {path} ({source}): start the server again")]
    Talk {
        /// The socket folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },

    /// The running server refused a command.
    #[error("Postgres refused to {action} ({message}, code {code}): fix that and start again")]
    Refused {
        /// What was attempted, as a verb phrase.
        action: String,
        /// What Postgres said.
        message: String,
        /// Its five-character error code.
        code: String,
    },
}

impl ClusterError {
    /// Wraps a file error; made for `map_err`.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
