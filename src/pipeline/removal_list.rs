//! Crew lists: choose approved orders, route them, freeze a version, dispatch it.

use std::collections::BTreeMap;

use crate::cases::refusal::RefusalCode;
use crate::cases::removal::{self, OrderRequest};
use crate::fieldwork::choose::{self, Candidate, Selection};
use crate::fieldwork::freeze::{self, Difference, FrozenStop};
use crate::fieldwork::route;
use crate::model::date::CivilDate;
use crate::model::parcel::LonLat;
use crate::store::removal_lists::{ListRow, StopRow};
use crate::store::removals::{self, OrderRow};
use crate::store::{Db, Tx, cases, removal_lists};

use super::casework::{Desk, Error, refuse};
use super::removal as orders;

/// States in which an order may stand on a list that is being made.
const LISTABLE: &[&str] = &["approved", "listed", "locate_open", "ready"];
/// Orders looked at for one list; a crew does under 30 a day.
const CANDIDATES_MAX: i64 = 100_000;

/// What list is wanted.
#[derive(Debug, Clone, Default)]
pub struct ListWish {
    /// Existing list to make a new version of.
    pub list_no: Option<String>,
    /// Which orders.
    pub selection: Selection,
    /// Orders by number; instead of a selection.
    pub order_nos: Vec<String>,
    /// Start and end of the route.
    pub yard: Option<LonLat>,
    /// Crew.
    pub crew: String,
    /// Day of the work.
    pub work_on: Option<CivilDate>,
}

/// A list that was made.
#[derive(Debug, Clone, Default)]
pub struct Made {
    /// The list.
    pub list: ListRow,
    /// Its stops.
    pub stops: Vec<StopRow>,
    /// Orders left out, with the reason.
    pub left_out: Vec<(String, String)>,
    /// Length of the nearest-neighbour order, for comparison.
    pub nearest_neighbour_ft: f64,
    /// What changed against the version before.
    pub changes: Vec<Difference>,
}

/// Makes a draft list, or a new version of one; orders that were `approved` become `listed`.
///
/// # Errors
/// `E_ON_OTHER_LIST`, `E_NOT_FOUND`, `E_LIST_STATE` when nothing fits, or a failure.
pub fn make(desk: &Desk, wish: &ListWish) -> Result<Made, Error> {
    desk.with(|tx| {
        let earlier = match &wish.list_no {
            Some(no) => Some(list(tx, no)?),
            None => None,
        };
        let mut candidates = Vec::new();
        if wish.order_nos.is_empty() {
            for order in removals::list(tx, None, CANDIDATES_MAX)? {
                if LISTABLE.contains(&order.status.as_str()) {
                    candidates.push(order);
                }
            }
        } else {
            for no in &wish.order_nos {
                candidates.push(orders::order(tx, no)?);
            }
        }
        let list_no = match &earlier {
            Some(list) => list.list_no.clone(),
            None => cases::next_no(tx, "RL", desk.today.as_jiff().year())?,
        };
        let mut made = Made::default();
        let chosen = pick(tx, wish, candidates, &list_no, &mut made)?;
        if chosen.is_empty() {
            let why = made.left_out.first().map(|(no, why)| format!("; {no}: {why}")).unwrap_or_default();
            return refuse(RefusalCode::ListState, format!("no order fits the list{why}"));
        }
        let version = earlier.as_ref().map_or(1, |l| l.version + 1);
        made.list = ListRow {
            list_no,
            version,
            list_kind: "removal".to_owned(),
            crew: wish.crew.clone(),
            work_on: wish.work_on.map(|d| d.to_string()),
            ..ListRow::default()
        };
        write(desk, tx, wish, chosen, &mut made)?;
        if let Some(earlier) = earlier {
            made.changes = freeze::diff(&frozen(&removal_lists::stops(tx, earlier.list_id)?), &frozen(&made.stops));
        }
        Ok(made)
    })
}

/// The newest version of a list, or the refusal that there is none.
///
/// # Errors
/// `E_NOT_FOUND`, or a database failure.
pub fn list(db: &impl Db, list_no: &str) -> Result<ListRow, Error> {
    match removal_lists::find(db, list_no, None)? {
        Some(list) => Ok(list),
        None => refuse(RefusalCode::NotFound, format!("there is no list {list_no}")),
    }
}

