//! The API as a client sees it: requests through the real router, on a real Postgres.
//!
//! Every test has a database of its own. What each request did is recorded; the scorecard judges the records.

mod support;

mod access;
mod books;
mod domain;
mod limits;
mod login;
mod main_job;
mod roots;
mod service;
mod statements;
mod throttling;
