//! Crew lists of either kind: choose orders, route them, freeze a version, send it out, close it.

use std::collections::BTreeMap;

use crate::cases::machine::Role;
use crate::cases::refusal::{Refusal, RefusalCode};
use crate::cases::removal::{self, OrderRequest};
use crate::fieldwork::choose::{self, Candidate, Selection};
use crate::fieldwork::freeze::{self, Difference, FrozenStop};
use crate::fieldwork::route;
use crate::model::date::CivilDate;
use crate::model::parcel::LonLat;
use crate::store::removal_lists::{self, ListRow, StopRow};
use crate::store::removals;
use crate::store::{Db, Tx, cases};

use super::casework::{Desk, Error, refuse};
use super::removal as orders;
use super::removal_job::Job;
pub use super::removal_job::Kind;
use super::removal_stop::{self, Facts};

/// What list is wanted.
#[derive(Debug, Clone, Default)]
pub struct ListWish {
    /// Taps or containers.
    pub kind: Kind,
    /// Existing list to make a new version of; crew, day, yard and orders are kept where nothing else is said.
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
    /// What changed against the frozen version before.
    pub changes: Vec<Difference>,
}

/// Facts that follow from others or from the calendar; a change of them alone is no news for the crew.
const NO_NEWS: &[&str] = &["tie_codes", "ticket_days_left", "near_street"];

/// Makes a draft list, or a new version of one; orders that were `approved` become `listed`.
///
/// # Errors
/// `E_ON_OTHER_LIST`, `E_NOT_FOUND`, `E_LIST_STATE` when nothing fits, or a failure.
pub fn make(desk: &Desk, wish: &ListWish) -> Result<Made, Error> {
    sweep_tickets(desk)?;
    desk.with(|tx| {
        let earlier = wish.list_no.as_deref().map(|no| list(tx, no)).transpose()?;
        let kind = earlier.as_ref().and_then(|l| Kind::parse(&l.list_kind)).unwrap_or(wish.kind);
        let mut order_nos = wish.order_nos.clone();
        if let Some(earlier) =
            earlier.as_ref().filter(|_| order_nos.is_empty() && wish.selection == Selection::default())
        {
            order_nos = removal_lists::stops(tx, earlier.list_id)?.into_iter().map(|s| s.order_no).collect();
        }
        let candidates = if order_nos.is_empty() {
            Job::listable(tx, kind)?
        } else {
            order_nos.iter().map(|no| Job::find(tx, no)).collect::<Result<_, _>>()?
        };
        let mut made = Made { list: header(desk, tx, wish, kind, earlier)?, ..Made::default() };
        // Orders kept from an earlier version may drop out; orders asked for by number may not.
        let chosen = pick(tx, wish, candidates, &mut made)?;
        if chosen.is_empty() {
            let why = made.left_out.first().map(|(no, why)| format!("; {no}: {why}")).unwrap_or_default();
            return refuse(RefusalCode::ListState, format!("no order fits the list{why}"));
        }
        write(desk, tx, chosen, &mut made)?;
        made.changes = changes(tx, &made.list, &made.stops)?;
        Ok(made)
    })
}

/// Number, version, crew, day and yard of the list to be made. A draft is replaced, a frozen version gets a successor.
fn header(
    desk: &Desk,
    tx: &mut Tx<'_>,
    wish: &ListWish,
    kind: Kind,
    earlier: Option<ListRow>,
) -> Result<ListRow, Error> {
    let mut list = match earlier {
        Some(draft) if draft.frozen_at.is_none() => draft,
        Some(frozen) => ListRow {
            list_no: frozen.list_no,
            version: frozen.version + 1,
            crew: frozen.crew,
            work_on: frozen.work_on,
            yard: frozen.yard,
            ..ListRow::default()
        },
        None => ListRow {
            list_no: cases::next_no(tx, "RL", desk.today.as_jiff().year())?,
            version: 1,
            ..ListRow::default()
        },
    };
    kind.as_str().clone_into(&mut list.list_kind);
    if !wish.crew.is_empty() {
        list.crew.clone_from(&wish.crew);
    }
    list.work_on = wish.work_on.map(|d| d.to_string()).or(list.work_on);
    list.yard = wish.yard.map(|y| [y.lon, y.lat]).or(list.yard);
    Ok(list)
}

/// The newest version of a list, or the refusal that there is none.
///
/// # Errors
/// `E_NOT_FOUND`, or a database failure.
pub fn list(db: &impl Db, list_no: &str) -> Result<ListRow, Error> {
    version(db, list_no, None)
}

