//! `taptrace fetch parcels`: a layer of an ArcGIS REST service into the roll.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::fetch_net::{self, NetArgs};
use super::output::Sink;
use super::{Failure, Format, Global, Outcome, context};
use crate::ingest;
use crate::ingest::fetch;
use crate::ingest::fetch::arcgis::harvest::Paging;
use crate::ingest::fetch::arcgis::layer::layer_url;
use crate::ingest::fetch::arcgis::query::{PageForm, Query};
use crate::ingest::profile::Profile;
use crate::model::date::CivilDate;
use crate::pipeline::fetch_layer::{self, Error, Job, Outlook, Report, Since};
use crate::pipeline::import;

#[derive(Debug, clap::Args)]
pub(crate) struct ParcelsArgs {
    /// A profile that names a layer, or the address of a layer.
    #[arg(value_name = "PROFILE|URL")]
    source: String,
    /// With an address: the profile that maps its columns.
    #[arg(long, default_value = "generic")]
    profile: String,
    /// Where to look for profiles by name first.
    #[arg(long)]
    profile_dir: Option<PathBuf>,
    /// Only rows that meet a condition in the service's SQL; nothing else is retired.
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,
    /// Only rows that touch a box: west,south,east,north in degrees.
    #[arg(long, value_parser = parse_bbox, value_name = "W,S,E,N", allow_hyphen_values = true)]
    bbox: Option<[f64; 4]>,
    /// Only rows edited since a day, or since the newest edit of an earlier fetch ("last").
    #[arg(long, value_parser = parse_since, value_name = "DAY|last")]
    since: Option<Since>,
    /// The field with the time of the last edit, where the layer does not name it.
    #[arg(long, value_name = "FIELD")]
    edit_field: Option<String>,
    /// One way of paging (offset, oid, range, ids) instead of whichever works.
    #[arg(long)]
    paging: Option<Paging>,
    /// Rows of a page; the service's limit holds anyway.
    #[arg(long, value_name = "N")]
    page_rows: Option<u32>,
    /// Ask for pages as GeoJSON instead of Esri JSON.
    #[arg(long)]
    geojson: bool,
    /// Drop a broken fetch instead of going on with it.
    #[arg(long)]
    restart: bool,
    /// Describe the layer and count its rows; fetch none.
    #[arg(long)]
    dry_run: bool,
    /// The day the rows are true for.
    #[arg(long, value_parser = context::parse_date)]
    as_of: Option<CivilDate>,
    /// Accept a roll that is much smaller than the one before.
    #[arg(long)]
    allow_shrink: bool,
    #[command(flatten)]
    net: NetArgs,
}

fn parse_bbox(text: &str) -> Result<[f64; 4], String> {
    let numbers: Vec<f64> = text.split(',').map_while(|t| t.trim().parse().ok()).collect();
    match numbers.as_slice() {
        [w, s, e, n] if text.split(',').count() == 4 && w < e && s < n && w.abs() <= 180.0 && n.abs() <= 90.0 => {
            Ok([*w, *s, *e, *n])
        }
        _ => Err(format!("{text:?} is no box; write west,south,east,north, as -96.1,36.0,-95.8,36.2")),
    }
}

fn parse_since(text: &str) -> Result<Since, String> {
    if text == "last" { Ok(Since::Last) } else { context::parse_date(text).map(Since::Day) }
}

fn load(args: &ParcelsArgs) -> Result<(String, Profile), Failure> {
    let is_url = args.source.contains("://");
    let name = if is_url { &args.profile } else { &args.source };
    let profile = Profile::load(name, args.profile_dir.as_deref())
        .map_err(|e| Failure::from_error(&e).hint("give a profile, or an address that begins with https://"))?;
    if is_url {
        return Ok((layer_url(&args.source), profile));
    }
    match &profile.service {
        Some(service) => Ok((layer_url(&service.url), profile)),
        None => Err(Failure::input(format!("profile {} names no service", profile.name))
            .hint("give the address of a layer and the profile: taptrace fetch parcels URL --profile NAME")),
    }
}

