//! Looks at other processes and signals them.

use std::{fs, os::unix::fs::MetadataExt, path::Path, process::Command};

use rustix::process::{Pid, Signal, kill_process};

/// Stands before the name of a process that has given up its memory already.
const EXITING: &str = "exiting: ";

/// The command line of a live process; none when it is gone or a zombie.
pub(super) fn command_line(pid: u32) -> Option<String> {
    let text = if has_proc() {
        let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        Some(readable(bytes)).filter(|text| !text.trim().is_empty()).or_else(|| exiting(pid))?
    } else {
        ps(&["-ww", "-o", "command=", "-p", &pid.to_string()])?
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Whether a command line is that of some Postgres about to be gone, which may
/// still hold on to shared memory.
pub(super) fn is_exiting_postgres(command: &str) -> bool {
    let name = command.strip_prefix(EXITING);
    name.is_some_and(|name| ["postgres", "postmaster"].contains(&name))
}

/// The name of a process without a command line, unless it is a zombie.
fn exiting(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let over = rest.trim_start().starts_with(['Z', 'X']);
    (!over).then(|| format!("{EXITING}{name}"))
}

/// Every live process with its command line.
pub(super) fn all() -> Vec<(u32, String)> {
    if !has_proc() {
        let listing = ps(&["-axww", "-o", "pid=,command="]).unwrap_or_default();
        return listing
            .lines()
            .filter_map(|line| {
                let (pid, command) = line.trim_start().split_once(' ')?;
                Some((pid.parse().ok()?, command.trim_start().to_owned()))
            })
            .collect();
    }
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            Some((pid, command_line(pid)?))
        })
        .collect()
}

/// Sends a signal; a process that is already gone is fine.
pub(super) fn signal(pid: u32, signal: Signal) {
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(target) = target
        && let Err(error) = kill_process(target, signal)
    {
        tracing::debug!(pid, %error, "could not signal");
    }
}

/// Whether a process works in the folder with this device and inode, where
/// the system lets us see it.
pub(super) fn works_in(pid: u32, folder: (u64, u64)) -> bool {
    // By inode, so a renamed folder is still the same one.
    fs::metadata(format!("/proc/{pid}/cwd")).is_ok_and(|meta| (meta.dev(), meta.ino()) == folder)
}

fn has_proc() -> bool {
    Path::new("/proc/self/cmdline").exists()
}

/// Arguments are divided by zero bytes.
fn readable(mut bytes: Vec<u8>) -> String {
    for byte in &mut bytes {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn ps(arguments: &[&str]) -> Option<String> {
    let output = Command::new("ps").args(arguments).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