/// A version of a list (the newest when none is named), or the refusal that there is none.
///
/// # Errors
/// `E_NOT_FOUND`, or a database failure.
pub fn version(db: &impl Db, list_no: &str, version: Option<i64>) -> Result<ListRow, Error> {
    match removal_lists::find(db, list_no, version)? {
        Some(list) => Ok(list),
        None => refuse(RefusalCode::NotFound, format!("there is no list {list_no}")),
    }
}

/// A version with its stops and what changed against the frozen version before; its hash is computed again.
///
/// # Errors
/// `E_NOT_FOUND`, `E_HASH_MISMATCH`, or a database failure.
pub fn show(db: &impl Db, list_no: &str, version_no: Option<i64>) -> Result<Made, Error> {
    let list = version(db, list_no, version_no)?;
    let mut stops = removal_lists::stops(db, list.list_id)?;
    if let Some(hash) = &list.content_sha256
        && *hash != hash_of(&list, &stops)
    {
        return refuse(RefusalCode::HashMismatch, format!("{list_no} version {} is not what was frozen", list.version));
    }
    let mut changes = changes(db, &list, &stops)?;
    withhold(&removal_lists::withheld_orders(db, list.list_id)?, &mut stops, &mut changes);
    Ok(Made { list, stops, changes, ..Made::default() })
}

/// Takes the names of people out of a list that was frozen before they were withheld; its hash stays that of what was frozen.
fn withhold(orders: &[String], stops: &mut [StopRow], changes: &mut Vec<Difference>) {
    changes.retain(|c| !(orders.contains(&c.order_no) && c.detail.starts_with("holder:")));
    for stop in stops.iter_mut().filter(|s| orders.contains(&s.order_no)) {
        let mut facts: BTreeMap<String, String> = serde_json::from_str(&stop.facts_json).unwrap_or_default();
        if facts.remove("holder").is_some() {
            stop.facts_json = serde_json::to_string(&facts).unwrap_or_default();
        }
    }
}

/// The frozen version that the changes of a list are against.
///
/// # Errors
/// When the database cannot be read.
pub fn changed_since(db: &impl Db, list: &ListRow) -> Result<Option<i64>, Error> {
    Ok(removal_lists::frozen_before(db, &list.list_no, list.version)?.map(|l| l.version))
}

fn changes(db: &impl Db, list: &ListRow, stops: &[StopRow]) -> Result<Vec<Difference>, Error> {
    let Some(before) = removal_lists::frozen_before(db, &list.list_no, list.version)? else {
        return Ok(Vec::new());
    };
    let old = removal_lists::stops(db, before.list_id)?;
    let mut found = freeze::diff(&frozen(&old), &frozen(stops));
    found.retain(|d| d.what != "changed" || !NO_NEWS.iter().any(|name| d.detail.starts_with(&format!("{name}:"))));
    Ok(found)
}

fn pick(db: &impl Db, wish: &ListWish, all: Vec<Job>, made: &mut Made) -> Result<Vec<Job>, Error> {
    let mut fitting = Vec::new();
    for job in all {
        let other = removal_lists::open_list_of(db, job.order_no())?.filter(|l| l.list_no != made.list.list_no);
        let why = match other {
            Some(other) if !wish.order_nos.is_empty() => {
                let message = format!("order {} stands on the open list {}", job.order_no(), other.list_no);
                return refuse(RefusalCode::OnOtherList, message);
            }
            Some(other) => Some(format!("on the open list {}", other.list_no)),
            None if job.kind().as_str() != made.list.list_kind => {
                Some(format!("not for a {} list", made.list.list_kind))
            }
            None if !job.is_listable() => Some(format!("is {}", job.status())),
            None => None,
        };
        match why {
            Some(why) => made.left_out.push((job.order_no().to_owned(), why)),
            None => fitting.push(job),
        }
    }
    let mut candidates = Vec::new();
    for job in &fitting {
        candidates.push(Candidate {
            order_no: job.order_no().to_owned(),
            position: job.position(),
            priority: job.priority(),
            due_on: job.due_on(),
            ticket_expires_on: job.ticket_expires_on(db)?,
        });
    }
    let (chosen, left) = choose::choose(&candidates, &wish.selection);
    for (i, why) in left {
        made.left_out.extend(fitting.get(i).map(|j| (j.order_no().to_owned(), why.to_owned())));
    }
    Ok(chosen.into_iter().filter_map(|i| fitting.get(i).cloned()).collect())
}