fn query_of(args: &ParcelsArgs, profile: &Profile, is_own_layer: bool) -> Query {
    let own = profile.service.as_ref().filter(|_| is_own_layer).and_then(|s| s.condition.clone());
    let condition = match (own, args.condition.clone()) {
        (Some(own), Some(further)) => Some(format!("({own}) AND ({further})")),
        (own, further) => own.or(further),
    };
    let form = if args.geojson { PageForm::GeoJson } else { PageForm::Json };
    Query { condition, bbox: args.bbox, edited_since: None, form }
}

pub(crate) fn run(global: &Global, args: &ParcelsArgs) -> Result<Outcome, Failure> {
    let (url, profile) = load(args)?;
    let own_url = profile.service.as_ref().map(|s| layer_url(&s.url));
    let is_own_layer = own_url.as_ref() == Some(&url);
    let own_host = own_url.and_then(|u| host_of(&u));
    let named = profile.service.iter().flat_map(|s| s.hosts.iter().cloned()).chain(own_host);
    let hosts: Vec<String> = named.collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let reason = format!("fetch parcels {}", args.source);
    let vault = fetch_net::vault(global, &reason)?;
    let client = args.net.client(global, &hosts, &vault)?;
    let stop = client.stop_flag();
    let query = query_of(args, &profile, is_own_layer);
    if args.dry_run {
        let outlook = fetch_layer::look(&client, &vault, &url, &query).map_err(|e| failure_of(&e, &url))?;
        return tell_outlook(global, &outlook, &profile);
    }
    let bar = progress_bar();
    let authorship = context::authorship(global, &reason);
    let job = Job {
        url: &url,
        profile: &profile,
        query,
        since: args.since,
        edit_field: args.edit_field.clone(),
        paging: args.paging,
        page_rows: args.page_rows,
        is_restart: args.restart,
        as_of: args.as_of,
        today: context::today(),
        allow_shrink: args.allow_shrink,
        authorship: &authorship,
        is_interrupted: &|| stop.load(Ordering::SeqCst),
        on_rows: &|n_rows, n_counted| {
            bar.set_length(n_counted.unwrap_or(n_rows).max(1));
            bar.set_position(n_rows);
        },
    };
    let result = fetch_layer::run(&global.db, &job, &client, &vault);
    bar.finish_and_clear();
    match result {
        Ok(report) => Ok(tell(global, &url, &report)),
        Err(Error::Fetch(fetch::Error::Interrupted) | Error::Import(import::Error::Interrupted)) => {
            Ok(tell_interrupted(&url))
        }
        Err(error) => Err(failure_of(&error, &url)),
    }
}

fn host_of(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {human_pos} of {human_len} rows  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr()).with_style(style)
}

fn failure_of(error: &Error, url: &str) -> Failure {
    let hint = match error {
        Error::Import(import::Error::Ingest(ingest::Error::MissingColumns { .. })) => proposal(url),
        _ => error.hint(),
    };
    Failure::from_error(error).hint(hint)
}

/// How to come to a profile for a layer that no profile fits.
fn proposal(url: &str) -> String {
    format!(
        "let some rows propose a profile, then give it with --profile my.toml:\n  \
         taptrace fetch url '{url}/query?where=1%3D1&outFields=*&resultRecordCount=200&f=json' -o rows.json\n  \
         taptrace import inspect rows.json -o my.toml"
    )
}

#[allow(clippy::print_stderr, reason = "the report of a fetch belongs on stderr")]
fn tell_interrupted(url: &str) -> Outcome {
    eprintln!("{url}: interrupted; what came is kept, and the same command goes on from there");
    Outcome::Interrupted
}

