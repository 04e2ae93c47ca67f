//! What every area stands on: calendars, clocks, ids, money, markets, the database, files.

pub mod calendar;
pub mod clock;
pub mod cluster;
pub mod db;
pub mod ids;
pub mod jobs;
pub mod market;
pub mod money;
pub mod outside;
pub mod page;
pub mod pdf;
pub mod random;
pub mod recurrence;
pub mod sealing;
pub mod storage;
pub mod telemetry;
pub mod tls;
