//! Validated documents, kept by text and operation name.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

use super::document::{Prepared, RequestError};

/// Most documents kept.
const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(2_000).unwrap();
/// Most text kept, in bytes; parsed documents take about 30 times that.
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// A longer document is not kept.
const MAX_ENTRY_BYTES: usize = 32 * 1024;

/// What is known of a document: ready to run, or why not.
pub(super) type Verdict = Result<Arc<Prepared>, Arc<Vec<RequestError>>>;

#[derive(PartialEq, Eq, Hash)]
struct Key {
    text: Box<str>,
    operation: Option<Box<str>>,
}

pub(super) struct DocumentCache {
    inner: Mutex<Inner>,
}

struct Inner {
    known: LruCache<Key, Verdict>,
    bytes: usize,
}

impl DocumentCache {
    pub(super) fn new() -> Self {
        Self { inner: Mutex::new(Inner { known: LruCache::new(MAX_ENTRIES), bytes: 0 }) }
    }

    pub(super) fn get_or(
        &self,
        text: &str,
        operation: Option<&str>,
        make: impl FnOnce() -> Verdict,
    ) -> Verdict {
        if text.len() > MAX_ENTRY_BYTES {
            return make();
        }
        let key = Key { text: text.into(), operation: operation.map(Into::into) };
        if let Some(known) = self.lock().known.get(&key) {
            return known.clone();
        }
        let made = make();
        let mut inner = self.lock();
        inner.bytes += text.len();
        if let Some((old, _)) = inner.known.push(key, made.clone()) {
            inner.bytes = inner.bytes.saturating_sub(old.text.len());
        }
        while inner.bytes > MAX_BYTES {
            match inner.known.pop_lru() {
                Some((old, _)) => inner.bytes = inner.bytes.saturating_sub(old.text.len()),
                None => inner.bytes = 0,
            }
        }
        made
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
