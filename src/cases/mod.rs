//! Illegal-connection cases and removal orders: which step may follow which, with what evidence, by whom, at what price.
//!
//! Pure. The state machines are data (`data/policy/states.json`), amounts and deadlines are policy (`data/policy/default.toml`);
//! the code knows only how to judge them. Not here: who owns a parcel (`ownership`), lists for crews (`fieldwork`), any storage.

pub mod refusal;

pub mod machine;

pub mod policy;
pub mod policy_check;

pub mod calendar;
pub mod offense;

pub mod estimate;

pub mod charge;
pub mod checklist;

pub mod plan;

pub mod gate;
pub mod pull;
pub mod removal;