/// Routes the chosen orders (those without a position come last), lists the new ones and stores the draft.
fn write(desk: &Desk, tx: &mut Tx<'_>, chosen: Vec<Job>, made: &mut Made) -> Result<(), Error> {
    let (placed, unplaced): (Vec<Job>, Vec<Job>) = chosen.into_iter().partition(|j| j.position().is_some());
    let points: Vec<LonLat> = placed.iter().filter_map(Job::position).collect();
    let yard = made.list.yard.map(|[lon, lat]| LonLat { lon, lat });
    let route = route::order(yard, &points);
    made.nearest_neighbour_ft = route.nearest_neighbour_ft;
    made.list.length_ft = Some(route.length_ft);
    let ordered: Vec<Job> = route.order.iter().filter_map(|i| placed.get(*i)).chain(&unplaced).cloned().collect();
    // Two passes: the gate of `listed` looks for the list that the order stands on.
    made.list.list_id = removal_lists::put(tx, &made.list, &stop_rows(desk, tx, &made.list, &ordered)?)?;
    let mut listed = Vec::with_capacity(ordered.len());
    for job in ordered {
        if !job.is_new() {
            listed.push(job);
            continue;
        }
        match job.step(desk, tx, "listed", true) {
            Ok(after) => listed.push(after),
            Err(Error::Refused(refusal)) => made.left_out.push((job.order_no().to_owned(), refusal.to_string())),
            Err(other) => return Err(other),
        }
    }
    if listed.is_empty() {
        let why = made.left_out.first().map(|(no, why)| format!("; {no}: {why}")).unwrap_or_default();
        return refuse(RefusalCode::ListState, format!("no order may go on the list{why}"));
    }
    made.stops = stop_rows(desk, tx, &made.list, &listed)?;
    made.list.list_id = removal_lists::put(tx, &made.list, &made.stops)?;
    Ok(())
}

/// Stops in this order with their facts and pictures as of today.
fn stop_rows(desk: &Desk, db: &impl Db, list: &ListRow, jobs: &[Job]) -> Result<Vec<StopRow>, Error> {
    let work_on = list.work_on.as_deref().and_then(CivilDate::parse).unwrap_or(desk.today);
    let mut facts: Vec<Facts> = Vec::with_capacity(jobs.len());
    let mut places = Vec::with_capacity(jobs.len());
    for job in jobs {
        let printed = job.facts(desk, db, work_on)?;
        places.push((job.place(db)?, printed.get("address").cloned().unwrap_or_default()));
        facts.push(printed);
    }
    let around = removal_stop::surroundings(db, &places)?;
    let mut rows = Vec::with_capacity(jobs.len());
    for (seq, ((job, mut facts), (picture, near_street))) in (1i64..).zip(jobs.iter().zip(facts).zip(around)) {
        facts.insert("near_street".to_owned(), near_street);
        rows.push(StopRow {
            stop_uuid: uuid::Uuid::now_v7().to_string(),
            seq,
            order_no: job.order_no().to_owned(),
            base_version: job.row_version(),
            lon: job.position().map(|p| p.lon),
            lat: job.position().map(|p| p.lat),
            facts_json: serde_json::to_string(&facts).unwrap_or_default(),
            picture_json: picture.as_ref().map(removal_stop::picture_json).unwrap_or_default(),
            result_status: "open".to_owned(),
        });
    }
    Ok(rows)
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
            picture: s.picture_json.clone(),
        })
        .collect()
}

fn hash_of(list: &ListRow, stops: &[StopRow]) -> String {
    let work_on = list.work_on.as_deref().unwrap_or_default();
    freeze::content_sha256(&list.list_no, list.version, &list.crew, work_on, &frozen(stops))
}

/// Freezes the draft: from now on nothing on it changes; a change is a new version.
/// Facts are taken afresh, so the frozen paper shows today's tickets.
///
/// # Errors
/// `E_LIST_STATE` when it is frozen already or has no crew and day, or a failure.
pub fn freeze(desk: &Desk, list_no: &str) -> Result<Made, Error> {
    sweep_tickets(desk)?;
    desk.with(|tx| {
        let mut list = list(tx, list_no)?;
        if list.frozen_at.is_some() {
            let message = format!(
                "{list_no} version {} is frozen; `removal list --make --list {list_no}` makes a new version",
                list.version
            );
            return refuse(RefusalCode::ListState, message);
        }
        if list.work_on.is_none() || list.crew.is_empty() {
            let message = "a list needs crew and day before it is frozen \
                (`removal list --make --list NUMBER --crew NAME --work-on DATE`)";
            return refuse(RefusalCode::ListState, message);
        }
        let jobs: Vec<Job> = removal_lists::stops(tx, list.list_id)?
            .iter()
            .map(|s| Job::find(tx, &s.order_no))
            .collect::<Result<_, _>>()?;
        let stops = stop_rows(desk, tx, &list, &jobs)?;
        list.frozen_at = Some(desk.by.at.0.clone());
        list.content_sha256 = Some(hash_of(&list, &stops));
        list.list_id = removal_lists::put(tx, &list, &stops)?;
        let changes = changes(tx, &list, &stops)?;
        Ok(Made { list, stops, changes, ..Made::default() })
    })
}