fn pick(
    db: &impl Db,
    wish: &ListWish,
    all: Vec<OrderRow>,
    list_no: &str,
    made: &mut Made,
) -> Result<Vec<OrderRow>, Error> {
    let mut fitting = Vec::new();
    for order in all {
        let other = removal_lists::open_list_of(db, &order.order_no)?.filter(|l| l.list_no != list_no);
        let why = match other {
            Some(other) if !wish.order_nos.is_empty() => {
                let message = format!("order {} stands on the open list {}", order.order_no, other.list_no);
                return refuse(RefusalCode::OnOtherList, message);
            }
            Some(other) => Some(format!("on the open list {}", other.list_no)),
            None if !LISTABLE.contains(&order.status.as_str()) => Some(format!("is {}", order.status)),
            None => None,
        };
        match why {
            Some(why) => made.left_out.push((order.order_no, why)),
            None => fitting.push(order),
        }
    }
    let mut candidates = Vec::new();
    for o in &fitting {
        candidates.push(Candidate {
            order_no: o.order_no.clone(),
            position: position(o),
            priority: o.priority,
            due_on: o.due_on.as_deref().and_then(CivilDate::parse),
            ticket_expires_on: removals::ticket(db, o.order_id)?.and_then(|t| CivilDate::parse(&t.expires_on)),
        });
    }
    let (chosen, left) = choose::choose(&candidates, &wish.selection);
    made.left_out
        .extend(left.into_iter().filter_map(|(i, why)| fitting.get(i).map(|o| (o.order_no.clone(), why.to_owned()))));
    Ok(chosen.into_iter().filter_map(|i| fitting.get(i).cloned()).collect())
}

fn position(order: &OrderRow) -> Option<LonLat> {
    order.lon.zip(order.lat).map(|(lon, lat)| LonLat { lon, lat })
}

/// Routes the chosen orders (those without a position come last) and stores the version.
fn write(desk: &Desk, tx: &mut Tx<'_>, wish: &ListWish, chosen: Vec<OrderRow>, made: &mut Made) -> Result<(), Error> {
    let (placed, unplaced): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|o| position(o).is_some());
    let points: Vec<LonLat> = placed.iter().filter_map(position).collect();
    let route = route::order(wish.yard, &points);
    made.nearest_neighbour_ft = route.nearest_neighbour_ft;
    made.list.length_ft = Some(route.length_ft);
    let ordered = route.order.iter().filter_map(|i| placed.get(*i)).chain(&unplaced);
    for (seq, order) in (1i64..).zip(ordered) {
        let mut order = order.clone();
        if order.status == "approved" {
            let before = order.clone();
            order.status = "listed".to_owned();
            removals::update(tx, "listed", &before, &order, true)?;
            order.row_version += 1;
        }
        made.stops.push(StopRow {
            stop_uuid: uuid::Uuid::now_v7().to_string(),
            seq,
            order_no: order.order_no.clone(),
            base_version: order.row_version,
            lon: order.lon,
            lat: order.lat,
            facts_json: serde_json::to_string(&stop_facts(desk, tx, &order)?).unwrap_or_default(),
            result_status: "open".to_owned(),
        });
    }
    made.list.list_id = removal_lists::insert(tx, &made.list, &made.stops)?;
    Ok(())
}

