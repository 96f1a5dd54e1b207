//! Layers of ArcGIS REST services (FeatureServer and MapServer), whole or in part, page by page.
//!
//! [`layer`] reads what a layer says of itself, [`query`] asks, [`page`] looks at what came without unpacking it into rows,
//! [`harvest`] decides what to ask next and notices repeated and missing pages, [`rows`] makes rows of the kept pages for the
//! importer. Left out: services with a token, attachments, rasters, layers that can neither page nor list their object ids.

mod ahead;
pub mod harvest;
pub mod layer;
pub mod page;
pub mod query;
pub mod rows;
