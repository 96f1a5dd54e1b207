//! The nouns of the trade as plain data: what a parcel, a premise, a tap, a party *is*.
//!
//! No I/O, no clock, no business rule that needs another module. Everything here can be built by hand in a test.
//! Not here: how a thing is stored (`store`), parsed (`address`, `owner_name`) or judged (`matching`, `ownership`).

pub mod address;
pub mod date;
pub mod deed;
pub mod domain;
pub mod id;
pub mod link;
pub mod money;
pub mod parcel;
pub mod party;
pub mod premise;
pub mod report;
pub mod snapshot;
pub mod tap;
pub mod texts;
