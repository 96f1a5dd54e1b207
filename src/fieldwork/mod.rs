//! Removal lists for crews: choose stops, put them in driving order, freeze, compare versions, take results back.
//!
//! Pure. Not here: whether an order may be on a list at all (`cases::removal`), printing (`export`), storing (`store`).

pub mod choose;
pub mod route;

pub mod freeze;

pub mod result;
pub mod table;

pub mod merge;
