//! Which column of an unknown file may be which field: by the names in `inspect_names`, then by the words of the header.

use crate::geom::crs::systems_near;
use crate::ingest::header_places::{self, KIND, LINES_MAX, NUMBER, PIECES, Place, STREET, Topic};
use crate::ingest::inspect::{ColumnInfo, Inspection, PartOfColumn};
use crate::ingest::inspect_names::{ADDRESS_PIECES, BARE_PLACES, SECOND_LINES, SYNONYMS, utility_names};
use crate::ingest::inspect_values::state_name;
use crate::ingest::mapper::{Mapper, fields_of, is_sensitive, plain, required_of};
use crate::ingest::profile::{AddressPart, Profile};
use crate::model::snapshot::SourceKind;

/// Columns named where a person is to choose.
const CHOICES_MAX: usize = 8;
/// Surname, first name, middle name.
const NAME_PIECES: usize = 3;

/// Columns by the words of their headers, the values agreeing.
#[derive(Debug, Default)]
struct Worded(Vec<(Place, u8, usize)>);

impl Worded {
    fn of(found: &Inspection) -> Self {
        let columns = found.columns.iter().enumerate().filter(|(_, c)| !is_sensitive(&c.name) && c.n_filled > 0);
        let places = columns.flat_map(|(at, column)| {
            let fitting = move |(place, _): &(Place, u8)| column.looks_like(*place);
            header_places::places(&column.name).into_iter().filter(fitting).map(move |(place, rank)| (place, rank, at))
        });
        Self(places.collect())
    }

    /// The free column whose header says most clearly that it is this; the first of equals.
    fn best(&self, place: Place, used: &[usize]) -> Option<usize> {
        let fitting = self.0.iter().filter(|(p, _, at)| *p == place && !used.contains(at));
        fitting.min_by_key(|(_, rank, at)| (*rank, *at)).map(|(_, _, at)| *at)
    }

    /// Columns of the pieces 0, 1 ... of something, those that are there.
    fn pieces(&self, n: usize, place: impl Fn(usize) -> Place, used: &[usize]) -> Vec<usize> {
        (0..n).filter_map(|at| self.best(place(at), used)).collect()
    }

    /// Columns of the lines 1, 2 ... of something: of one name but for the number, or without a number.
    fn lines(&self, found: &Inspection, place: impl Fn(u8) -> Place, used: &[usize]) -> Vec<usize> {
        let stem = |at: usize| plain(&found.columns[at].name).trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        let is_numbered = |at: usize| found.columns[at].name.ends_with(|c: char| c.is_ascii_digit());
        let mut lines: Vec<usize> = Vec::new();
        for n in 1..=LINES_MAX {
            let taken: Vec<usize> = used.iter().chain(&lines).copied().collect();
            let next = self.best(place(n), &taken);
            let goes_on =
                |at: &usize| lines.is_empty() || !is_numbered(*at) || lines.iter().any(|l| stem(*l) == stem(*at));
            let next = next.filter(goes_on);
            lines.extend(next);
        }
        lines
    }
}

impl Inspection {
    pub(super) fn propose(&mut self, kind: Option<SourceKind>) {
        let headers: Vec<String> = self.columns.iter().map(|c| c.name.clone()).collect();
        self.kind = kind.unwrap_or_else(|| self.guess_kind(&headers));
        self.fitting_profile = Profile::built_in_names().into_iter().find(|name| self.fits(name, &headers));
        if matches!(self.kind, SourceKind::Parcels | SourceKind::Roll) {
            self.propose_parcels(&headers);
        } else {
            self.propose_utility(&headers);
        }
        if self.columns.len() == 1 && self.format == "csv" {
            self.proposals.clear();
        }
        let order = |field: &str| fields_of(self.kind).iter().position(|f| *f == field);
        self.proposals.sort_by_key(|(field, _)| order(field));
        for field in required_of(self.kind) {
            if !self.has(field) {
                let choice = self.choice(field);
                self.undecided.push((field, choice));
            }
        }
        if matches!(self.kind, SourceKind::Parcels | SourceKind::Roll) {
            self.ask("owner_lines", ColumnInfo::looks_like_names, "owners could be in");
            self.ask("situs_address", ColumnInfo::looks_like_addresses, "addresses are in");
        }
        if self.n_geometries == 0 && self.oddities.iter().any(|(code, _)| code == "not_degrees") {
            self.undecided.push(("crs", self.crs_choice()));
        }
    }

