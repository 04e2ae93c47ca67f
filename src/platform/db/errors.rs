use sqlx::Error;

/// The database error behind a use case's error, where there is one.
pub trait Cause {
    /// The error that Postgres or the pool gave.
    fn cause(&self) -> Option<&Error>;
}

impl Cause for Error {
    fn cause(&self) -> Option<&Error> {
        Some(self)
    }
}

/// Implements [`Cause`] for error enums with a `Database` variant.
macro_rules! database_error {
    ($($error:ty),+ $(,)?) => {$(
        impl $crate::platform::db::Cause for $error {
            fn cause(&self) -> Option<&sqlx::Error> {
                match self {
                    Self::Database(error) => Some(error),
                    _ => None,
                }
            }
        }
    )+};
}
pub(crate) use database_error;

/// The name of the constraint that an error is about.
pub fn violated(error: &Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}

/// Whether an error says that `constraint` would not hold.
pub fn on_constraint(error: &Error, constraint: &str) -> bool {
    violated(error) == Some(constraint)
}

/// Whether the same transaction may well succeed when it is run again.
pub fn is_transient(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code());
    // Serialization failure and deadlock.
    matches!(code.as_deref(), Some("40001" | "40P01"))
}
