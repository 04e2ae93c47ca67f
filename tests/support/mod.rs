//! Shared by the tests of the HTTP face and by the fuzz targets.

pub mod feed;
pub mod small;
