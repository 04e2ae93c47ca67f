//! The API as a client sees it: requests through the real router, on a real Postgres.
//!
//! Every test has a database of its own. What each request did is recorded; the scorecard judges the records.

mod support;

mod access;
mod altered;
mod bill_files;
mod bills;
mod books;
mod bulk;
mod campaigns;
mod captcha;
mod circumstances;
mod consents;
mod details;
mod domain;
mod dues;
mod dunning;
mod external_events;
mod feedback;
mod foreign;
mod limits;
mod login;
mod main_job;
mod masquerade;
mod metadata;
mod mfa;
mod papers;
mod password_change;
mod password_reset;
mod people;
mod portfolios;
mod post;
mod pre_signed;
mod preferences;
mod reminders;
mod roots;
mod rotation;
mod secrets;
mod service;
mod sessions;
mod statements;
mod throttling;
mod transfers;
