//! What outside parties answer when they are handed something.

/// What became of handing something over. Whoever takes it names it by a reference of its own from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt<R = &'static str> {
    /// It was taken, perhaps already an earlier time.
    Taken {
        /// What its reports will name it by.
        reference: String,
    },
    /// Not now, or the answer was lost on the way: whether it was taken is not known until it is handed over again.
    Later(&'static str),
    /// Never, and why.
    Refused(R),
}
