//! Writing verbs of `taptrace owner`: decide, deed add, suppress.

use std::path::PathBuf;

use clap::Subcommand;

use super::output::{Sink, write_table};
use super::owner_show::failure;
use super::{Failure, Global, Outcome, context};
use crate::model::date::CivilDate;
use crate::pipeline::ownership::{self, Error};
use crate::store::Reader;
use crate::store::ownership::{NewDeed, SuppressionRow, suppressions};
use crate::store::parcels::{OTHER_PARCELS_MAX, card};

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Verdict {
    /// Same control.
    Same,
    /// Not the same control; splits the group where this holds it together.
    #[value(alias = "split")]
    Different,
    /// The mailing address of the first owner serves others.
    Agent,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DecideArgs {
    /// What was decided.
    #[arg(value_enum)]
    verdict: Verdict,
    /// First owner: parcel number, owner name or group number.
    a: String,
    /// Second owner (not used for `agent`).
    b: Option<String>,
    /// Why, for the audit log.
    #[arg(long, value_parser = context::parse_words)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AddressArgs {
    /// The address as shown in the column mail_key, or an owner or parcel that gets mail there.
    address: String,
    /// What it is; `automatic` takes a person's word back.
    #[arg(long)]
    role: String,
    /// Why, for the audit log.
    #[arg(long, value_parser = context::parse_words)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DeedArgs {
    #[command(subcommand)]
    verb: DeedVerb,
}

#[derive(Debug, Subcommand)]
enum DeedVerb {
    /// Add one deed of a parcel.
    ///
    /// Example: taptrace owner deed add 100-20 --recorded-on 2025-03-04 --grantor "DOE, JOHN" --grantee "ACME LLC" --instrument 2025012345
    Add(Box<DeedAdd>),
}

/// Kinds of transfer that a person may enter.
const KINDS: [&str; 8] =
    ["warranty", "quitclaim", "tax_resale", "sheriff", "death", "tod_deed", "correction", "unknown"];

#[derive(Debug, clap::Args)]
struct DeedAdd {
    /// Parcel number.
    parcel: String,
    /// Day of recording.
    #[arg(long, value_parser = context::parse_date)]
    recorded_on: CivilDate,
    /// Day of signing.
    #[arg(long, value_parser = context::parse_date)]
    executed_on: Option<CivilDate>,
    /// Who gave.
    #[arg(long)]
    grantor: String,
    /// Who got.
    #[arg(long)]
    grantee: String,
    /// Book.
    #[arg(long)]
    book: Option<String>,
    /// Page.
    #[arg(long)]
    page: Option<String>,
    /// Instrument number.
    #[arg(long)]
    instrument: Option<String>,
    /// warranty, quitclaim, tax_resale, sheriff, death, tod_deed, correction or unknown.
    #[arg(long, default_value = "unknown", value_parser = KINDS, hide_possible_values = true)]
    kind: String,
    /// The document; its hash is stored.
    #[arg(long)]
    document: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SuppressArgs {
    #[command(subcommand)]
    verb: SuppressVerb,
}

#[derive(Debug, Subcommand)]
enum SuppressVerb {
    /// Withhold the owner of a parcel by an order.
    ///
    /// Example: taptrace owner suppress add 100-20 --order-ref CV-2026-17 --from 2026-01-01
    Add {
        /// Parcel number.
        parcel: String,
        /// The order.
        #[arg(long)]
        order_ref: String,
        /// Withhold every parcel that shows this owner line, also those bought later.
        #[arg(long)]
        all_parcels: bool,
        /// The law it rests on.
        #[arg(long, default_value = "court order")]
        basis: String,
        /// First day.
        #[arg(long, value_parser = context::parse_date)]
        from: CivilDate,
        /// Last day.
        #[arg(long, value_parser = context::parse_date)]
        to: Option<CivilDate>,
    },
    /// List orders; the names stay withheld.
    ///
    /// Example: taptrace owner suppress list
    List,
    /// End an order after a day.
    ///
    /// Example: taptrace owner suppress end 1 --to 2026-12-31
    End {
        /// Number from the list.
        suppression_id: i64,
        /// Last day.
        #[arg(long, value_parser = context::parse_date)]
        to: CivilDate,
    },
}

#[allow(clippy::print_stderr, reason = "what changed and what to do next")]
fn done(message: &str) -> Result<Outcome, Failure> {
    eprintln!("{message}");
    Ok(Outcome::Done)
}

pub(crate) fn decide(global: &Global, args: &DecideArgs) -> Result<Outcome, Failure> {
    let (verdict, b) = match (args.verdict, &args.b) {
        (Verdict::Agent, _) => ("agent", &args.a),
        (Verdict::Same, Some(b)) => ("same", b),
        (Verdict::Different, Some(b)) => ("different", b),
        (Verdict::Same | Verdict::Different, None) => {
            return Err(Failure::input("two owners are needed").hint("taptrace owner decide same A B --reason WHY"));
        }
    };
    let by = context::authorship(global, &args.reason);
    ownership::decide(&global.db, verdict, (&args.a, b), &by).map_err(|e| failure(&e))?;
    let next = match args.verdict {
        Verdict::Agent => "taptrace owner review".to_owned(),
        Verdict::Same | Verdict::Different => format!("taptrace owner explain {:?} {b:?}", args.a),
    };
    done(&format!("decided; groups follow at once: {}", global.next(&next)))
}

pub(crate) fn address(global: &Global, args: &AddressArgs) -> Result<Outcome, Failure> {
    let role = Some(args.role.as_str()).filter(|r| *r != "automatic");
    let by = context::authorship(global, &args.reason);
    let mail_key = ownership::decide_address(&global.db, &args.address, role, &by).map_err(|e| failure(&e))?;
    done(&format!("{mail_key} is {}; groups follow at once: {}", args.role, global.next("taptrace owner show OWNER")))
}

pub(crate) fn group(global: &Global) -> Result<Outcome, Failure> {
    let by = context::authorship(global, "owner groups computed anew");
    let n = ownership::group_all(&global.db, &by).map_err(|e| failure(&e))?;
    done(&format!(
        "{} owners at their addresses in {} groups; {} merged, {} split; next: {}",
        n.n_owners,
        n.n_groups,
        n.n_merged,
        n.n_split,
        global.next("taptrace owner review")
    ))
}

pub(crate) fn deed(global: &Global, args: &DeedArgs) -> Result<Outcome, Failure> {
    let DeedVerb::Add(add) = &args.verb;
    if add.recorded_on > context::today() {
        return Err(failure(&Error::NotYetRecorded(add.recorded_on)));
    }
    let document_sha256 = match &add.document {
        Some(path) => Some(
            crate::ingest::bytes::sha256_file(path)
                .map_err(|e| Failure::from_error(&e).hint("name a file with --document"))?,
        ),
        None => None,
    };
    let deed = NewDeed {
        recorded_on: add.recorded_on.to_string(),
        executed_on: add.executed_on.map(|d| d.to_string()),
        book: add.book.clone(),
        page: add.page.clone(),
        instrument_no: add.instrument.clone(),
        transfer_kind: add.kind.clone(),
        grantor: add.grantor.clone(),
        grantee: add.grantee.clone(),
        price_cents: None,
        document_sha256,
        document_name: add.document.as_ref().and_then(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned()),
    };
    let by = context::authorship(global, "deed entered by hand");
    let is_new = ownership::add_deed(&global.db, &add.parcel, &deed, &by).map_err(|e| failure(&e))?;
    let next =
        global.next(&format!("taptrace owner as-of {} --date {}", context::shell_word(&add.parcel), add.recorded_on));
    done(&if is_new { format!("deed added; next: {next}") } else { format!("this deed was there already: {next}") })
}

pub(crate) fn suppress(global: &Global, args: &SuppressArgs) -> Result<Outcome, Failure> {
    let list = global.next("taptrace owner suppress list");
    match &args.verb {
        SuppressVerb::Add { parcel, order_ref, all_parcels, basis, from, to } => {
            let row = SuppressionRow {
                suppression_id: 0,
                parcel_no: parcel.clone(),
                basis: basis.clone(),
                order_ref: order_ref.clone(),
                from_date: from.to_string(),
                to_date: to.map(|d| d.to_string()),
            };
            let by = context::authorship(global, order_ref);
            if *all_parcels {
                let n = ownership::suppress_owner(&global.db, &row, &by).map_err(|e| failure(&e))?;
                return done(&format!("withheld on {n} parcel(s); next: {list}"));
            }
            let others =
                Reader::open(&global.db).and_then(|reader| card(&reader, parcel)).map_err(|e| failure(&e.into()))?;
            let n_others = others.map_or(0, |card| card.other_parcels.len());
            ownership::suppress(&global.db, &row, &by).map_err(|e| failure(&e))?;
            if n_others == 0 {
                return done(&format!("withheld; next: {list}"));
            }
            let or_more = if n_others == OTHER_PARCELS_MAX { " or more" } else { "" };
            let all = global.next(&format!(
                "taptrace owner suppress add {parcel} --order-ref {order_ref} --from {from} --all-parcels"
            ));
            done(&format!(
                "withheld; {n_others}{or_more} other parcel(s) still show this owner\nif the order covers them: {all}\nnext: {list}"
            ))
        }
        SuppressVerb::List => {
            let reader = Reader::open(&global.db).map_err(|e| failure(&e.into()))?;
            let rows: Vec<Vec<String>> = suppressions(&reader)
                .map_err(|e| failure(&e.into()))?
                .into_iter()
                .map(|s| {
                    vec![
                        s.suppression_id.to_string(),
                        s.parcel_no,
                        s.basis,
                        s.order_ref,
                        s.from_date,
                        s.to_date.unwrap_or_default(),
                    ]
                })
                .collect();
            let mut out = Sink::open(global.output.as_deref())?;
            write_table(&mut out, &["suppression_id", "parcel_no", "basis", "order_ref", "from", "to"], &rows)?;
            out.finish()?;
            Ok(Outcome::Done)
        }
        SuppressVerb::End { suppression_id, to } => {
            let by = context::authorship(global, "order ended");
            ownership::end_suppression(&global.db, *suppression_id, *to, &by).map_err(|e| failure(&e))?;
            done(&format!("ended; next: {list}"))
        }
    }
}
