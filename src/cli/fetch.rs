//! `taptrace fetch`: records from services on the network, kept as evidence.

use std::io::Write;

use clap::Subcommand;

use super::fetch_net::{self, NetArgs};
use super::output::Sink;
use super::{Failure, Format, Global, Outcome, fetch_page, fetch_refresh};
use crate::ingest::fetch::client::{Request, Response};
use crate::ingest::fetch::{self, Error};

/// Fetch records from the county's services: politely, resumably, every response kept as evidence.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// A parcel layer of an ArcGIS REST service, whole or in part; a broken fetch goes on where it stopped.
    ///
    /// Example: taptrace fetch parcels tulsa_county --contact gis@city.example
    Parcels(Box<super::fetch_parcels::ParcelsArgs>),
    #[allow(rustdoc::bare_urls, reason = "help text, shown as it stands")]
    /// One address of the web, kept as evidence; its body goes to -o FILE.
    ///
    /// Example: taptrace fetch url https://gis.example.gov/arcgis/rest/services?f=json --allow-host gis.example.gov
    Url(UrlArgs),
    /// One parcel's record from the assessor's page, and what differs from the roll.
    ///
    /// Example: taptrace fetch page --parcel 123-45 --page-profile vgsi --contact gis@example.gov
    Page(fetch_refresh::PageArgs),
    /// Run a page profile on its saved pages, or on a file; nothing is fetched.
    ///
    /// Example: taptrace fetch test oklahoma_county
    Test(fetch_page::TestArgs),
    /// Look at a page saved in a browser and propose a page profile for it.
    ///
    /// Example: taptrace fetch inspect-page record.html -o mine.toml
    InspectPage(fetch_page::InspectArgs),
}

#[derive(Debug, clap::Args)]
struct UrlArgs {
    /// The address.
    url: String,
    #[command(flatten)]
    net: NetArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    match &args.verb {
        Verb::Parcels(args) => super::fetch_parcels::run(global, args),
        Verb::Url(args) => fetch_url(global, args),
        Verb::Page(args) => fetch_refresh::page(global, args),
        Verb::InspectPage(args) => fetch_page::inspect(global, args),
        Verb::Test(args) => fetch_page::test(global, args),
    }
}

fn fetch_url(global: &Global, args: &UrlArgs) -> Result<Outcome, Failure> {
    let vault = fetch_net::vault(global, &format!("fetch url {}", args.url))?;
    let client = args.net.client(global, &[], &vault)?;
    let sent = fetch::block_on(client.send(&Request::get(&args.url))).and_then(|r| r);
    vault.flush().map_err(|e| Failure::from_error(&e).hint("taptrace check"))?;
    match sent {
        Ok(response) => tell(global, &response),
        Err(Error::Interrupted) => Ok(Outcome::Interrupted),
        Err(error) => Err(Failure::from_error(&error).hint(error.hint())),
    }
}

fn tell(global: &Global, response: &Response) -> Result<Outcome, Failure> {
    let told = serde_json::json!({
        "url": response.url_final, "status": response.status, "media_type": response.media_type(),
        "bytes": response.body.len(), "sha256": response.sha256, "is_kept": response.is_kept,
    });
    if global.output.is_some() {
        let mut body = Sink::open(global.output.as_deref())?;
        body.write_all(&response.body)?;
        body.finish()?;
    }
    let mut sink = Sink::open(None)?;
    if global.format == Format::Table {
        let source = if response.is_kept { ", as kept earlier" } else { "" };
        writeln!(sink, "{}: status {}, {} bytes{source}", response.url_final, response.status, response.body.len())?;
        writeln!(sink, "kept as {}", response.sha256)?;
    } else {
        writeln!(sink, "{told}")?;
    }
    sink.finish()?;
    Ok(if (200..300).contains(&response.status) { Outcome::Done } else { Outcome::Look })
}