    /// Systems of the state that stands in the file, when the coordinates could be in them.
    fn crs_choice(&self) -> String {
        let column = self.column_of("situs_state").or_else(|| self.column_of("mail_state"));
        let state = column.and_then(|i| state_name(self.columns[i].samples.first()?));
        let systems = state.zip(self.no_degrees).map(|(state, point)| systems_near(state, point)).unwrap_or_default();
        let names: Vec<String> = systems.iter().map(|(code, name)| format!("EPSG:{code} is {name}")).collect();
        let could = if names.is_empty() { String::new() } else { format!(" (it could be: {})", names.join(", ")) };
        format!(
            "the coordinates are no degrees and the file names no system: ask the county for its EPSG number{could}"
        )
    }

    /// Leaves a field to a person when no header names it and some columns could be it. A layer of shapes has none of them.
    fn ask(&mut self, field: &'static str, could_be: fn(&ColumnInfo) -> bool, what: &str) {
        if self.has(field) {
            return;
        }
        let is_taken = |c: &&ColumnInfo| {
            self.proposals.iter().any(|(_, h)| h.contains(&c.name)) || self.parts.iter().any(|p| p.header == c.name)
        };
        let free = self.columns.iter().filter(|c| !is_taken(c) && !is_sensitive(&c.name) && could_be(c));
        let names: Vec<&str> = free.map(|c| c.name.as_str()).take(CHOICES_MAX).collect();
        if !names.is_empty() {
            self.undecided.push((field, format!("{what}: {} (leave it out if the file has none)", names.join(", "))));
        }
    }

    fn guess_kind(&self, headers: &[String]) -> SourceKind {
        let topics: Vec<Topic> = headers.iter().flat_map(|h| header_places::topics(h)).collect();
        let has = |topic: Topic| topics.contains(&topic);
        let is_parcels = headers.iter().any(|h| SYNONYMS[0].1.contains(&plain(h).as_str()));
        let is_layer = self.n_geometries > 0;
        if has(Topic::Grantee) && !is_layer {
            SourceKind::Deeds
        } else if headers.iter().any(|h| ["tapno", "tapid", "tapnumber"].contains(&plain(h).as_str())) {
            SourceKind::Taps
        } else if has(Topic::Meter) && has(Topic::ReadDay) {
            SourceKind::Reads
        } else if has(Topic::Account) && has(Topic::Service) && !is_layer && !is_parcels {
            SourceKind::Accounts
        } else if is_layer {
            SourceKind::Parcels
        } else {
            SourceKind::Roll
        }
    }

    fn propose_utility(&mut self, headers: &[String]) {
        let mapper = Profile::load("generic", None).ok().and_then(|p| Mapper::resolved(&p, self.kind, headers).ok());
        let mapping = mapper.map(|m| m.mapping()).unwrap_or_default();
        self.proposals = mapping.into_iter().map(|(field, header)| (field, vec![header])).collect();
        let index = |name: &String| headers.iter().position(|h| h == name);
        let mut used: Vec<usize> = self.proposals.iter().flat_map(|(_, h)| h).filter_map(index).collect();
        for (field, names) in utility_names(self.kind) {
            if !self.has(field)
                && let Some(idx) = self.find(field, names, &used)
            {
                self.take(field, &[idx], &mut used);
            }
        }
        let worded = Worded::of(self);
        for (field, place) in utility_places(self.kind) {
            if !self.has(field)
                && let Some(idx) = worded.best(*place, &used)
            {
                self.take(field, &[idx], &mut used);
            }
        }
        if fields_of(self.kind).contains(&"service_address") && !self.has("service_address") {
            self.propose_address("service_address", &worded, &mut used);
            if !self.has("service_address") {
                // No header says so; the only column of addresses is where the service is.
                let is_free = |i: &usize| !used.contains(i) && self.columns[*i].looks_like_addresses();
                let found: Vec<usize> = (0..self.columns.len()).filter(is_free).collect();
                if found.len() == 1 {
                    self.take("service_address", &found, &mut used);
                }
            }
        }
        if self.kind == SourceKind::Accounts && !self.has("holder_name") {
            let pieces = worded.pieces(NAME_PIECES, Place::OwnerPiece, &used);
            self.take("holder_name", &pieces, &mut used);
        }
        if self.kind == SourceKind::Accounts && !self.has("mailing_address") {
            let lines = worded.lines(self, Place::MailLine, &used);
            self.take("mailing_address", &lines, &mut used);
        }
    }

    fn has(&self, field: &str) -> bool {
        self.proposals.iter().any(|(f, _)| *f == field) || self.parts.iter().any(|p| p.field == field)
    }

