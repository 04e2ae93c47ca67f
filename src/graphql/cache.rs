//! Validated documents, kept by text and operation name, within a budget of memory.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::document::{Prepared, RequestError};

/// Most documents kept.
const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(2_000).unwrap();
/// Most memory that all kept documents may take, by their own estimate.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// A document whose text and operation name are longer is not kept.
const MAX_ENTRY_BYTES: usize = 32 * 1024;
/// What keeping an entry takes besides its parts.
const ENTRY_OVERHEAD: usize = 256;

/// What is known of a document: ready to run, or why not.
pub(super) type Verdict = Result<Arc<Prepared>, Arc<Vec<RequestError>>>;

struct Key {
    text: Box<str>,
    operation: Option<Box<str>>,
}

/// A key, owned or borrowed: looking up copies nothing.
trait AsKey {
    fn parts(&self) -> (&str, Option<&str>);
}

impl AsKey for Key {
    fn parts(&self) -> (&str, Option<&str>) {
        (&self.text, self.operation.as_deref())
    }
}

impl AsKey for (&str, Option<&str>) {
    fn parts(&self) -> (&str, Option<&str>) {
        *self
    }
}

impl<'a> Borrow<dyn AsKey + 'a> for Key {
    fn borrow(&self) -> &(dyn AsKey + 'a) {
        self
    }
}

impl Hash for dyn AsKey + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialEq for dyn AsKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn AsKey + '_ {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Key {}

pub(super) struct DocumentCache {
    inner: Mutex<Inner>,
}

struct Entry {
    verdict: Verdict,
    weight: usize,
}

struct Inner {
    known: LruCache<Key, Entry>,
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
        let length = text.len() + operation.map_or(0, str::len);
        if length > MAX_ENTRY_BYTES {
            return make();
        }
        let key: &dyn AsKey = &(text, operation);
        if let Some(known) = self.lock().known.get(key) {
            return known.verdict.clone();
        }
        // Made without the lock: two requests may make the same, and the later one is kept.
        let verdict = make();
        let weight = ENTRY_OVERHEAD + length + weight(&verdict);
        let key = Key { text: text.into(), operation: operation.map(Into::into) };
        self.lock().keep(key, Entry { verdict: verdict.clone(), weight });
        verdict
    }

    /// Documents kept and their weight.
    #[cfg(test)]
    fn size(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.known.len(), inner.bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, key: Key, entry: Entry) {
        if entry.weight > MAX_BYTES {
            return;
        }
        self.bytes += entry.weight;
        if let Some((_, old)) = self.known.push(key, entry) {
            self.bytes = self.bytes.saturating_sub(old.weight);
        }
        while self.bytes > MAX_BYTES
            && let Some((_, old)) = self.known.pop_lru()
        {
            self.bytes = self.bytes.saturating_sub(old.weight);
        }
    }
}

fn weight(verdict: &Verdict) -> usize {
    match verdict {
        Ok(prepared) => prepared.weight(),
        Err(errors) => errors.iter().map(|error| size_of::<RequestError>() + error.message.len()).sum(),
    }
}

/// Memory for what documents collect once they run: plans, answers to introspection. Shared by all
/// documents of an engine; where it is used up, things are made anew each time.
pub(super) struct Budget(AtomicUsize);

impl Budget {
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(bytes)))
    }

    /// Takes `bytes`, if there are as many.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(length: usize) -> Verdict {
        Err(Arc::new(vec![RequestError::new("x".repeat(length))]))
    }

    #[test]
    fn what_is_kept_stays_within_the_number_and_the_weight() {
        let cache = DocumentCache::new();
        for number in 0..3_000 {
            let _ = cache.get_or(&format!("{{ a{number} }}"), None, || refusal(100_000));
        }
        let (entries, bytes) = cache.size();
        assert!(entries > 100 && entries <= MAX_ENTRIES.get(), "{entries} are kept");
        assert!(bytes <= MAX_BYTES, "{bytes} bytes are kept");
        for number in 0..3_000 {
            let _ = cache.get_or(&format!("{{ b{number} }}"), None, || refusal(1));
        }
        assert_eq!(cache.size().0, MAX_ENTRIES.get());
    }

    #[test]
    fn a_long_operation_name_is_not_kept() {
        let cache = DocumentCache::new();
        let _ = cache.get_or("{ a }", Some(&"n".repeat(MAX_ENTRY_BYTES)), || refusal(1));
        assert_eq!(cache.size(), (0, 0));
    }

    #[test]
    fn text_and_operation_name_are_told_apart() {
        let cache = DocumentCache::new();
        let message = |text: &str, operation: Option<&str>, given: &str| {
            let made = cache.get_or(text, operation, || Err(Arc::new(vec![RequestError::new(given)])));
            made.err().map(|errors| errors[0].message.clone())
        };
        assert_eq!(message("{ a }", None, "none").as_deref(), Some("none"));
        assert_eq!(message("{ a }", Some(""), "empty").as_deref(), Some("empty"));
        assert_eq!(message("{ a }", Some("B"), "b").as_deref(), Some("b"));
        assert_eq!(message("{ a }", None, "made again").as_deref(), Some("none"));
    }

    #[test]
    fn a_budget_gives_no_more_than_it_has() {
        let budget = Budget::new(10);
        assert!(budget.take(7));
        assert!(!budget.take(4));
        budget.give_back(7);
        assert!(budget.take(10));
    }
}
