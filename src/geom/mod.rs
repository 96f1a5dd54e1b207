//! True positions: coordinate systems (`crs`), distances, point in parcel and nearest parcel, well-known binary.

pub mod box_index;
pub mod crs;
pub mod distance;
pub mod lots;
pub mod parcel_index;
mod point_index;
pub mod wkb;
mod wkt;

pub use parcel_index::ParcelGeometryIndex;
pub use point_index::PointIndex;