    /// The first column proposed for a field.
    fn column_of(&self, field: &str) -> Option<usize> {
        let (_, chosen) = self.proposals.iter().find(|(f, _)| *f == field)?;
        self.columns.iter().position(|c| Some(&c.name) == chosen.first())
    }

    /// Proposes columns for a field; nothing without columns.
    fn take(&mut self, field: &'static str, columns: &[usize], used: &mut Vec<usize>) {
        if columns.is_empty() {
            return;
        }
        used.extend(columns);
        self.proposals.push((field, columns.iter().map(|i| self.columns[*i].name.clone()).collect()));
    }

    fn propose_parcels(&mut self, headers: &[String]) {
        let mut used: Vec<usize> = Vec::new();
        let worded = Worded::of(self);
        for (field, synonyms) in SYNONYMS {
            if *field == "situs_address" && self.propose_said_situs(&worded, &mut used) {
                continue;
            }
            let Some(first) = self.find(field, synonyms, &used) else {
                if *field == "parcel_no" {
                    self.propose_parcel_no(headers, &worded, &mut used);
                }
                continue;
            };
            let mut chosen = vec![first];
            used.push(first);
            if let Some((_, seconds)) = SECOND_LINES.iter().find(|(f, _)| f == field) {
                let says_more = |i: &usize| self.columns[*i].samples != self.columns[first].samples;
                chosen.extend(self.find(field, seconds, &used).filter(says_more));
            }
            used.pop();
            self.take(field, &chosen, &mut used);
        }
        self.propose_second_address(headers, &mut used);
        self.propose_by_words(&worded, &mut used);
        self.propose_places(&worded, &mut used);
    }

    /// The situs by a header that says so (`PREMISEADD`), or by pieces where `ADDRESS1`, `ADDRESS2` are lines of a letter. True when
    /// it was proposed.
    fn propose_said_situs(&mut self, worded: &Worded, used: &mut Vec<usize>) -> bool {
        if let Some(column) = worded.best(Place::Field("situs_address"), used) {
            self.take("situs_address", &[column], used);
        } else if worded.best(Place::BareLine(0), used).is_none() && self.has_bare_second_line() {
            self.propose_address("situs_address", worded, used);
        }
        self.has("situs_address")
    }

    /// True with a column like `ADDRESS2`, filled or not.
    fn has_bare_second_line(&self) -> bool {
        let is_second = |header: &str| header_places::places(header).iter().any(|(p, _)| *p == Place::BareLine(2));
        self.columns.iter().any(|c| is_second(&c.name))
    }

    /// Fields that no column is named like exactly, by the words of the headers.
    fn propose_by_words(&mut self, worded: &Worded, used: &mut Vec<usize>) {
        if !self.has("situs_address") {
            match worded.best(Place::BareLine(0), used) {
                Some(column) => self.take("situs_address", &[column], used),
                None => self.propose_address("situs_address", worded, used),
            }
            if !self.has("situs_address") {
                let first = worded.best(Place::BareLine(1), used);
                self.take("situs_address", &first.into_iter().collect::<Vec<_>>(), used);
            }
        }
        for (place, fields) in [
            (Place::SitusTown, ["situs_city", "situs_state", "situs_zip"]),
            (Place::MailTown, ["mail_city", "mail_state", "mail_zip"]),
        ] {
            self.propose_place_line(worded.best(place, used), fields, used);
        }
        self.propose_owner(worded, used);
        self.propose_mailing(worded, used);
        self.propose_lines("legal_description", &worded.lines(self, Place::Legal, used), used);
        for field in fields_of(self.kind) {
            if !self.has(field)
                && let Some(column) = worded.best(Place::Field(field), used)
            {
                self.take(field, &[column], used);
            }
        }
        let book_and_page = worded.pieces(2, Place::DeedPart, used);
        if book_and_page.len() == 2 && !self.has("deed_reference") {
            self.take("deed_reference", &book_and_page, used);
        }
    }

    /// The owner by lines, else by the pieces of a name.
    fn propose_owner(&mut self, worded: &Worded, used: &mut Vec<usize>) {
        let lines = worded.lines(self, Place::OwnerLine, used);
        let pieces = worded.pieces(NAME_PIECES, Place::OwnerPiece, used);
        if lines.is_empty() && !self.has("owner_lines") && pieces.len() > 1 {
            self.take("owner_lines", &pieces, used);
            self.joined.push("owner_lines");
        } else {
            self.propose_lines("owner_lines", &lines, used);
        }
    }

