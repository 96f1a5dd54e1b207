//! What stands behind the street: units, a place, remarks, a second address.

use super::find::{self, has_strong_type};
use super::parse::Reader;
use super::shape;
use super::tokens::{Gap, Shape};
use super::unit;
use super::warning::Warning;
use crate::model::address::Occupancy;

/// Most units kept of one address (`BLDG 4 FL 2 STE 210`).
const UNITS_MAX: usize = 4;

impl Reader<'_> {
    /// Units, place and remarks behind the street.
    pub(super) fn read_behind(&mut self, from: usize, hi: usize) {
        let tokens = self.tokens;
        let mut at = from;
        let mut loose = from;
        while at < hi {
            let is_second_address = tokens.at(at).gap != Gap::Blank
                && find::number(tokens, at, hi).is_some_and(|f| f.at == at)
                && has_strong_type(tokens, at + 1, hi)
                && at > from.saturating_sub(1);
            // "STE D & E"
            let is_second_id = (tokens.at(at).shape == Shape::And || tokens.word(at) == "AND")
                && at == loose
                && (unit::is_bare_id(tokens, at + 1) || tokens.at(at + 1).shape == Shape::Letter)
                && at + 1 < hi
                && (at + 2 >= hi || tokens.at(at + 2).gap != Gap::Blank);
            if let Some(last) = self.address.occupancy.last_mut().filter(|_| is_second_id) {
                last.occupancy_id.push_str(" & ");
                last.occupancy_id.push_str(tokens.word(at + 1));
                at += 2;
                loose = at;
                continue;
            }
            if is_second_address || (tokens.at(at).shape == Shape::And && at + 1 < hi) {
                self.warnings.push(Warning::SeveralAddresses);
                self.take_words(loose, at);
                self.set_rest(at, hi);
                return;
            }
            if let Some(found) = unit::labelled(tokens, at, loose.saturating_sub(2), hi).filter(|f| f.start >= loose) {
                self.take_words(loose, found.start);
                self.push_unit(found.occupancy);
                at = found.end;
                // "# B101" has its id; "STE 5 4" has more of it.
                if at < hi
                    && tokens.at(at).gap == Gap::Blank
                    && tokens.at(at).shape == Shape::Letter
                    && unit::is_bare_id(tokens, at)
                    && tokens.at(at + 1).gap != Gap::Blank
                {
                    at += 1;
                }
                loose = at;
            } else if at == from
                && tokens.at(at).gap != Gap::Blank
                && unit::is_bare_id(tokens, at)
                && (at + 1 >= hi || tokens.at(at + 1).gap != Gap::Blank)
            {
                self.push_unit(Occupancy { occupancy_type: String::new(), occupancy_id: tokens.word(at).to_owned() });
                self.warnings.push(Warning::UnitUnlabelled);
                at += 1;
                loose = at;
            } else {
                at += 1;
            }
        }
        self.take_words(loose, hi);
    }

    /// Words behind the street that are no unit: what stands behind the last comma is the place.
    pub(super) fn take_words(&mut self, lo: usize, hi: usize) {
        if lo >= hi {
            return;
        }
        let tokens = self.tokens;
        let comma = (lo..hi).rev().find(|i| tokens.at(*i).gap == Gap::Comma).unwrap_or(lo);
        let dash = (lo..hi).find(|i| tokens.at(*i).gap == Gap::Dash);
        let has_figures = (comma..hi).any(|i| tokens.at(i).shape == Shape::Digits);
        let is_service =
            self.address.state.is_none() && [comma, hi - 1].iter().any(|i| shape::is_service_word(tokens.word(*i)));
        if dash.is_some() || has_figures || hi - comma > 5 || is_service {
            self.set_rest(lo, hi);
            self.warnings.push(Warning::Remark);
            return;
        }
        self.set_rest(lo, comma);
        self.set_place(comma, hi);
    }

    pub(super) fn push_unit(&mut self, occupancy: Occupancy) {
        // A private mailbox is no part of a building.
        if occupancy.occupancy_type == "PMB" {
            self.add_rest(&format!("PMB {}", occupancy.occupancy_id));
            return;
        }
        // "125 LEVEE ST 1/2" is 125 1/2 LEVEE ST.
        let number = self.address.address_number.as_mut().filter(|n| n.suffix.is_none() && n.high.is_none());
        if let Some(number) = number.filter(|_| occupancy.occupancy_type.is_empty())
            && matches!(occupancy.occupancy_id.as_str(), "1/2" | "1/4" | "3/4" | "1/3" | "2/3")
        {
            match occupancy.occupancy_id.as_str() {
                "1/2" => number.half = true,
                _ => number.suffix = Some(occupancy.occupancy_id),
            }
            return;
        }
        if self.address.occupancy.len() < UNITS_MAX {
            self.address.occupancy.push(occupancy);
        }
    }
}