#[allow(clippy::print_stderr, reason = "the report of a fetch belongs on stderr")]
fn tell(global: &Global, url: &str, report: &Report) -> Outcome {
    let paging = report.paging.as_str();
    eprintln!("{url} ({}): {} rows in {} pages, paged by {paging}", report.name, report.n_rows, report.n_pages);
    if report.n_rows_resumed > 0 {
        eprintln!("  {} of them came with an earlier fetch that broke", report.n_rows_resumed);
    }
    if !report.is_counted {
        eprintln!("  the service does not count its rows: whether these are all is not known");
    }
    let Some(import) = &report.import else {
        eprintln!("  no row meets the query; the roll is as before");
        return Outcome::Look;
    };
    if import.is_repeat {
        eprintln!("  the rows are those of an earlier fetch; the roll is as before");
        return Outcome::Done;
    }
    let c = import.counts;
    eprintln!(
        "  read {} rows = {} stored + {} rejected + {} duplicate, as of {}",
        c.read, c.stored, c.rejected, c.duplicate, report.as_of
    );
    eprintln!(
        "  {} parcels, {} of them new or changed, {} retired",
        import.n_parcels, import.n_versions, import.n_retired
    );
    for (what, value) in &import.findings {
        eprintln!("  {what}: {value}");
    }
    for reject in &import.rejects {
        eprintln!(
            "  rejected row {}, column {}, value {:?}: {} ({})",
            reject.row_no, reject.column, reject.value, reject.detail, reject.reason
        );
    }
    if import.n_warnings > 0 {
        eprintln!("  {} values were left out of rows that were kept:", import.n_warnings);
        import.warnings.iter().for_each(|w| eprintln!("    {w}"));
    }
    eprintln!("next: {}", global.next("taptrace match run"));
    if c.rejected > 0 { Outcome::Look } else { Outcome::Done }
}

fn tell_outlook(global: &Global, outlook: &Outlook, profile: &Profile) -> Result<Outcome, Failure> {
    let layer = &outlook.layer;
    let columns: Vec<String> = layer.fields.iter().map(|f| f.name.clone()).collect();
    let mapper = ingest::mapper::Mapper::new(profile, crate::model::snapshot::SourceKind::Parcels, &columns);
    let mut sink = Sink::open(global.output.as_deref())?;
    if global.format == Format::Table {
        writeln!(sink, "{}: {}", layer.url, layer.name)?;
        writeln!(sink, "  rows: {}", outlook.n_rows.map_or("not counted".to_owned(), |n| n.to_string()))?;
        writeln!(sink, "  rows of a page: at most {}; pages by offset: {}", layer.rows_max, yes_no(layer.can_offset))?;
        let known = if layer.has_known_crs() { "" } else { " (not known here; degrees are asked for)" };
        writeln!(sink, "  coordinate system: {}{known}", layer.crs.as_deref().unwrap_or("not named"))?;
        writeln!(sink, "  object ids: {}", layer.oid_field.as_deref().unwrap_or("not named"))?;
        writeln!(sink, "  time of edits: {}", layer.edit_field.as_deref().unwrap_or("not named"))?;
        writeln!(sink, "  fields: {}", columns.join(", "))?;
        match &mapper {
            Ok(mapper) => {
                for (field, column) in mapper.mapping() {
                    writeln!(sink, "  {field} from {column}")?;
                }
            }
            Err(error) => writeln!(sink, "  {error}\nhint: {}", proposal(&layer.url))?,
        }
    } else {
        let told = serde_json::json!({
            "url": layer.url, "name": layer.name, "rows": outlook.n_rows, "rows_max": layer.rows_max,
            "can_offset": layer.can_offset, "crs": layer.crs, "oid_field": layer.oid_field,
            "edit_field": layer.edit_field, "fields": columns, "is_mapped": mapper.is_ok(),
        });
        writeln!(sink, "{told}")?;
    }
    sink.finish()?;
    Ok(if mapper.is_ok() { Outcome::Done } else { Outcome::Look })
}

fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