    /// The mailing address in pieces when it has a number and a street of its own, else its lines.
    fn propose_mailing(&mut self, worded: &Worded, used: &mut Vec<usize>) {
        let piece = |at: usize| worded.best(Place::MailPiece(at), used);
        if !self.has("mailing_lines") && piece(NUMBER).is_some() && piece(STREET).is_some() {
            let pieces = worded.pieces(PIECES, Place::MailPiece, used);
            self.take("mailing_lines", &pieces, used);
            self.joined.push("mailing_lines");
            return;
        }
        let mut lines = worded.lines(self, Place::MailLine, used);
        if lines.is_empty() && self.has("situs_address") && !self.has("mailing_lines") {
            // `Address` without a word whose, beside a situs that has one.
            let whole = worded.best(Place::BareLine(0), used);
            let taken: Vec<usize> = used.iter().copied().chain(whole).collect();
            lines = whole.into_iter().chain(worded.lines(self, Place::BareLine, &taken)).collect();
        }
        self.propose_lines("mailing_lines", &lines, used);
    }

    /// Further lines behind those proposed already, or all of them.
    fn propose_lines(&mut self, field: &'static str, lines: &[usize], used: &mut Vec<usize>) {
        match self.proposals.iter_mut().find(|(f, _)| *f == field) {
            None => self.take(field, lines, used),
            Some((_, chosen)) => {
                let first = self.columns.iter().find(|c| chosen.first() == Some(&c.name));
                let is_sparse = first.is_some_and(|c| c.n_filled * 2 < self.n_rows_read);
                for i in lines {
                    let column = &self.columns[*i];
                    // `OWNER_NAME` behind a chosen `OWNER1` says the same again; numbered ones go on.
                    let goes_on = is_sparse || column.name.ends_with(|c: char| matches!(c, '2'..='9'));
                    if goes_on && first.is_none_or(|f| f.samples != column.samples) {
                        chosen.push(column.name.clone());
                        used.push(*i);
                    }
                }
            }
        }
    }

