//! The domain against a real Postgres. `DATABASE_URL` names a server on which databases may be made;
//! without it these trials do nothing.

mod access;
mod books;
mod support;
mod tokens;
mod world;
