//! The two kinds of work that go on a crew list: taps to remove and containers to pull. Lists, freezing and merging treat
//! them alike through this type; what differs is asked here.

use std::collections::BTreeMap;

use crate::cases::machine;
use crate::cases::pull::{self, PullFacts, PullResult};
use crate::cases::refusal::RefusalCode;
use crate::cases::removal::{self, FedAccount, OrderRequest};
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::model::parcel::LonLat;
use crate::store::pulls::{self, PullRow};
use crate::store::removals::{self, OrderRow};
use crate::store::{Db, Tx, holds, removal_lists};

use super::casework::{Desk, Error, refuse};
use super::removal as orders;
use super::removal_stop::{self, Facts};

/// What a list is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Taps to remove.
    #[default]
    Removal,
    /// Refuse containers to pull.
    Refuse,
}

impl Kind {
    /// The word used in SQL and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Removal => "removal",
            Kind::Refuse => "refuse",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        [Kind::Removal, Kind::Refuse].into_iter().find(|k| k.as_str() == text)
    }

    /// Result codes of `domains.tsv` that a crew may report.
    pub fn result_domain(self) -> &'static str {
        match self {
            Kind::Removal => "result_code",
            Kind::Refuse => "pull_result",
        }
    }
}

/// Series of pull orders; removal orders are `RO-...`.
pub(crate) const PULL_SERIES: &str = "CP";

/// One order of either kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Job {
    /// A tap.
    Tap(Box<OrderRow>),
    /// A container.
    Pull(Box<PullRow>),
}

/// Orders looked at for one list; a city has a few thousand open ones.
const CANDIDATES_MAX: i64 = 100_000;

impl Job {
    /// The order with this number.
    pub(crate) fn find(db: &impl Db, order_no: &str) -> Result<Self, Error> {
        if !order_no.starts_with(PULL_SERIES) {
            return Ok(Job::Tap(Box::new(orders::order(db, order_no)?)));
        }
        Ok(Job::Pull(Box::new(pull(db, order_no)?)))
    }

    /// Orders of a kind that a new list may take.
    pub(crate) fn listable(db: &impl Db, kind: Kind) -> Result<Vec<Self>, Error> {
        let mut found = Vec::new();
        for status in Self::listable_states(kind) {
            match kind {
                Kind::Removal => found.extend(
                    removals::list(db, Some(status), CANDIDATES_MAX)?.into_iter().map(|o| Job::Tap(Box::new(o))),
                ),
                Kind::Refuse => found
                    .extend(pulls::list(db, Some(status), CANDIDATES_MAX)?.into_iter().map(|p| Job::Pull(Box::new(p)))),
            }
        }
        found.sort_by(|a, b| a.order_no().cmp(b.order_no()));
        Ok(found)
    }