    /// City, state and ZIP in one column.
    fn propose_place_line(&mut self, column: Option<usize>, fields: [&'static str; 3], used: &mut Vec<usize>) {
        let Some(column) = column.filter(|_| fields.iter().all(|f| !self.has(f))) else { return };
        let header = &self.columns[column].name;
        let parts = [AddressPart::City, AddressPart::State, AddressPart::Zip];
        let of_column =
            fields.into_iter().zip(parts).map(|(field, part)| PartOfColumn { field, header: header.clone(), part });
        self.parts.extend(of_column);
        used.push(column);
    }

    /// Without a column of the usual names: one that is named somewhat like it, else several that together are a key.
    fn propose_parcel_no(&mut self, headers: &[String], worded: &Worded, used: &mut Vec<usize>) {
        let named = worded.best(Place::Field("parcel_no"), used).filter(|i| self.keys.is_key(*i));
        let named = named.or_else(|| self.keys.parcel_column(headers));
        let found = named.map(|i| vec![i]).or_else(|| self.keys.parcel_parts());
        self.take("parcel_no", &found.unwrap_or_default(), used);
    }

    /// An address in pieces: at least a number and a street.
    fn propose_address(&mut self, field: &'static str, worded: &Worded, used: &mut Vec<usize>) {
        let mut taken = used.clone();
        let pieces: Vec<Option<usize>> = ADDRESS_PIECES
            .iter()
            .enumerate()
            .map(|(at, names)| {
                let named = self.find("", names, &taken).filter(|i| self.columns[*i].n_filled > 0);
                let found = named.or_else(|| worded.best(Place::SitusPiece(at), &taken));
                taken.extend(found);
                found
            })
            .collect();
        let (Some(_), Some(street)) = (pieces[NUMBER], pieces[STREET]) else { return };
        // `83` is a street when its type or direction stands beside it.
        if self.columns[street].is_numeric && pieces[KIND].is_none() {
            return;
        }
        let chosen: Vec<usize> = pieces.into_iter().flatten().collect();
        self.take(field, &chosen, used);
    }

    /// Two columns of one name (`Address`, read as `Address` and `Address_2`) with the owner between them: the second is where the
    /// owner lives, when it holds house numbers.
    fn propose_second_address(&mut self, headers: &[String], used: &mut Vec<usize>) {
        let (situs, owner) = (self.column_of("situs_address"), self.column_of("owner_lines"));
        let (Some(situs), Some(owner), false) = (situs, owner, self.has("mailing_lines")) else { return };
        let again = format!("{}_2", headers[situs]);
        let second = headers.iter().position(|h| *h == again).filter(|i| situs < owner && owner < *i);
        let is_address = |i: &usize| self.columns[*i].n_numbered * 2 > self.n_rows_read;
        let Some(second) = second.filter(is_address) else { return };
        self.take("mailing_lines", &[second], used);
        for (field, again) in [("mail_city", "city_2"), ("mail_state", "state_2"), ("mail_zip", "zip_2")] {
            let found = headers.iter().position(|h| h.eq_ignore_ascii_case(again));
            if let Some(at) = found.filter(|at| *at > second && !used.contains(at)) {
                self.take(field, &[at], used);
            }
        }
    }

    /// City, state and ZIP that do not say whose they are go to the address column before them.
    fn propose_places(&mut self, worded: &Worded, used: &mut Vec<usize>) {
        let (situs, mailing) = (self.column_of("situs_address"), self.column_of("mailing_lines"));
        let is_mail = |idx: usize| mailing.is_some_and(|m| m < idx && situs.is_none_or(|s| s < m || s > idx));
        for (n, (of_situs, of_mail, names)) in BARE_PLACES.iter().enumerate() {
            let Some(idx) = self.find(of_situs, names, used).or_else(|| worded.best(Place::Bare(n), used)) else {
                continue;
            };
            let choice = match (is_mail(idx), situs.is_some()) {
                (true, true) => [*of_mail, *of_situs],
                (true, false) => [*of_mail; 2],
                (false, true) => [*of_situs; 2],
                (false, false) => continue,
            };
            if let Some(field) = choice.into_iter().find(|f| !self.has(f)) {
                self.take(field, &[idx], used);
            }
        }
        let place = worded.best(Place::BareTown, used);
        let fields = match place.is_some_and(is_mail) {
            true => ["mail_city", "mail_state", "mail_zip"],
            false => ["situs_city", "situs_state", "situs_zip"],
        };
        self.propose_place_line(place, fields, used);
    }

    /// A built-in profile fits when all but a few of its columns are there.
    fn fits(&self, name: &str, headers: &[String]) -> bool {
        let Ok(profile) = Profile::load(name, None) else { return false };
        let Ok(mapper) = Mapper::new(&profile, self.kind, headers) else { return false };
        let n_wanted = profile.rules(self.kind).values().filter(|r| !r.headers().is_empty()).count();
        let n_found = mapper.mapping().iter().filter(|(_, header)| !header.is_empty()).count();
        let share = if name == "generic" { 50 } else { 80 };
        n_found * 100 >= n_wanted * share
    }

    fn find(&self, field: &str, synonyms: &[&str], used: &[usize]) -> Option<usize> {
        let fitting = |idx: &usize| {
            let column = &self.columns[*idx];
            !used.contains(idx) && !is_sensitive(&column.name) && self.n_rows_read > 0 && column.fits(field)
        };
        synonyms.iter().find_map(|wanted| {
            // Shapefiles cut names at 10 letters.
            let equal = |name: &str| name == *wanted || (name.len() == 10 && wanted.starts_with(name));
            (0..self.columns.len()).filter(fitting).find(|i| equal(&plain(&self.columns[*i].name)))
        })
    }
}

/// Fields of a billing or read file that the words of a header may name.
fn utility_places(kind: SourceKind) -> &'static [(&'static str, Place)] {
    match kind {
        SourceKind::Accounts => &[
            ("account_no", Place::Field("account_no")),
            ("premise_no", Place::Field("premise_no")),
            ("meter_no", Place::Field("meter_no")),
            ("service_address", Place::Field("situs_address")),
            ("service_city", Place::Field("situs_city")),
            ("service_zip", Place::Field("situs_zip")),
            ("holder_name", Place::OwnerLine(1)),
            ("balance", Place::Field("balance")),
            ("status", Place::Field("status")),
            ("opened_on", Place::Field("opened_on")),
            ("closed_on", Place::Field("closed_on")),
        ],
        SourceKind::Reads => &[
            ("meter_no", Place::Field("meter_no")),
            ("premise_no", Place::Field("premise_no")),
            ("read_on", Place::Field("read_on")),
            ("reading", Place::Field("reading")),
            ("consumption", Place::Field("consumption")),
        ],
        SourceKind::Taps => &[
            ("tap_no", Place::Field("tap_no")),
            ("tapped_on", Place::Field("tapped_on")),
            ("size", Place::Field("size")),
            ("main_size", Place::Field("main_size")),
            ("main_material", Place::Field("main_material")),
            ("service_material", Place::Field("service_material")),
            ("service_address", Place::Field("situs_address")),
        ],
        _ => &[],
    }
}
