//! Whether a file's geometries lie where they should: on the globe, and in the county the profile means.
//!
//! One project read Cleveland County, North Carolina, for the one in Oklahoma for months; a wrong zone or unit shows the same way.

use std::path::Path;

use crate::ingest::error::Error;
use crate::ingest::limits::GEOMETRIES_OUTSIDE_MAX;
use crate::ingest::shape::{Finished, Geometry, Warning};

/// Geometries seen before the extent is judged.
const SEEN_BEFORE_JUDGING: u64 = 200;

/// Counts geometries inside and outside.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    extent: Option<[f64; 4]>,
    n_good: u64,
    n_not_degrees: u64,
    n_outside: u64,
    first_bad: (f64, f64),
    first_outside: (f64, f64),
}

impl Gate {
    pub(crate) fn new(extent: Option<[f64; 4]>) -> Self {
        Self { extent, ..Self::default() }
    }

    /// Takes a finished geometry, gives it back when usable.
    pub(crate) fn pass(
        &mut self,
        path: &Path,
        finished: Finished,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Geometry>, Error> {
        match finished {
            Finished::None => Ok(None),
            Finished::NotDegrees(x, y) => {
                if self.n_not_degrees == 0 {
                    self.first_bad = (x, y);
                }
                self.n_not_degrees += 1;
                if self.n_not_degrees >= GEOMETRIES_OUTSIDE_MAX {
                    self.judge(path)?;
                }
                Ok(None)
            }
            Finished::Some(geometry) => {
                self.n_good += 1;
                self.check_extent(&geometry, warnings);
                if self.n_good == SEEN_BEFORE_JUDGING {
                    self.judge(path)?;
                }
                Ok(Some(geometry))
            }
        }
    }

    fn check_extent(&mut self, geometry: &Geometry, warnings: &mut Vec<Warning>) {
        let Some([west, south, east, north]) = self.extent else { return };
        let p = geometry.label_point;
        if (west..=east).contains(&p.lon) && (south..=north).contains(&p.lat) {
            return;
        }
        if self.n_outside == 0 {
            self.first_outside = (p.lon, p.lat);
        }
        self.n_outside += 1;
        let detail = format!("{:.5}, {:.5} lies outside the extent of the profile", p.lon, p.lat);
        warnings.push(Warning { code: "outside_extent", detail });
    }

    /// The verdict so far; call again at the end of the file.
    pub(crate) fn judge(&self, path: &Path) -> Result<(), Error> {
        let path = || path.display().to_string();
        if self.n_good == 0 && self.n_not_degrees > 0 {
            return Err(Error::NotDegrees { path: path(), x: self.first_bad.0, y: self.first_bad.1 });
        }
        if self.n_outside * 2 > self.n_good {
            return Err(Error::WrongExtent {
                path: path(),
                n_outside: self.n_outside,
                n_seen: self.n_good,
                lon: self.first_outside.0,
                lat: self.first_outside.1,
            });
        }
        Ok(())
    }
}
