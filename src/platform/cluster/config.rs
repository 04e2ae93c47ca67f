//! The settings the postmaster runs with.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{Settings, error::ClusterError, owner::Owner, postmaster::DataDir, wire::PORT};

/// Our file in the data folder; the last thing `postgresql.conf` includes.
const FILE: &str = "kraken.conf";

/// Below this Postgres cannot keep its reserved connections.
const FEWEST_CONNECTIONS: u32 = 10;

/// For scratch data: a crash of the machine may lose all of it.
const NOT_DURABLE: &str = "fsync = off
synchronous_commit = off
full_page_writes = off
";

/// Makes a fresh data folder read our settings after its own.
pub(super) fn include_in(data: &Path) -> Result<(), ClusterError> {
    let path = data.join("postgresql.conf");
    OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| {
            writeln!(file, "\ninclude = '{FILE}'")?;
            file.sync_all()
        })
        .map_err(ClusterError::io("write", path))
}

/// Writes the settings for the next postmaster.
pub(super) fn write(data: &Path, text: &str, owner: &Owner) -> Result<(), ClusterError> {
    let path = data.join(FILE);
    let draft = data.join(format!("{FILE}.{}", std::process::id()));
    let written = replace(&draft, &path, text, owner);
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written.map_err(ClusterError::io("write", path))
}

/// Whether a running postmaster was started with these settings.
pub(super) fn is_current(data: &Path, text: &str) -> bool {
    fs::read_to_string(data.join(FILE)).is_ok_and(|written| written == text)
}

/// Whole or not at all, and never through a link.
fn replace(draft: &Path, path: &Path, text: &str, owner: &Owner) -> io::Result<()> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    owner.adopt_file(&file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path)
}

/// The text of our settings file.
pub(super) fn render(settings: &Settings, data: &DataDir, socket_dir: &Path) -> String {
    let connections = settings.max_connections.max(FEWEST_CONNECTIONS);
    let durability = if settings.durable { "" } else { NOT_DURABLE };
    format!(
        "# Written by kraken-api at every start. Use ALTER SYSTEM for settings of your own.
cluster_name = '{tag}'
listen_addresses = ''
port = {PORT}
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
max_connections = {connections}
logging_collector = off
log_destination = 'stderr'
log_checkpoints = off
log_line_prefix = '%m [%p] '
log_timezone = 'UTC'
timezone = 'UTC'
jit = off
# Nobody replicates, so write less.
wal_level = minimal
max_wal_senders = 0
min_wal_size = 32MB
max_wal_size = 512MB
shared_memory_type = mmap
shared_buffers = 128MB
huge_pages = off
work_mem = 8MB
maintenance_work_mem = 64MB
effective_cache_size = 512MB
random_page_cost = 1.1
# Parallel queries share memory in /dev/shm, which containers keep at 64 MB.
dynamic_shared_memory_type = posix
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
{durability}",
        tag = data.tag(),
        socket_dir = socket_dir.display(),
    )
}
