//! The use cases, one file per stage: the only meeting place of the pure modules, `ingest` and `store`.

pub mod address_file;
pub mod address_parsing;
pub mod case_evidence;
pub mod case_money;
pub mod casework;
pub mod evaluation;
pub mod fetch_manifest;
pub mod fetch_vault;
pub mod import;
pub mod link;
pub mod owner_chains;
pub mod owner_lines;
pub mod owner_link;
pub mod owner_roll;
pub mod ownership;
pub mod page_test;
pub mod reference;
pub mod removal;
pub mod removal_list;
pub mod removal_merge;
pub mod research;
pub mod sample;
pub mod tap;