/// Orders whose ticket has expired fall back from `ready` to `locate_open`; returns their numbers.
///
/// # Errors
/// When the database cannot be read or written.
pub fn sweep_tickets(desk: &Desk) -> Result<Vec<String>, Error> {
    desk.with(|tx| {
        let mut fallen = Vec::new();
        for order in removals::list(tx, Some("ready"), i64::MAX)? {
            let facts = orders::facts(desk, tx, &order, OrderRequest::default())?;
            if removal::advance(&facts, "locate_open", Role::System).is_ok() {
                let after = removals::OrderRow { status: "locate_open".to_owned(), ..order.clone() };
                // Not an office change: the state of a ticket is on no paper, its last day is.
                removals::update(tx, "ticket_expired", &order, &after, false)?;
                fallen.push(order.order_no);
            }
        }
        Ok(fallen)
    })
}

/// Sends a frozen list out: every stop that passes the gates becomes `dispatched`; the others stay behind with their refusal.
///
/// # Errors
/// `E_LIST_STATE` when the list is not frozen, the first refusal when no stop can go, or a failure.
#[allow(clippy::type_complexity, reason = "orders sent, and orders left behind with their refusal")]
pub fn dispatch(desk: &Desk, list_no: &str) -> Result<(Vec<String>, Vec<(String, String)>), Error> {
    sweep_tickets(desk)?;
    desk.with(|tx| {
        let list = list(tx, list_no)?;
        if list.frozen_at.is_none() {
            return refuse(RefusalCode::ListState, format!("{list_no} is not frozen; run `removal freeze {list_no}`"));
        }
        let (mut sent, mut stayed, mut first) = (Vec::new(), Vec::new(), None);
        for stop in removal_lists::stops(tx, list.list_id)? {
            let job = Job::find(tx, &stop.order_no)?;
            match send(desk, tx, &job, &stop) {
                Ok(()) => sent.push(stop.order_no),
                Err(Error::Refused(refusal)) => {
                    stayed.push((stop.order_no, refusal.to_string()));
                    first.get_or_insert(refusal);
                }
                Err(other) => return Err(other),
            }
        }
        match first {
            Some(refusal) if sent.is_empty() => Err(Error::Refused(refusal)),
            Some(_) | None => Ok((sent, stayed)),
        }
    })
}

/// Takes one order as far as `dispatched`. None of it is an office change: the crew's paper shows this very version.
fn send(desk: &Desk, tx: &mut Tx<'_>, job: &Job, stop: &StopRow) -> Result<(), Error> {
    let mut steps: &[&str] = &["dispatched"];
    if let Job::Tap(order) = job {
        if order.row_version != stop.base_version {
            let message = format!(
                "order {} is at version {}, the list shows {}; make a new version of the list",
                order.order_no, order.row_version, stop.base_version
            );
            return Err(Error::Refused(Refusal::new(RefusalCode::RowVersion, message)));
        }
        steps = match order.status.as_str() {
            "listed" | "approved" if removals::ticket(tx, order.order_id)?.is_none() => {
                return refuse(RefusalCode::TicketMissing, "no locate ticket (`removal ticket`)");
            }
            "listed" => &["locate_open", "ready", "dispatched"],
            "locate_open" => &["ready", "dispatched"],
            _ => &["dispatched"],
        };
    }
    // Judge the whole way first: a stop that cannot go keeps the state it has.
    let mut at = job.clone();
    for to in steps {
        at.check(desk, tx, to)?;
        at = at.in_state(to);
    }
    let mut at = job.clone();
    for to in steps {
        at = at.step(desk, tx, to, false)?;
    }
    removal_lists::set_stop_status(tx, &stop.stop_uuid, "dispatched")?;
    Ok(())
}

/// Closes a list: its orders that were not sent out may go on another one.
///
/// # Errors
/// `E_NOT_FOUND`, `E_LIST_STATE` when a crew is still out with it, or a failure.
pub fn close(desk: &Desk, list_no: &str) -> Result<ListRow, Error> {
    desk.with(|tx| {
        let list = list(tx, list_no)?;
        let out: Vec<String> = removal_lists::stops(tx, list.list_id)?
            .into_iter()
            .filter(|s| s.result_status == "dispatched")
            .map(|s| s.order_no)
            .collect();
        if let Some(first) = out.first() {
            let message = format!("{} stops of {list_no} have no result yet, {first} first", out.len());
            return refuse(RefusalCode::ListState, message);
        }
        removal_lists::close(tx, &list)?;
        Ok(ListRow { is_closed: true, ..list })
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
