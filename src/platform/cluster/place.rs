//! Decides where the cluster lives and who owns it.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    error::ClusterError,
    owner::{Owner, is_root},
};

/// Where data goes when the user that runs Postgres cannot reach the home.
const ELSEWHERE: &str = "/var/lib/kraken-api";

/// The folder of one cluster: its data, its locks and its log.
#[derive(Debug)]
pub(super) struct Place {
    /// Private folder of `owner`.
    pub(super) root: PathBuf,
    /// Short name of the home, the same for every process.
    pub(super) key: String,
    pub(super) owner: Owner,
    /// Sentences for whoever starts the server.
    pub(super) notes: Vec<String>,
}

impl Place {
    /// Finds the place that belongs to `home`, and creates it when it is new.
    pub(super) async fn of(home: &Path) -> Result<Self, ClusterError> {
        fs::create_dir_all(home).map_err(ClusterError::io("create", home))?;
        let home = fs::canonicalize(home).map_err(ClusterError::io("resolve", home))?;
        let key = key_of(&home);
        let inside = home.join("postgres");
        if !is_root() {
            let owner = Owner::current();
            own_private_dir(&inside, &owner)?;
            return Ok(Self::new(inside, key, owner, Vec::new()));
        }
        Self::for_root(&home, inside, key).await
    }

    async fn for_root(home: &Path, inside: PathBuf, key: String) -> Result<Self, ClusterError> {
        let elsewhere = Path::new(ELSEWHERE).join(&key);
        // Data that exists decides, or a changed mode would seem to lose it.
        if has_data(&inside) {
            let owner = Owner::of(&inside).await?;
            return Self::reached(inside, key, owner, Vec::new()).await;
        }
        if has_data(&elsewhere) {
            let owner = Owner::of(&elsewhere).await?;
            let notes = vec![moved_note(&owner, home, &elsewhere)];
            return Self::reached(elsewhere, key, owner, notes).await;
        }
        let owner = Owner::stand_in().await?;
        match make_private_dir(&inside, &owner) {
            Ok(()) if owner.reaches(&inside).await? => {
                return Ok(Self::new(inside, key, owner, Vec::new()));
            }
            // A folder that keeps no owner, as on some mounts, is no use either.
            Ok(()) => {}
            Err(error) => tracing::debug!(%error, path = %inside.display(), "cannot own"),
        }
        // Ours and empty, or not ours to remove.
        let _ = fs::remove_dir(&inside);
        fs::create_dir_all(ELSEWHERE).map_err(ClusterError::io("create", ELSEWHERE))?;
        // Passable whatever the umask; what is in it is private.
        fs::set_permissions(ELSEWHERE, Permissions::from_mode(0o755))
            .map_err(ClusterError::io("open up", ELSEWHERE))?;
        make_private_dir(&elsewhere, &owner).map_err(ClusterError::io("create", &elsewhere))?;
        let notes = vec![moved_note(&owner, home, &elsewhere)];
        Self::reached(elsewhere, key, owner, notes).await
    }

    async fn reached(
        root: PathBuf,
        key: String,
        owner: Owner,
        notes: Vec<String>,
    ) -> Result<Self, ClusterError> {
        if owner.reaches(&root).await? {
            return Ok(Self::new(root, key, owner, notes));
        }
        Err(ClusterError::Unreachable { user: owner.name().to_owned(), path: root })
    }

    fn new(root: PathBuf, key: String, owner: Owner, notes: Vec<String>) -> Self {
        Self { root, key, owner, notes }
    }

    /// The data folder, which is either complete or not there.
    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Where the output of the postmaster goes.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("server.log")
    }
}

fn has_data(root: &Path) -> bool {
    root.join("data").join("PG_VERSION").exists()
}

fn moved_note(owner: &Owner, home: &Path, elsewhere: &Path) -> String {
    format!(
        "The database is in {}: user {} runs Postgres, since Postgres refuses to run as root, and cannot reach {}.",
        elsewhere.display(),
        owner.name(),
        home.display(),
    )
}

/// Creates a folder only `owner` can enter, or makes it so.
fn make_private_dir(dir: &Path, owner: &Owner) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    owner.adopt_dir(dir)?;
    fs::set_permissions(dir, Permissions::from_mode(0o700))
}

/// The same for an ordinary user, who cannot take over what others own.
fn own_private_dir(dir: &Path, owner: &Owner) -> Result<(), ClusterError> {
    match fs::metadata(dir) {
        Ok(meta) if meta.uid() != owner.uid() => Err(ClusterError::Foreign {
            path: dir.to_owned(),
            uid: meta.uid(),
            wanted: owner.name().to_owned(),
        }),
        _ => make_private_dir(dir, owner).map_err(ClusterError::io("create", dir)),
    }
}

/// A short name for a path: 64 bits are plenty for the homes of one machine.
fn key_of(home: &Path) -> String {
    let digest = Sha256::digest(home.as_os_str().as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
