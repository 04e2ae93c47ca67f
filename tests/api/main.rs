//! The API as a client sees it: requests through the real router, on a real Postgres.
//!
//! Every test has a database of its own. What each request did is recorded; the scorecard judges the records.

mod support;

mod access;
mod altered;
mod books;
mod businesses;
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
mod mirrors;
mod opening;
mod partner_users;
mod password_change;
mod password_reset;
mod people;
mod portfolio_trees;
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
