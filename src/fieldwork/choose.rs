//! Which orders go on a list: by area, priority, due date and ticket, with the reason for each one left out.

use crate::model::date::CivilDate;
use crate::model::parcel::LonLat;

/// An order that could go on a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Public number.
    pub order_no: String,
    /// Position, when there is one.
    pub position: Option<LonLat>,
    /// 1 is most urgent.
    pub priority: i64,
    /// Wanted by.
    pub due_on: Option<CivilDate>,
    /// Last day of the locate ticket.
    pub ticket_expires_on: Option<CivilDate>,
}

/// What is wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// West, south, east, north in degrees.
    pub bbox: Option<[f64; 4]>,
    /// Least urgent priority.
    pub priority_max: Option<i64>,
    /// Due on or before.
    pub due_by: Option<CivilDate>,
    /// The ticket must live on this day.
    pub ticket_valid_on: Option<CivilDate>,
    /// Most stops.
    pub n_stops_max: Option<usize>,
}

/// Positions of the chosen candidates (most urgent first: priority, ticket expiry, due date, number), and those left out with the reason.
pub fn choose(candidates: &[Candidate], wanted: &Selection) -> (Vec<usize>, Vec<(usize, &'static str)>) {
    let mut chosen = Vec::new();
    let mut left_out = Vec::new();
    for (idx, candidate) in candidates.iter().enumerate() {
        match refuse(candidate, wanted) {
            Some(reason) => left_out.push((idx, reason)),
            None => chosen.push(idx),
        }
    }
    let far = CivilDate::new(9999, 12, 31);
    chosen.sort_by_key(|&idx| {
        candidates.get(idx).map(|c| (c.priority, c.ticket_expires_on.or(far), c.due_on.or(far), c.order_no.clone()))
    });
    if let Some(n) = wanted.n_stops_max.filter(|n| chosen.len() > *n) {
        left_out.extend(chosen.split_off(n).into_iter().map(|idx| (idx, "the list is full")));
    }
    left_out.sort_unstable();
    (chosen, left_out)
}

fn refuse(candidate: &Candidate, wanted: &Selection) -> Option<&'static str> {
    let is_outside = wanted.bbox.is_some_and(|[west, south, east, north]| {
        candidate.position.is_none_or(|p| p.lon < west || p.lon > east || p.lat < south || p.lat > north)
    });
    if is_outside {
        return Some("outside the area, or without a position");
    }
    if wanted.priority_max.is_some_and(|max| candidate.priority > max) {
        return Some("less urgent than wanted");
    }
    if wanted.due_by.is_some_and(|by| candidate.due_on.is_none_or(|due| due > by)) {
        return Some("due later, or without a due date");
    }
    if wanted.ticket_valid_on.is_some_and(|day| candidate.ticket_expires_on.is_none_or(|end| end < day)) {
        return Some("no locate ticket that lives on the day");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_first_and_every_one_left_out_has_a_reason() {
        let d = CivilDate::parse;
        let c = |no: &str, lon: f64, priority, expires: Option<&str>| Candidate {
            order_no: no.into(),
            position: Some(LonLat { lon, lat: 36.0 }),
            priority,
            due_on: None,
            ticket_expires_on: expires.and_then(d),
        };
        let all = [
            c("RO-4", 0.5, 3, None),
            c("RO-3", 0.5, 1, Some("2026-05-09")),
            c("RO-2", 5.0, 1, None),
            c("RO-1", 0.5, 1, Some("2026-05-08")),
        ];
        let wanted = Selection { bbox: Some([0.0, 35.0, 1.0, 37.0]), n_stops_max: Some(2), ..Selection::default() };
        let (chosen, left_out) = choose(&all, &wanted);
        assert_eq!(chosen, [3, 1]);
        assert_eq!(left_out, [(0, "the list is full"), (2, "outside the area, or without a position")]);
        let live = Selection { ticket_valid_on: d("2026-05-09"), ..Selection::default() };
        assert_eq!(choose(&all, &live).0, [1]);
    }
}
