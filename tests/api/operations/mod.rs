//! What the retailer's people look after.

mod attachments;
mod complaints;
mod exceptions;
mod verification;
mod visits;
