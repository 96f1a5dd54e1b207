//! The one integration test binary. One file per subject; each helper of several tests lives in `support`.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod address;
mod arcgis_server;
mod case_properties;
mod casework;
mod demo;
mod dirty_files;
mod docs;
mod export;
mod fetch_cli;
mod fetch_client;
mod fetch_evidence;
mod fetch_layer;
mod fetch_pages;
mod fetch_refresh;
mod file_headers;
mod http_server;
mod ingest;
mod matching;
mod matching_rivals;
mod messages;
mod owner_deeds;
mod owner_groups;
mod owner_history;
mod owner_lines;
mod owner_link;
mod owner_sample;
mod refusals;
mod reliability;
mod removal_merge;
mod removals;
mod roll_changes;
mod support;
mod tidy;
mod year;
