//! Where files are kept, and links to them that work for a while.

pub mod s3;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

/// What links are signed with; the same for all servers.
pub type LinkSecret = [u8; 64];

/// How long a link works.
pub const LINK_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Why a file was neither kept nor read.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The key is not one under which files are kept.
    #[error("files are not kept under such a key")]
    Key,
    /// The folder or service failed.
    #[error("the storage failed: {0}")]
    Failed(String),
}

/// Whoever keeps files. A key is lower-case words, digits, dots and dashes, in folders divided by slashes; what is
/// kept under a key never changes, so keeping it a second time does no harm.
pub trait Storage: Send + Sync {
    /// Keeps a file; once this answers it is there for every server.
    fn put<'a>(&'a self, key: &'a str, bytes: Bytes) -> BoxFuture<'a, Result<(), StorageError>>;

    /// The file under a key.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StorageError>>;
}

/// Whether files may be kept under this key: nothing that leads out of the folder.
fn is_key(key: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let is_name = |name: &str| !name.is_empty() && !name.starts_with('.') && name.bytes().all(fits);
    key.len() <= 200 && key.split('/').all(is_name)
}

/// Keeps files in a folder, which several servers may share.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Files below `root`, which is made when the first is kept.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn place(&self, key: &str) -> Result<PathBuf, StorageError> {
        if is_key(key) { Ok(self.root.join(key)) } else { Err(StorageError::Key) }
    }
}

fn failed(error: std::io::Error) -> StorageError {
    StorageError::Failed(error.to_string())
}

impl Storage for Folder {
    fn put<'a>(&'a self, key: &'a str, bytes: Bytes) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            let place = self.place(key)?;
            tokio::task::spawn_blocking(move || write_whole(&place, &bytes))
                .await
                .map_err(|error| StorageError::Failed(error.to_string()))?
                .map_err(failed)
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StorageError>> {
        Box::pin(async move {
            match tokio::fs::read(self.place(key)?).await {
                Ok(bytes) => Ok(Some(Bytes::from(bytes))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(failed(error)),
            }
        })
    }
}

/// Writes all of a file or nothing, whoever writes the same beside it. Only the owner can read it.
fn write_whole(place: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let folder = place.parent().unwrap_or(place);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft =
        folder.join(format!(".draft-{}-{}", std::process::id(), DRAFTS.fetch_add(1, Ordering::Relaxed)));
    let mut out =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    let written =
        out.write_all(bytes).and_then(|()| out.sync_all()).and_then(|()| std::fs::rename(&draft, place));
    if written.is_err() {
        // The draft is worth nothing; that it could not be removed matters less than why it was not written.
        let _ = std::fs::remove_file(&draft);
    }
    written
}

/// Files, and the address under which this server gives them out.
#[derive(Clone)]
pub struct Files {
    /// Where they are.
    pub storage: Arc<dyn Storage>,
    base_url: Arc<str>,
}

/// A link that works until a moment of wall time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The address.
    pub url: String,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
}

impl Files {
    /// `base_url` is the address that clients know the server by, without a slash at the end.
    pub fn new(storage: Arc<dyn Storage>, base_url: &str) -> Self {
        Self { storage, base_url: base_url.into() }
    }

    /// The address of a path of this server, which begins with a slash.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// A link to the file under a key, signed with the secret that all servers share.
    pub fn link(&self, key: &str, secret: &LinkSecret, now: DateTime<Utc>) -> Link {
        let (query, expires_at) = sealed(key, secret, now + LINK_LIFETIME);
        Link { url: self.address(&format!("/files/{key}?{query}")), expires_at }
    }

    /// A form by which the file under a key can be sent; [`is_good_upload`] judges what comes back.
    pub fn upload(&self, key: &str, secret: &LinkSecret, now: DateTime<Utc>) -> Upload {
        let expires = (now + LINK_LIFETIME).timestamp();
        let signature = hex(&signed(&place(key), expires, secret).finalize().into_bytes());
        Upload { url: self.address("/uploads/"), key: key.to_owned(), expires, signature }
    }

    /// A link to a page of this server until a moment. Its path begins without a slash; [`is_good`] judges what comes back.
    pub fn page_link(&self, path: &str, secret: &LinkSecret, until: DateTime<Utc>) -> Link {
        let (query, expires_at) = sealed(path, secret, until);
        Link { url: self.address(&format!("/{path}?{query}")), expires_at }
    }
}