    fn listable_states(kind: Kind) -> &'static [&'static str] {
        match kind {
            Kind::Removal => &["approved", "listed", "locate_open", "ready"],
            Kind::Refuse => &["requested", "listed"],
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Job::Tap(_) => Kind::Removal,
            Job::Pull(_) => Kind::Refuse,
        }
    }

    pub(crate) fn is_listable(&self) -> bool {
        Self::listable_states(self.kind()).contains(&self.status())
    }

    /// Not yet on any list.
    pub(crate) fn is_new(&self) -> bool {
        Self::listable_states(self.kind()).first() == Some(&self.status())
    }

    pub(crate) fn order_no(&self) -> &str {
        match self {
            Job::Tap(o) => &o.order_no,
            Job::Pull(p) => &p.order_no,
        }
    }

    pub(crate) fn status(&self) -> &str {
        match self {
            Job::Tap(o) => &o.status,
            Job::Pull(p) => &p.status,
        }
    }

    pub(crate) fn row_version(&self) -> i64 {
        match self {
            Job::Tap(o) => o.row_version,
            Job::Pull(p) => p.row_version,
        }
    }

    pub(crate) fn priority(&self) -> i64 {
        match self {
            Job::Tap(o) => o.priority,
            Job::Pull(p) => p.priority,
        }
    }

    pub(crate) fn due_on(&self) -> Option<CivilDate> {
        let text = match self {
            Job::Tap(o) => &o.due_on,
            Job::Pull(p) => &p.due_on,
        };
        text.as_deref().and_then(CivilDate::parse)
    }

    /// Merged result as JSON.
    pub(crate) fn result_json(&self) -> &str {
        match self {
            Job::Tap(o) => &o.result_json,
            Job::Pull(p) => &p.result_json,
        }
    }

    /// Last day of the locate ticket.
    pub(crate) fn ticket_expires_on(&self, db: &impl Db) -> Result<Option<CivilDate>, Error> {
        match self {
            Job::Tap(o) => Ok(removals::ticket(db, o.order_id)?.and_then(|t| CivilDate::parse(&t.expires_on))),
            Job::Pull(_) => Ok(None),
        }
    }

    /// Position of the tap or of the container's premise.
    pub(crate) fn position(&self) -> Option<LonLat> {
        let (lon, lat) = match self {
            Job::Tap(o) => (o.lon, o.lat),
            Job::Pull(p) => (p.lon, p.lat),
        };
        lon.zip(lat).map(|(lon, lat)| LonLat { lon, lat })
    }

    /// Where to draw the picture: the position, else the premise that the tap feeds.
    pub(crate) fn place(&self, db: &impl Db) -> Result<Option<[f64; 2]>, Error> {
        match (self.position(), self) {
            (Some(p), _) => Ok(Some([p.lon, p.lat])),
            (None, Job::Tap(o)) => Ok(removals::place_fed(db, o.tap_id)?),
            (None, Job::Pull(_)) => Ok(None),
        }
    }

    /// Printed facts.
    pub(crate) fn facts(&self, desk: &Desk, db: &impl Db, work_on: CivilDate) -> Result<Facts, Error> {
        match self {
            Job::Tap(o) => {
                let mut facts = removal_stop::order_facts(desk, db, o, work_on)?;
                let gate = orders::facts(desk, db, o, OrderRequest::default())?;
                let dispute = gate.is_dispute_open.then(|| "dispute".to_owned());
                facts.insert("hold".to_owned(), dispute.into_iter().chain(gate.holds).collect::<Vec<_>>().join("; "));
                Ok(facts)
            }
            Job::Pull(p) => {
                let mut facts = pull_print(p);
                let gate = pull_facts(desk, db, p, None)?;
                facts.insert("hold".to_owned(), gate.holds.join("; "));
                Ok(facts)
            }
        }
    }

    /// Asks the gates for a step.
    pub(crate) fn check(&self, desk: &Desk, db: &impl Db, to: &str) -> Result<(), Error> {
        let reason = (!desk.by.reason.trim().is_empty()).then(|| desk.by.reason.clone());
        match self {
            Job::Tap(order) => {
                let request = OrderRequest { reason, ..OrderRequest::default() };
                removal::advance(&orders::facts(desk, db, order, request)?, to, desk.role)?;
            }
            Job::Pull(order) => {
                pull::advance(&pull_facts(desk, db, order, reason)?, to, desk.role)?;
            }
        }
        Ok(())
    }

    /// The same order as if it stood in another state.
    pub(crate) fn in_state(&self, status: &str) -> Self {
        let mut other = self.clone();
        match &mut other {
            Job::Tap(o) => status.clone_into(&mut o.status),
            Job::Pull(p) => status.clone_into(&mut p.status),
        }
        other
    }

    /// Takes a step through the gates and writes it. `is_office` raises the version that crews' papers refer to.
    pub(crate) fn step(&self, desk: &Desk, tx: &mut Tx<'_>, to: &str, is_office: bool) -> Result<Self, Error> {
        self.check(desk, tx, to)?;
        let result = if to == "dispatched" { "{}" } else { self.result_json() }.to_owned();
        self.write(tx, (to, to), &result, is_office)
    }

    /// Writes state and result without a gate; for steps that were judged elsewhere.
    pub(crate) fn write(
        &self,
        tx: &mut Tx<'_>,
        (action, status): (&str, &str),
        result_json: &str,
        is_office: bool,
    ) -> Result<Self, Error> {
        let raise = i64::from(is_office);
        match self {
            Job::Tap(before) => {
                let mut after = before.clone();
                after.status = status.to_owned();
                after.result_json = result_json.to_owned();
                removals::update(tx, action, before, &after, is_office)?;
                after.row_version += raise;
                Ok(Job::Tap(after))
            }
            Job::Pull(before) => {
                let mut after = before.clone();
                after.status = status.to_owned();
                after.result_json = result_json.to_owned();
                pulls::update(tx, action, before, &after, is_office)?;
                after.row_version += raise;
                Ok(Job::Pull(after))
            }
        }
    }

    /// State that merged fields lead to, and what is missing for the best one. Both are functions of the fields.
    pub(crate) fn judge(
        &self,
        desk: &Desk,
        db: &impl Db,
        fields: &BTreeMap<String, String>,
    ) -> Result<(&'static str, Vec<String>), Error> {
        let json = serde_json::to_string(fields).unwrap_or_default();
        let (is_reported, is_done, lacking, done) = match self {
            Job::Tap(o) => {
                let n_min = usize::try_from(desk.policy.integer("removal_ties_min", desk.today)?).unwrap_or(2);
                let fact = orders::result_fact(&json, orders::n_locating_ties(&removals::ties(db, o.tap_id)?));
                (fact.result_code.is_some(), fact.is_done(), fact.lacking(n_min), "completed")
            }
            Job::Pull(_) => {
                let fact = pull_result(&json);
                (fact.result_code.is_some(), fact.is_done(), fact.lacking(), "pulled")
            }
        };
        Ok(match (is_reported, is_done) {
            (false, _) => ("dispatched", Vec::new()),
            (true, true) if lacking.is_empty() => (done, Vec::new()),
            (true, true) => ("attempted", lacking.into_iter().map(str::to_owned).collect()),
            (true, false) => ("attempted", Vec::new()),
        })
    }
}

