//! The API as a client sees it: requests through the real router, on a real Postgres.
//!
//! Every test has a database of its own. What each request did is recorded; the scorecard judges the records.

mod support;

mod access;
mod altered;
mod bill_files;
mod billing_triggers;
mod bills;
mod books;
mod bulk;
mod businesses;
mod campaigns;
mod captcha;
mod circumstances;
mod collections;
mod consents;
mod contributions;
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
mod mirrors;
mod opening;
mod papers;
mod partner_users;
mod password_change;
mod password_reset;
mod people;
mod permissions;
mod portfolio_trees;
mod portfolios;
mod post;
mod pre_signed;
mod preferences;
mod proceedings;
mod reminders;
mod residence;
mod roots;
mod rotation;
mod scheduled;
mod secrets;
mod service;
mod sessions;
mod statements;
mod throttling;
mod transfers;
