//! Removal orders with their taps, premises fed and locate tickets; frozen lists, returned results, inventory changes.

use rusqlite::{OptionalExtension, Row, named_params, params};

use super::view::Db;
use super::{Change, Error, Tx};

/// An order with the facts of its tap.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of removal_order and tap")]
pub struct OrderRow {
    pub order_id: i64,
    pub order_no: String,
    pub tap_id: i64,
    pub tap_no: String,
    pub case_no: Option<String>,
    pub reason: String,
    pub basis: Option<String>,
    pub status: String,
    pub priority: i64,
    pub due_on: Option<String>,
    pub n_premises_confirmed: Option<i64>,
    pub fire_service: Option<bool>,
    pub method: Option<String>,
    pub charge_to: Option<String>,
    pub safety: String,
    pub valves: String,
    pub result_json: String,
    pub cost_cents: Option<i64>,
    pub restoration: Option<String>,
    pub row_version: i64,
    pub lifecycle: String,
    pub tap_use: String,
    pub size_milli_in: Option<i64>,
    pub main_size_milli_in: Option<i64>,
    pub main_material: Option<String>,
    pub service_material: Option<String>,
    pub service_address: Option<String>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub position_method: Option<String>,
}

const SELECT_ORDER: &str =
    "SELECT o.removal_order_id, o.order_no, o.tap_id, t.tap_no, c.case_no, o.reason, o.basis, o.status,
    o.priority, o.due_on, o.n_premises_confirmed, o.fire_service, o.method, o.charge_to, o.safety, o.result_json,
    o.cost_cents, o.restoration, o.row_version, t.lifecycle, t.tap_use, t.size_milli_in, t.main_size_milli_in,
    t.main_material, t.service_material, t.service_address, t.lon, t.lat, t.position_method, o.valves
  FROM removal_order o JOIN tap t ON t.tap_id = o.tap_id LEFT JOIN case_file c ON c.case_id = o.case_id";

fn order_row(r: &Row<'_>) -> rusqlite::Result<OrderRow> {
    Ok(OrderRow {
        order_id: r.get(0)?,
        order_no: r.get(1)?,
        tap_id: r.get(2)?,
        tap_no: r.get(3)?,
        case_no: r.get(4)?,
        reason: r.get(5)?,
        basis: r.get(6)?,
        status: r.get(7)?,
        priority: r.get(8)?,
        due_on: r.get(9)?,
        n_premises_confirmed: r.get(10)?,
        fire_service: r.get(11)?,
        method: r.get(12)?,
        charge_to: r.get(13)?,
        safety: r.get(14)?,
        result_json: r.get(15)?,
        cost_cents: r.get(16)?,
        restoration: r.get(17)?,
        row_version: r.get(18)?,
        lifecycle: r.get(19)?,
        tap_use: r.get(20)?,
        size_milli_in: r.get(21)?,
        main_size_milli_in: r.get(22)?,
        main_material: r.get(23)?,
        service_material: r.get(24)?,
        service_address: r.get(25)?,
        lon: r.get(26)?,
        lat: r.get(27)?,
        position_method: r.get(28)?,
        valves: r.get(29)?,
    })
}

/// One order.
///
/// # Errors
/// When the database cannot be read.
pub fn find(db: &impl Db, order_no: &str) -> Result<Option<OrderRow>, Error> {
    let sql = format!("{SELECT_ORDER} WHERE o.order_no = ?1");
    Ok(db.connection().prepare_cached(&sql)?.query_row([order_no], order_row).optional()?)
}

/// Orders by number, of one state when named.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &impl Db, status: Option<&str>, n_rows_max: i64) -> Result<Vec<OrderRow>, Error> {
    let sql = format!("{SELECT_ORDER} WHERE (?1 IS NULL OR o.status = ?1) ORDER BY o.order_no LIMIT ?2");
    let mut statement = db.connection().prepare_cached(&sql)?;
    let rows = statement.query_map(params![status, n_rows_max], order_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The order that is still open on a tap.
///
/// # Errors
/// When the database cannot be read.
pub fn open_on_tap(db: &impl Db, tap_id: i64) -> Result<Option<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT order_no FROM removal_order WHERE tap_id = ?1 AND status NOT IN ('recorded', 'cancelled') ORDER BY order_no LIMIT 1",
    )?;
    Ok(statement.query_row([tap_id], |r| r.get(0)).optional()?)
}

/// Id of a tap by number.
///
/// # Errors
/// When the database cannot be read.
pub fn tap_id(db: &impl Db, tap_no: &str) -> Result<Option<i64>, Error> {
    let mut statement = db.connection().prepare_cached("SELECT tap_id FROM tap WHERE tap_no = ?1")?;
    Ok(statement.query_row([tap_no], |r| r.get(0)).optional()?)
}

