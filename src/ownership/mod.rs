//! Who owns it as of a date, and which owners belong together: pure rules, no database.
//!
//! `name` (from what `owner_name` read) and `mailing` make comparison keys; `roll` collects them (`sorter` sorts the keys of a large one); `place` judges a mailing address; `compare` judges a
//! pair; `group` unites; `registry` numbers groups. `interval` answers "owner as of". Left out: storing.

pub mod compare;
pub mod group;
pub mod interval;
pub mod learnt;
pub mod mailing;
pub mod name;
pub mod place;
pub mod registry;
pub mod roll;
pub mod roll_keys;
pub mod roll_names;
mod sorter;
pub mod texts;
mod words;
