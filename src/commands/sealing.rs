//! The key that bank details are sealed with: given, or drawn once and kept in the home.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::config::Config;
use super::open::Problem;
use crate::platform::random::Randomness;
use crate::platform::sealing::Key;

const FILE: &str = "sealing.key";

/// The installation's key.
///
/// # Errors
/// If what was given or kept is no key, or none can be kept.
pub(super) fn key(config: &Config, random: &Randomness) -> Result<Key, Problem> {
    if let Some(given) = config.sealing_key.as_deref().filter(|text| !text.is_empty()) {
        return read(given).ok_or_else(|| not_a_key("KRAKEN_SEALING_KEY"));
    }
    let file = config.home()?.join(FILE);
    if !file.exists() {
        draw(&file, random)?;
    }
    let kept = std::fs::read_to_string(&file)?;
    read(kept.trim()).ok_or_else(|| not_a_key(&file.display().to_string()))
}

fn not_a_key(place: &str) -> Problem {
    Problem::Other(format!("{place} holds no key: 64 hexadecimal digits are expected"))
}

fn read(text: &str) -> Option<Key> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

/// Draws a key and keeps it, unless another server has done so meanwhile: a link is never made over a file.
fn draw(file: &Path, random: &Randomness) -> std::io::Result<()> {
    let draft = file.with_extension(format!("draft-{}", std::process::id()));
    let mut out =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(out, "{}", random.hex(64))?;
    out.sync_all()?;
    let linked = std::fs::hard_link(&draft, file);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        assert_eq!(read(&"0f".repeat(32)), Some([15; 32]));
        for text in ["", "0f", &"0g".repeat(32), &"é".repeat(32)] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
