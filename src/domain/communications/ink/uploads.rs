//! Files that come with messages: each is uploaded under a key of its own before the message is told of.

use bytes::Bytes;

use crate::platform::random::Randomness;
use crate::platform::storage::{Storage, StorageError};

/// Where they lie.
const FOLDER: &str = "ink/";
/// What the store of files is called.
pub const BUCKET: &str = "kraken-files";
/// Characters of a name.
const LONGEST: usize = 100;
/// What can be shown for what it is, by how names end.
const MEDIA_TYPES: [(&str, &str); 6] = [
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("txt", "text/plain; charset=utf-8"),
];

/// A key that nobody can guess, for a file with this name; none if the name is too long or says nothing.
pub fn key(random: &Randomness, filename: &str) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' };
    let name: String = filename.trim().chars().map(plain).collect();
    let name = name.trim_start_matches(['.', '-']);
    let fits = name.len() <= LONGEST && name.contains(|c: char| c.is_ascii_alphanumeric());
    fits.then(|| format!("{FOLDER}{}/{name}", random.uuid()))
}

/// Whether files that come with messages have such keys.
pub fn is_key(key: &str) -> bool {
    key.starts_with(FOLDER) && !key.contains("..")
}

/// Keeps a file under its key, once: the same file again changes nothing, another is not taken. The caller has seen a form
/// that is good for the key.
pub async fn receive(storage: &dyn Storage, key: &str, file: Bytes) -> Result<bool, StorageError> {
    if let Some(known) = storage.get(key).await? {
        return Ok(known == file);
    }
    storage.put(key, file).await?;
    Ok(true)
}

/// The name of a file by its key.
pub fn filename(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}

/// Media type and name of the file under a key, if it is one that comes with messages.
pub fn described(key: &str) -> Option<(String, String)> {
    let name = is_key(key).then(|| filename(key))?;
    let ending = name.rsplit('.').next().unwrap_or_default();
    let known = MEDIA_TYPES.iter().find(|(known, _)| *known == ending);
    let media_type = known.map_or("application/octet-stream", |(_, media_type)| media_type);
    Some((media_type.to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_end_with_a_plain_name() {
        let random = Randomness::seeded(1);
        let key = key(&random, " ../Meter photo.JPG").expect("a key");
        assert!(is_key(&key) && key.ends_with("/meter-photo.jpg"), "{key}");
        assert_eq!(described(&key), Some(("image/jpeg".to_owned(), "meter-photo.jpg".to_owned())));
        for name in ["", " ", "...", "--", "x".repeat(101).as_str()] {
            assert_eq!(super::key(&random, name), None, "{name}");
        }
        assert_eq!(described("bills/1/1.pdf"), None);
        let page = described("ink/1/page.html").expect("a file");
        assert_eq!(page.0, "application/octet-stream", "nothing that a browser runs");
    }
}
