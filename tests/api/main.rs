//! The API as a client sees it: requests through the real router, on a real Postgres.
//!
//! Every test has a database of its own. What each request did is recorded; the scorecard judges the records.

mod support;

mod access;
mod altered;
mod bill_files;
mod bills;
mod books;
mod captcha;
mod details;
mod domain;
mod dunning;
mod foreign;
mod limits;
mod login;
mod main_job;
mod masquerade;
mod mfa;
mod password_change;
mod password_reset;
mod people;
mod portfolios;
mod post;
mod pre_signed;
mod roots;
mod rotation;
mod secrets;
mod service;
mod sessions;
mod statements;
mod throttling;
mod transfers;
