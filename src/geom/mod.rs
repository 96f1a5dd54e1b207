//! True positions: coordinate systems (`crs`) and what builds on degrees.

pub mod crs;
mod wkt;