/// A pull order, or the refusal that there is none.
///
/// # Errors
/// `E_NOT_FOUND`, or a database failure.
pub fn pull(db: &impl Db, order_no: &str) -> Result<PullRow, Error> {
    match pulls::find(db, order_no)? {
        Some(pull) => Ok(pull),
        None => refuse(RefusalCode::NotFound, format!("there is no pull order {order_no}")),
    }
}

/// A pull order with everything its gates look at.
///
/// # Errors
/// `E_NOT_FOUND`, or a database failure.
pub fn show_pull(desk: &Desk, db: &impl Db, order_no: &str) -> Result<(PullRow, PullFacts), Error> {
    let found = pull(db, order_no)?;
    let facts = pull_facts(desk, db, &found, None)?;
    Ok((found, facts))
}

fn pull_print(p: &PullRow) -> Facts {
    let holder = p.holder_name.clone().filter(|_| !p.is_withheld).unwrap_or_default();
    let position_state = if p.lon.is_some() { "estimated" } else { "none" };
    [
        ("address", p.service_address.clone()),
        ("premises", p.premise_no.clone()),
        ("service", p.service_kind.clone()),
        ("position_state", position_state.to_owned()),
        ("account_no", p.account_no.clone()),
        ("holder", holder),
        ("balance", Cents(p.balance_now_cents).to_string()),
        ("priority", p.priority.to_string()),
        ("due_on", p.due_on.clone().unwrap_or_default()),
        ("reason", "refuse service unpaid, no water to shut off".to_owned()),
        ("safety", p.safety.clone()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Accounts of the premise of a pull as the gates see them.
pub(crate) fn accounts_of(desk: &Desk, db: &impl Db, p: &PullRow) -> Result<Vec<FedAccount>, Error> {
    let accounts = pulls::accounts(db, p.premise_id)?.into_iter();
    let fed = accounts.map(|(account_no, service_kind, status)| FedAccount {
        premise_no: p.premise_no.clone(),
        service_address: p.service_address.clone(),
        account_no,
        service_kind,
        is_off: desk.policy.account_status.is_off(&status),
        status,
    });
    Ok(fed.collect())
}

/// Everything the gates of a pull look at.
pub(crate) fn pull_facts(desk: &Desk, db: &impl Db, p: &PullRow, reason: Option<String>) -> Result<PullFacts, Error> {
    let live = holds::live(db, &[("order", p.order_no.clone()), ("premise", p.premise_no.clone())])?;
    let list = removal_lists::open_list_of(db, &p.order_no)?;
    Ok(PullFacts {
        status: p.status.clone(),
        balance_cents: p.balance_now_cents,
        balance_cents_min: desk.policy.integer("refuse_pull_cents_min", desk.today)?,
        accounts: accounts_of(desk, db, p)?,
        is_dispute_open: live.iter().any(|h| h.hold_type == "dispute"),
        holds: live.iter().map(|h| format!("{} on {} {}", h.hold_type, h.scope_kind, h.scope_key)).collect(),
        list: list.as_ref().map(|l| format!("{}/{}", l.list_no, l.version)),
        is_list_frozen: list.is_some_and(|l| l.frozen_at.is_some() && !l.crew.is_empty() && l.work_on.is_some()),
        result: pull_result(&p.result_json),
        reason,
        closed_on: None,
    })
}

fn pull_result(result_json: &str) -> PullResult {
    let fields: BTreeMap<String, String> = serde_json::from_str(result_json).unwrap_or_default();
    let has = |name: &str| fields.get(name).is_some_and(|v| !v.is_empty());
    PullResult {
        result_code: fields.get("result_code").cloned(),
        has_photo: has("before_photo") || has("after_photo"),
        has_crew_and_time: has("crew") && has("arrived_at") && has("left_at"),
        has_note: has("note"),
    }
}

/// A refuse account that owes and has no water to shut off.
#[derive(Debug, Clone, PartialEq)]
pub struct Owing {
    /// The account.
    pub account: PullRow,
    /// Number of the order that was made, when one was.
    pub order_no: Option<String>,
}

/// Refuse accounts that owe at least the policy's minimum and whose premise has no water to shut off, dearest first.
///
/// # Errors
/// When the policy lacks `refuse_pull_cents_min` or the database cannot be read.
pub fn owing(desk: &Desk, db: &impl Db, n_max: usize) -> Result<Vec<PullRow>, Error> {
    let min = desk.policy.integer("refuse_pull_cents_min", desk.today)?.max(1);
    let mut found = Vec::new();
    for account in pulls::owing(db, min, CANDIDATES_MAX)? {
        if found.len() < n_max && pull::has_water(&accounts_of(desk, db, &account)?).is_none() {
            found.push(account);
        }
    }
    Ok(found)
}

/// Requests a pull for every account of [`owing`].
///
/// # Errors
/// When the policy lacks a value or the database cannot be written.
pub fn request_pulls(desk: &Desk, n_max: usize, priority: i64, due_on: Option<CivilDate>) -> Result<Vec<Owing>, Error> {
    desk.with(|tx| {
        let mut made = Vec::new();
        for account in owing(desk, tx, n_max)? {
            let order_no = crate::store::cases::next_no(tx, PULL_SERIES, desk.today.as_jiff().year())?;
            let row = PullRow {
                order_no: order_no.clone(),
                status: machine::pull_order().initial.clone(),
                priority,
                due_on: due_on.map(|d| d.to_string()),
                balance_cents: account.balance_now_cents,
                reason: desk.by.reason.clone(),
                ..account.clone()
            };
            pulls::insert(tx, &row)?;
            made.push(Owing { account, order_no: Some(order_no) });
        }
        Ok(made)
    })
}

/// Takes a step of a pull order other than closing: cancel, put back on a list.
///
/// # Errors
/// Every refusal of [`pull::advance`], or a failure.
pub fn advance_pull(desk: &Desk, order_no: &str, to: &str) -> Result<PullRow, Error> {
    desk.with(|tx| {
        let before = pull(tx, order_no)?;
        let reason = (!desk.by.reason.trim().is_empty()).then(|| desk.by.reason.clone());
        pull::advance(&pull_facts(desk, tx, &before, reason)?, to, desk.role)?;
        let mut after = PullRow { status: to.to_owned(), ..before.clone() };
        if machine::pull_order().is_terminal(to) {
            after.closed_on = Some(desk.day());
        }
        pulls::update(tx, to, &before, &after, true)?;
        Ok(after)
    })
}

/// Records that the service of a pulled container ended.
///
/// # Errors
/// `E_NO_TRANSITION` unless the container was pulled, `E_ROLE`, or a failure.
pub fn close_pull(desk: &Desk, order_no: &str) -> Result<PullRow, Error> {
    desk.with(|tx| {
        let before = pull(tx, order_no)?;
        let facts = PullFacts { closed_on: Some(desk.today), ..pull_facts(desk, tx, &before, None)? };
        pull::advance(&facts, "closed", desk.role)?;
        let after = PullRow { status: "closed".to_owned(), closed_on: Some(desk.day()), ..before.clone() };
        pulls::update(tx, "close", &before, &after, true)?;
        pulls::add_closing(tx, &before, &desk.day())?;
        Ok(after)
    })
}
