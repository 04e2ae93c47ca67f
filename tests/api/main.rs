//! The API as a client sees it: requests through the real router, on a real Postgres.
//!
//! Every test has a database of its own. What each request did is recorded; the scorecard judges the records.

mod support;

mod access;
mod altered;
mod books;
mod domain;
mod login;
mod main_job;
mod masquerade;
mod pre_signed;
mod roots;
mod secrets;
mod service;
mod sessions;
mod statements;
