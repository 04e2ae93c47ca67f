//! What requests spend their time on, for whoever asks: with `KRAKEN_LOG=info,phase=trace` each phase leaves a line that
//! says how long it took. Phases may lie within one another. Nobody asks as a rule, and then the clock is not even read.

use std::time::Instant;

use tracing::Level;

/// A phase that lasts until it is dropped.
#[must_use = "it ends when it is dropped"]
pub(crate) struct Phase {
    name: &'static str,
    begun: Option<Instant>,
}

impl Phase {
    /// Begins a phase.
    pub(crate) fn begin(name: &'static str) -> Self {
        let asked = tracing::enabled!(target: "phase", Level::TRACE);
        Self { name, begun: asked.then(Instant::now) }
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        if let Some(begun) = self.begun {
            let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
            tracing::trace!(target: "phase", name = self.name, nanos);
        }
    }
}
