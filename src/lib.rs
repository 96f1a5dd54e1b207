//! taptrace: who owns the property behind a water tap, and what may be done about it.
//!
//! The library works without the command line. Layers, bottom first, and what each may use, are in `docs/ARCHITECTURE.md`;
//! `tests/it/tidy.rs` enforces them.

pub mod model;

pub mod address;
pub mod owner_name;

pub mod geom;

pub mod matching;
pub mod ownership;

pub mod cases;
pub mod fieldwork;

pub mod ingest;
pub mod store;

pub mod pipeline;

pub mod export;

pub mod cli;
