//! Finds the Postgres programs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{error::ClusterError, owner::Owner};

/// The oldest major version this program works with.
const OLDEST: u32 = 15;

/// What a folder must have to be of use.
const NEEDED: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// Folders with one sub-folder for each version: parent, name before the
/// version, and where the programs are below that.
const FAMILIES: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// The programs of one Postgres installation.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// The first usable installation, or the one of major version `wanted`.
    ///
    /// `data` is only named in the error when `wanted` is not installed.
    pub(super) async fn find(owner: &Owner, wanted: Option<&str>, data: &Path) -> Result<Self, ClusterError> {
        Self::find_in(candidates(), owner, wanted, data).await
    }

    async fn find_in(
        dirs: Vec<PathBuf>,
        owner: &Owner,
        wanted: Option<&str>,
        data: &Path,
    ) -> Result<Self, ClusterError> {
        let mut other: Option<Self> = None;
        let mut too_old: Option<Self> = None;
        let mut broken = None;
        for dir in dirs {
            let found = match major_of(&dir, owner).await {
                Ok(major) => Self { dir, major },
                Err(error) => {
                    broken = broken.or(Some(error));
                    continue;
                }
            };
            if found.major < OLDEST {
                too_old = too_old.filter(|old| old.major >= found.major).or(Some(found));
            } else if wanted.is_none_or(|wanted| wanted == found.major.to_string()) {
                return Ok(found);
            } else {
                other = other.or(Some(found));
            }
        }
        Err(match (other, too_old, broken) {
            (Some(other), _, _) => ClusterError::OtherMajor {
                dir: data.to_owned(),
                data: wanted.unwrap_or_default().to_owned(),
                found: other.major,
            },
            (None, Some(old), _) => ClusterError::TooOld { found: old.major, dir: old.dir },
            (None, None, Some(error)) => error,
            (None, None, None) => ClusterError::NoPrograms,
        })
    }

    /// The path of one of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn major(&self) -> u32 {
        self.major
    }
}

/// Folders that have all the programs, in the order they are preferred.
fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs = Vec::new();
    let on_path = std::env::split_paths(&path).filter_map(|dir| resolve(&dir));
    for dir in on_path.chain(FAMILIES.into_iter().flat_map(family)) {
        let complete = NEEDED.iter().all(|name| dir.join(name).is_file());
        if complete && !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    dirs
}

/// Where the `postgres` in `dir` really is, for its siblings are there too.
fn resolve(dir: &Path) -> Option<PathBuf> {
    let program = fs::canonicalize(dir.join("postgres")).ok()?;
    Some(program.parent()?.to_owned())
}

/// The folders of one family, newest version first.
fn family((parent, prefix, below): (&str, &str, &str)) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = leading_number(entry.file_name().to_str()?.strip_prefix(prefix)?)?;
            Some((version, entry.path().join(below)))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().filter_map(|(_, dir)| resolve(&dir)).collect()
}

/// Asks `postgres` for its version, as the user that will run it.
async fn major_of(dir: &Path, owner: &Owner) -> Result<u32, ClusterError> {
    let broken = |reason: String| ClusterError::BrokenPrograms { dir: dir.to_owned(), reason };
    let output = owner
        .command(dir.join("postgres"), Path::new("/"))
        .arg("--version")
        .output()
        .await
        .map_err(|error| broken(format!("as user {}: {error}", owner.name())))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_major(&text).ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        broken(format!("it said {:?}", format!("{text}{said}").trim()))
    })
}

/// Reads `postgres (PostgreSQL) 15.13 (Debian …)`, also `18beta1`.
fn parse_major(text: &str) -> Option<u32> {
    leading_number(text.split_once("(PostgreSQL)")?.1.trim_start())
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn versions_are_read() {
        let debian = "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n";
        assert_eq!(parse_major(debian), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("postgres: not found"), None);
    }

    fn fake(base: &Path, version: &str) -> PathBuf {
        let dir = base.join(version);
        fs::create_dir_all(&dir).unwrap();
        let program = dir.join("postgres");
        fs::write(&program, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        dir
    }

    #[tokio::test]
    async fn versions_are_chosen() {
        let base = std::env::temp_dir().join(format!("kraken-fake-pg-{}", std::process::id()));
        let [old, newer, newest] = ["13.2", "16.1", "17.0"].map(|version| fake(&base, version));
        let me = Owner::current();
        let data = Path::new("/data");
        let find = |dirs: Vec<&PathBuf>, wanted| {
            Binaries::find_in(dirs.into_iter().cloned().collect(), &me, wanted, data)
        };

        assert_eq!(find(vec![&old, &newer], None).await.unwrap().major, 16);
        let both = vec![&newer, &newest];
        assert_eq!(find(both.clone(), Some("17")).await.unwrap().major, 17);
        let refused = find(both, Some("15")).await.unwrap_err();
        assert!(matches!(refused, ClusterError::OtherMajor { found: 16, .. }));
        let refused = find(vec![&old], None).await.unwrap_err();
        assert!(matches!(refused, ClusterError::TooOld { found: 13, .. }));
        let refused = find(vec![], None).await.unwrap_err();
        assert!(refused.to_string().contains("apt-get install postgresql"));
        fs::remove_dir_all(base).unwrap();
    }
}
