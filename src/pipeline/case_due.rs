//! The morning's list: what a deadline, an agreement, a hold or a returned letter asks somebody to do today.

use crate::cases::plan::{self, Instalment, PlanState};
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::store::{Db, case_due, holds};

use super::casework::{Desk, Error};

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Since which day.
    pub since: String,
    /// Case, or what the hold is on.
    pub what: String,
    /// What is to be done.
    pub task: String,
    /// Person.
    pub assigned_to: String,
}

/// Everything that waits on the desk's day, oldest first.
///
/// # Errors
/// When the policy lacks a value or the database cannot be read.
pub fn list(desk: &Desk, db: &impl Db) -> Result<Vec<Due>, Error> {
    let today = desk.day();
    let mut all = Vec::new();
    let mut add = |rows: Vec<case_due::DueRow>, task: &str| {
        all.extend(rows.into_iter().map(|r| Due {
            since: r.day,
            what: r.case_no,
            task: task.to_owned(),
            assigned_to: r.assigned_to,
        }));
    };
    add(case_due::unanswered(db, &today)?, "no answer to the notice: enforce or agree");
    add(case_due::owner_research(db, &today)?, "find the owner's address");
    add(case_due::undecided(db, &today)?, "decide the dispute");
    all.extend(agreements(desk, db)?);
    for h in holds::due(db, &today)?.into_iter().filter(|h| h.hold_type != "dispute") {
        all.push(Due {
            since: h.review_on,
            what: format!("{} {}", h.scope_kind, h.scope_key),
            task: format!("review the {} hold: {}", h.hold_type, h.basis),
            assigned_to: String::new(),
        });
    }
    all.sort_by(|a, b| (&a.since, &a.what).cmp(&(&b.since, &b.what)));
    Ok(all)
}

fn agreements(desk: &Desk, db: &impl Db) -> Result<Vec<Due>, Error> {
    let grace = desk.policy.integer("plan_grace_days", desk.today)?;
    let missed_max = desk.policy.integer("plan_missed_max", desk.today)?;
    let mut found = Vec::new();
    for row in case_due::agreements(db, &desk.day())? {
        let rows: Vec<Instalment> = row
            .instalments
            .iter()
            .filter_map(|(due, cents)| CivilDate::parse(due).map(|due_on| Instalment { due_on, amount: Cents(*cents) }))
            .collect();
        let paid = Cents(row.paid_cents);
        let task = match plan::state(&rows, paid, desk.today, grace, missed_max) {
            PlanState::Default(n) => format!("the agreement is in default: {n} instalments missed"),
            PlanState::Late(n) => format!("{n} instalment(s) late: call"),
            PlanState::Complete => "the agreement is paid: close".to_owned(),
            PlanState::Current => continue,
        };
        let since = first_unpaid(&rows, paid).map_or_else(|| desk.day(), |d| d.to_string());
        found.push(Due { since, what: row.case_no, task, assigned_to: row.assigned_to });
    }
    Ok(found)
}

/// Due day of the first instalment that the payments do not cover.
fn first_unpaid(rows: &[Instalment], paid: Cents) -> Option<CivilDate> {
    let mut left = paid.0;
    rows.iter().find_map(|row| {
        left -= row.amount.0;
        (left < 0).then_some(row.due_on)
    })
}