/// Adds an order and returns its id.
///
/// # Errors
/// When the database cannot be written.
pub fn insert(tx: &mut Tx<'_>, order: &OrderRow) -> Result<i64, Error> {
    tx.tx.execute(
        "INSERT INTO removal_order (order_no, tap_id, case_id, reason, basis, status, priority, due_on, safety, valves)
         VALUES (?1, ?2, (SELECT case_id FROM case_file WHERE case_no = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            order.order_no,
            order.tap_id,
            order.case_no,
            order.reason,
            order.basis,
            order.status,
            order.priority,
            order.due_on,
            order.safety,
            order.valves
        ],
    )?;
    let id = tx.tx.last_insert_rowid();
    let after = brief(order);
    tx.audit(Change {
        action: "request",
        entity: "removal_order",
        entity_id: &order.order_no,
        before_json: None,
        after_json: Some(&after),
    })?;
    Ok(id)
}

fn brief(o: &OrderRow) -> String {
    serde_json::json!({ "status": o.status, "tap_no": o.tap_no, "case_no": o.case_no, "method": o.method,
        "charge_to": o.charge_to, "priority": o.priority, "result": o.result_json, "cost_cents": o.cost_cents,
        "n_premises_confirmed": o.n_premises_confirmed, "fire_service": o.fire_service })
    .to_string()
}

/// Writes every changeable column back; `is_office` raises the version (a crew's return does not, so that repeating it changes nothing).
///
/// # Errors
/// When somebody else has changed the row since it was read, or the database cannot be written.
pub fn update(
    tx: &mut Tx<'_>,
    action: &str,
    before: &OrderRow,
    order: &OrderRow,
    is_office: bool,
) -> Result<(), Error> {
    let n = tx.tx.execute(
        "UPDATE removal_order SET status = :status, basis = :basis, priority = :priority, due_on = :due,
            n_premises_confirmed = :n_premises, fire_service = :fire, method = :method, charge_to = :charge_to,
            safety = :safety, valves = :valves, result_json = :result, cost_cents = :cost, restoration = :restoration,
            row_version = row_version + :raise
         WHERE removal_order_id = :id AND row_version = :version",
        named_params! { ":status": order.status, ":basis": order.basis, ":priority": order.priority, ":due": order.due_on,
            ":n_premises": order.n_premises_confirmed, ":fire": order.fire_service, ":method": order.method,
            ":charge_to": order.charge_to, ":safety": order.safety, ":valves": order.valves, ":result": order.result_json,
            ":cost": order.cost_cents, ":restoration": order.restoration, ":raise": i64::from(is_office),
            ":id": order.order_id, ":version": before.row_version },
    )?;
    if n != 1 {
        let what =
            format!("order {} was changed by somebody else since version {}", order.order_no, before.row_version);
        return Err(Error::Broken { what });
    }
    let (old, new) = (brief(before), brief(order));
    tx.audit(Change {
        action,
        entity: "removal_order",
        entity_id: &order.order_no,
        before_json: Some(&old),
        after_json: Some(&new),
    })
}

/// An account, or a premise without one, that the tap feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are columns of premise and account")]
pub struct FedRow {
    pub premise_no: String,
    pub service_address: String,
    pub account_no: Option<String>,
    pub service_kind: Option<String>,
    pub status: Option<String>,
    pub holder_name: Option<String>,
    pub is_withheld: bool,
}

/// Every premise a tap feeds with every account.
///
/// # Errors
/// When the database cannot be read.
pub fn fed(db: &impl Db, tap_id: i64) -> Result<Vec<FedRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT p.premise_no, p.service_address, a.account_no, a.service_kind, a.status, a.holder_name,
                EXISTS (SELECT 1 FROM match_link l JOIN parcel_withheld w ON w.parcel_id = l.parcel_id WHERE l.premise_id = p.premise_id)
         FROM tap_premise f JOIN premise p ON p.premise_id = f.premise_id
         LEFT JOIN account a ON a.premise_id = p.premise_id
         WHERE f.tap_id = ?1 ORDER BY p.premise_no, a.account_no, a.service_kind",
    )?;
    let rows = statement.query_map([tap_id], |r| {
        Ok(FedRow {
            premise_no: r.get(0)?,
            service_address: r.get(1)?,
            account_no: r.get(2)?,
            service_kind: r.get(3)?,
            status: r.get(4)?,
            holder_name: r.get(5)?,
            is_withheld: r.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Accounts on the lots of the premises a tap feeds, at premises that no tap on record feeds: their water may hang on this tap.
///
/// # Errors
/// When the database cannot be read.
pub fn unfed_on_lot(db: &impl Db, tap_id: i64) -> Result<Vec<FedRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT DISTINCT p.premise_no, p.service_address, a.account_no, a.service_kind, a.status
         FROM tap_premise f
         JOIN match_link l ON l.premise_id = f.premise_id AND l.rank = 1 AND l.parcel_id IS NOT NULL
         JOIN match_link o ON o.parcel_id = l.parcel_id AND o.rank = 1
         JOIN premise p ON p.premise_id = o.premise_id
         JOIN account a ON a.premise_id = p.premise_id
         WHERE f.tap_id = ?1 AND NOT EXISTS (SELECT 1 FROM tap_premise t WHERE t.premise_id = p.premise_id)
         ORDER BY p.premise_no, a.account_no, a.service_kind",
    )?;
    let rows = statement.query_map([tap_id], |r| {
        Ok(FedRow {
            premise_no: r.get(0)?,
            service_address: r.get(1)?,
            account_no: r.get(2)?,
            service_kind: r.get(3)?,
            status: r.get(4)?,
            holder_name: None,
            is_withheld: false,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Numbers of the meters at the premises a tap feeds.
///
/// # Errors
/// When the database cannot be read.
pub fn meters(db: &impl Db, tap_id: i64) -> Result<Vec<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT DISTINCT m.meter_no FROM tap_premise f JOIN meter m ON m.premise_id = f.premise_id WHERE f.tap_id = ?1 ORDER BY m.meter_no",
    )?;
    let rows = statement.query_map([tap_id], |r| r.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where the premises lie that a tap feeds, for taps without a position: the premise's own point, else its parcel's.
///
/// # Errors
/// When the database cannot be read.
pub fn place_fed(db: &impl Db, tap_id: i64) -> Result<Option<[f64; 2]>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT COALESCE(p.lon, v.lon), COALESCE(p.lat, v.lat)
         FROM tap_premise f JOIN premise p ON p.premise_id = f.premise_id
         LEFT JOIN match_link l ON l.premise_id = p.premise_id AND l.rank = 1
         LEFT JOIN parcel c ON c.parcel_id = l.parcel_id
         LEFT JOIN parcel_version v ON v.parcel_version_id = c.current_version_id
         WHERE f.tap_id = ?1 AND COALESCE(p.lon, v.lon) IS NOT NULL AND COALESCE(p.lat, v.lat) IS NOT NULL
         ORDER BY p.premise_no LIMIT 1",
    )?;
    Ok(statement.query_row([tap_id], |r| Ok([r.get(0)?, r.get(1)?])).optional()?)
}

/// A tie as stored: what, reference, label, direction, feet.
pub type TieRow = (String, String, String, String, f64);

/// Ties of a tap.
///
/// # Errors
/// When the database cannot be read.
pub fn ties(db: &impl Db, tap_id: i64) -> Result<Vec<TieRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT what, reference, reference_label, direction, distance_ft FROM tap_tie WHERE tap_id = ?1 ORDER BY tap_tie_id",
    )?;
    let rows = statement.query_map([tap_id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A locate ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the columns of locate_ticket")]
pub struct TicketRow {
    pub ticket_no: String,
    pub legal_start: String,
    pub expires_on: String,
    pub work_area: String,
    pub is_clear: bool,
}

/// Adds a ticket; the newest counts.
///
/// # Errors
/// When the database cannot be written.
pub fn add_ticket(tx: &mut Tx<'_>, order: &OrderRow, t: &TicketRow) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO locate_ticket (removal_order_id, ticket_no, legal_start, expires_on, work_area, is_clear) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![order.order_id, t.ticket_no, t.legal_start, t.expires_on, t.work_area, t.is_clear],
    )?;
    let after =
        serde_json::json!({ "ticket_no": t.ticket_no, "expires_on": t.expires_on, "is_clear": t.is_clear }).to_string();
    tx.audit(Change {
        action: "ticket",
        entity: "removal_order",
        entity_id: &order.order_no,
        before_json: None,
        after_json: Some(&after),
    })
}

/// The newest ticket.
///
/// # Errors
/// When the database cannot be read.
pub fn ticket(db: &impl Db, order_id: i64) -> Result<Option<TicketRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT ticket_no, legal_start, expires_on, work_area, is_clear FROM locate_ticket
         WHERE removal_order_id = ?1 ORDER BY locate_ticket_id DESC LIMIT 1",
    )?;
    let row = statement.query_row([order_id], |r| {
        Ok(TicketRow {
            ticket_no: r.get(0)?,
            legal_start: r.get(1)?,
            expires_on: r.get(2)?,
            work_area: r.get(3)?,
            is_clear: r.get(4)?,
        })
    });
    Ok(row.optional()?)
}

/// Orders that wait for the crew with their newest ticket, soonest expiry first, those without one last.
///
/// # Errors
/// When the database cannot be read.
#[allow(clippy::type_complexity, reason = "order, its state, its ticket")]
pub fn tickets(db: &impl Db, n_rows_max: i64) -> Result<Vec<(String, String, Option<TicketRow>)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT o.order_no, o.status, t.ticket_no, t.legal_start, t.expires_on, t.work_area, t.is_clear
         FROM removal_order o
         LEFT JOIN locate_ticket t ON t.locate_ticket_id =
           (SELECT MAX(locate_ticket_id) FROM locate_ticket x WHERE x.removal_order_id = o.removal_order_id)
         WHERE o.status IN ('approved', 'listed', 'locate_open', 'ready', 'dispatched')
         ORDER BY t.expires_on IS NULL, t.expires_on, o.order_no LIMIT ?1",
    )?;
    let rows = statement.query_map([n_rows_max], |r| {
        let ticket = match r.get::<_, Option<String>>(2)? {
            None => None,
            Some(ticket_no) => Some(TicketRow {
                ticket_no,
                legal_start: r.get(3)?,
                expires_on: r.get(4)?,
                work_area: r.get(5)?,
                is_clear: r.get(6)?,
            }),
        };
        Ok((r.get(0)?, r.get(1)?, ticket))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What a recorded removal leaves on its tap.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TapAfter {
    /// Lifecycle.
    pub lifecycle: String,
    /// Control state, when it changes.
    pub control_state: Option<&'static str>,
    /// Ties that the crew measured.
    pub ties: Vec<TieRow>,
    /// Kind of the inventory change.
    pub change_kind: String,
}

/// Brings a tap up to date after a recorded removal and writes the change for the service line inventory.
///
/// # Errors
/// When the database cannot be written.
pub fn record_on_tap(tx: &mut Tx<'_>, order: &OrderRow, tap: &TapAfter, on: &str) -> Result<(), Error> {
    tx.tx.execute(
        "UPDATE tap SET lifecycle = ?2, control_state = COALESCE(?3, control_state), row_version = row_version + 1 WHERE tap_id = ?1",
        params![order.tap_id, tap.lifecycle, tap.control_state],
    )?;
    for (what, reference, label, direction, feet) in &tap.ties {
        tx.tx.execute(
            "INSERT INTO tap_tie (tap_id, what, reference, reference_label, direction, distance_ft, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![order.tap_id, what, reference, label, direction, feet, order.order_no],
        )?;
    }
    tx.tx.execute(
        "INSERT INTO inventory_change (tap_no, order_no, changed_on, change_kind, service_material) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![order.tap_no, order.order_no, on, tap.change_kind, order.service_material],
    )?;
    let before = serde_json::json!({ "lifecycle": order.lifecycle }).to_string();
    let after = serde_json::json!({ "lifecycle": tap.lifecycle, "control_state": tap.control_state,
        "ties_added": tap.ties.len(), "order_no": order.order_no })
    .to_string();
    tx.audit(Change {
        action: "lifecycle",
        entity: "tap",
        entity_id: &order.tap_no,
        before_json: Some(&before),
        after_json: Some(&after),
    })
}

/// The day on which the removal of a tap was recorded.
///
/// # Errors
/// When the database cannot be read.
pub fn removed_on(db: &impl Db, tap_no: &str) -> Result<Option<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT MIN(changed_on) FROM inventory_change WHERE tap_no = ?1 AND change_kind = 'removed_at_main'",
    )?;
    Ok(statement.query_row([tap_no], |r| r.get(0))?)
}

/// Inventory changes by the orders of a case: day, tap, order, kind.
///
/// # Errors
/// When the database cannot be read.
pub fn inventory_of_case(db: &impl Db, case_id: i64) -> Result<Vec<[String; 4]>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT c.changed_on, c.tap_no, c.order_no, c.change_kind
         FROM removal_order o
         JOIN inventory_change c ON c.order_no = o.order_no
         WHERE o.case_id = ?1
         ORDER BY c.inventory_change_id",
    )?;
    let rows = statement.query_map([case_id], |r| Ok([r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?]))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Inventory changes, oldest first: tap, order, day, kind, material.
///
/// # Errors
/// When the database cannot be read.
#[allow(clippy::type_complexity, reason = "the columns of one table, named in the line above")]
pub fn inventory_changes(db: &impl Db) -> Result<Vec<(String, String, String, String, Option<String>)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT tap_no, order_no, changed_on, change_kind, service_material FROM inventory_change ORDER BY inventory_change_id",
    )?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