/// Every printed fact of a stop, by column name. Names of account holders are left out: the list is also the public copy.
fn stop_facts(desk: &Desk, db: &impl Db, order: &OrderRow) -> Result<BTreeMap<String, String>, Error> {
    let ties: Vec<String> = removals::ties(db, order.tap_id)?
        .into_iter()
        .map(|(what, reference, label, direction, feet)| {
            format!("{}: {feet} ft {direction} of {} {label}", what.replace('_', " "), reference.replace('_', " "))
        })
        .collect();
    let fed = removals::fed(db, order.tap_id)?;
    let address = order.service_address.clone().or_else(|| fed.first().map(|f| f.service_address.clone()));
    let ticket = removals::ticket(db, order.order_id)?;
    let short = match ticket.as_ref().and_then(|t| CivilDate::parse(&t.expires_on)) {
        Some(expires) => {
            let warn = desk.policy.integer("locate_warn_business_days", desk.today)?;
            let is_short = removal::is_ticket_short(&desk.policy.calendar(), desk.today, expires, warn)?;
            if is_short { "short" } else { "ok" }
        }
        None => "none",
    };
    let mut premises: Vec<&str> = fed.iter().map(|f| f.premise_no.as_str()).collect();
    premises.dedup();
    let text = |value: Option<String>| value.unwrap_or_default();
    let size = |value: Option<i64>| value.map(inches).unwrap_or_default();
    let pairs = [
        ("address", text(address)),
        ("tap_no", order.tap_no.clone()),
        ("tap_use", order.tap_use.clone()),
        ("tap_size", size(order.size_milli_in)),
        ("main_size", size(order.main_size_milli_in)),
        ("main_material", text(order.main_material.clone())),
        ("service_material", text(order.service_material.clone())),
        ("method", text(order.method.clone())),
        ("ties", ties.join("; ")),
        ("position_method", text(order.position_method.clone())),
        ("ticket_no", text(ticket.as_ref().map(|t| t.ticket_no.clone()))),
        ("ticket_from", text(ticket.as_ref().map(|t| t.legal_start.clone()))),
        ("ticket_expires", text(ticket.as_ref().map(|t| t.expires_on.clone()))),
        ("ticket_state", short.to_owned()),
        ("premises", premises.join(" ")),
        (
            "fire_service",
            match order.fire_service {
                Some(true) => "yes",
                Some(false) => "no",
                None => "unknown",
            }
            .to_owned(),
        ),
        ("priority", order.priority.to_string()),
        ("due_on", text(order.due_on.clone())),
        ("reason", if order.case_no.is_some() { "case" } else { "permit or notice" }.to_owned()),
        ("safety", order.safety.clone()),
    ];
    Ok(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A size in thousandths of an inch as people write it: 750 is `3/4"`, 1500 is `1 1/2"`.
fn inches(milli: i64) -> String {
    let eighths = milli * 8 / 1000;
    let (whole, part) = (eighths / 8, eighths % 8);
    let fraction = match part {
        0 => String::new(),
        2 => "1/4".to_owned(),
        4 => "1/2".to_owned(),
        6 => "3/4".to_owned(),
        odd => format!("{odd}/8"),
    };
    match (whole, fraction.is_empty()) {
        (0, _) => format!("{fraction}\""),
        (_, true) => format!("{whole}\""),
        (_, false) => format!("{whole} {fraction}\""),
    }
}

/// Stops in the form that is hashed and compared.
pub(crate) fn frozen(stops: &[StopRow]) -> Vec<FrozenStop> {
    stops
        .iter()
        .map(|s| FrozenStop {
            seq: s.seq,
            stop_uuid: s.stop_uuid.clone(),
            order_no: s.order_no.clone(),
            base_version: s.base_version,
            facts: serde_json::from_str(&s.facts_json).unwrap_or_default(),
        })
        .collect()
}

/// Freezes the newest version: from now on nothing on it changes; a change is a new version.
/// Facts are taken afresh, so the frozen paper shows today's tickets.
///
/// # Errors
/// `E_LIST_STATE` when it is frozen already or has no crew and day, or a failure.
pub fn freeze(desk: &Desk, list_no: &str) -> Result<Made, Error> {
    desk.with(|tx| {
        let draft = list(tx, list_no)?;
        if draft.frozen_at.is_some() {
            let message = format!(
                "{list_no} version {} is frozen; `removal list --list {list_no}` makes a new one",
                draft.version
            );
            return refuse(RefusalCode::ListState, message);
        }
        let Some(work_on) = draft.work_on.clone().filter(|_| !draft.crew.is_empty()) else {
            return refuse(RefusalCode::ListState, "a list needs crew and day before it is frozen (--crew, --work-on)");
        };
        let mut made = Made { list: ListRow { version: draft.version + 1, ..draft.clone() }, ..Made::default() };
        let before = removal_lists::stops(tx, draft.list_id)?;
        for stop in &before {
            let order = orders::order(tx, &stop.order_no)?;
            made.stops.push(StopRow {
                base_version: order.row_version,
                stop_uuid: uuid::Uuid::now_v7().to_string(),
                facts_json: serde_json::to_string(&stop_facts(desk, tx, &order)?).unwrap_or_default(),
                ..stop.clone()
            });
        }
        made.list.frozen_at = Some(desk.by.at.0.clone());
        let hash = freeze::content_sha256(list_no, made.list.version, &made.list.crew, &work_on, &frozen(&made.stops));
        made.list.content_sha256 = Some(hash);
        made.list.list_id = removal_lists::insert(tx, &made.list, &made.stops)?;
        made.changes = freeze::diff(&frozen(&before), &frozen(&made.stops));
        Ok(made)
    })
}

/// Sends a frozen list out: every stop with a live ticket becomes `dispatched`; the others stay behind with their refusal.
///
/// # Errors
/// `E_LIST_STATE` when the list is not frozen, the first refusal when no stop can go, or a failure.
#[allow(clippy::type_complexity, reason = "orders sent, and orders left behind with their refusal")]
pub fn dispatch(desk: &Desk, list_no: &str) -> Result<(Vec<String>, Vec<(String, String)>), Error> {
    desk.with(|tx| {
        let list = list(tx, list_no)?;
        if list.frozen_at.is_none() {
            return refuse(RefusalCode::ListState, format!("{list_no} is not frozen; run `removal freeze {list_no}`"));
        }
        let (mut sent, mut stayed, mut first) = (Vec::new(), Vec::new(), None);
        for stop in removal_lists::stops(tx, list.list_id)? {
            let before = orders::order(tx, &stop.order_no)?;
            let facts = orders::facts(desk, tx, &before, OrderRequest::default())?;
            match removal::advance(&facts, "dispatched", desk.role) {
                Ok(_) => {
                    let after = OrderRow { status: "dispatched".to_owned(), ..before.clone() };
                    // Not an office change: the crew's paper shows this very version.
                    removals::update(tx, "dispatch", &before, &after, false)?;
                    sent.push(stop.order_no);
                }
                Err(refusal) => {
                    stayed.push((stop.order_no, refusal.to_string()));
                    first.get_or_insert(refusal);
                }
            }
        }
        match first {
            Some(refusal) if sent.is_empty() => Err(Error::Refused(refusal)),
            Some(_) | None => Ok((sent, stayed)),
        }
    })
}

/// A selection from its parts.
pub fn selection(
    bbox: Option<[f64; 4]>,
    priority_max: Option<i64>,
    due_by: Option<CivilDate>,
    ticket_valid_on: Option<CivilDate>,
    n_stops_max: Option<usize>,
) -> Selection {
    Selection { bbox, priority_max, due_by, ticket_valid_on, n_stops_max }
}