/// What a form for one file says until it is too old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Where the form is sent.
    pub url: String,
    /// Under which the file will be kept.
    pub key: String,
    /// When the form stops working, in seconds.
    pub expires: i64,
    /// What shows that this server made it.
    pub signature: String,
}

/// What is signed of a form. No key has a colon, so no link to a file is good for sending one.
fn place(key: &str) -> String {
    format!("uploads:{key}")
}

/// Whether a form was made for this key and moment, and the moment has not passed.
pub fn is_good_upload(
    key: &str,
    expires: i64,
    signature: &str,
    secret: &LinkSecret,
    now: DateTime<Utc>,
) -> bool {
    is_key(key) && is_good(&place(key), expires, signature, secret, now)
}

/// What a link says beside what it leads to.
fn sealed(key: &str, secret: &LinkSecret, until: DateTime<Utc>) -> (String, DateTime<Utc>) {
    let expires = until.timestamp();
    let signature = hex(&signed(key, expires, secret).finalize().into_bytes());
    (format!("expires={expires}&signature={signature}"), until)
}

/// Whether a signature was made for this key and moment, and the moment has not passed.
pub fn is_good(key: &str, expires: i64, signature: &str, secret: &LinkSecret, now: DateTime<Utc>) -> bool {
    let Some(bytes) = unhex(signature) else { return false };
    signed(key, expires, secret).verify_slice(&bytes).is_ok() && now.timestamp() < expires
}

fn signed(key: &str, expires: i64, secret: &LinkSecret) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&(*secret).into());
    mac.update(key.as_bytes());
    mac.update(b"\n");
    mac.update(expires.to_string().as_bytes());
    mac
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32).map(|place| u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leads_out_of_the_folder() {
        for key in ["bills/90001/1.pdf", "a", "a-b/c.d"] {
            assert!(is_key(key), "{key}");
        }
        let long = "a".repeat(201);
        for key in
            ["", "/a", "a/", "a//b", "..", "a/../b", ".a", "A", "a b", "a\\b", "ä", "a\0", long.as_str()]
        {
            assert!(!is_key(key), "{key}");
        }
    }

    #[test]
    fn a_form_is_good_for_sending_its_file_and_a_link_for_getting_it() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        let files = Files::new(Arc::new(Folder::new(PathBuf::new())), "https://api.test");
        let secret = [7; 64];
        let form = files.upload("a/1", &secret, now);
        assert_eq!((form.url.as_str(), form.expires), ("https://api.test/uploads/", 1_700_003_600));
        let good = |key: &str, expires, at| is_good_upload(key, expires, &form.signature, &secret, at);
        assert!(good("a/1", form.expires, now));
        assert!(!good("a/2", form.expires, now) && !good("a/1", form.expires + 1, now));
        assert!(!good("a/1", form.expires, now + LINK_LIFETIME));
        assert!(!is_good("a/1", form.expires, &form.signature, &secret, now));
        let link = files.link("a/1", &secret, now);
        let (_, signature) = link.url.split_once("&signature=").expect("a signature");
        assert!(!is_good_upload("a/1", form.expires, signature, &secret, now));
    }

    #[test]
    fn a_link_is_good_for_its_file_and_its_hour() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        let files = Files::new(Arc::new(Folder::new(PathBuf::new())), "https://api.test");
        let (secret, other) = ([7; 64], [8; 64]);
        let link = files.link("bills/1/1.pdf", &secret, now);
        assert_eq!(link.expires_at, now + LINK_LIFETIME);
        let (start, signature) = link.url.split_once("&signature=").expect("a signature");
        assert_eq!(start, "https://api.test/files/bills/1/1.pdf?expires=1700003600");
        let expires = 1_700_003_600;
        let good = is_good;
        assert!(good("bills/1/1.pdf", expires, signature, &secret, now));
        assert!(!good("bills/1/1.pdf", expires, signature, &secret, link.expires_at));
        assert!(!good("bills/2/1.pdf", expires, signature, &secret, now));
        assert!(!good("bills/1/1.pdf", expires + 1, signature, &secret, now));
        assert!(!good("bills/1/1.pdf", expires, signature, &other, now));
        for odd in ["", "00", &"0".repeat(64), &"é".repeat(32), &signature[1..]] {
            assert!(!good("bills/1/1.pdf", expires, odd, &secret, now), "{odd}");
        }
    }
}
