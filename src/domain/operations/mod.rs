//! What the retailer's people look after: complaints, journeys that failed, files that customers hand in, who somebody on the
//! telephone is, and what field agents tell of their visits.

pub mod attachments;
pub mod complaints;
pub mod exceptions;
pub mod verification;
pub mod visits;
