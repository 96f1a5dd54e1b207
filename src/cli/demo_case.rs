//! The case of `taptrace demo`: from a tip to a removed tap, by the very commands that a person types.
//!
//! What was typed and what was said is kept in `case_story.txt`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::Value;

use super::{Cli, Failure, context};

/// Premise, its tap, and what the sample city hides there (`truth_violations.csv`).
const PREMISE: &str = "P1000402";
const TAP: &str = "T-00402";
/// The last day of the story.
const LAST_DAY: &str = "2026-09-14";
/// The photo that a specialist adds to the case.
const PHOTO_OF_SLIP: &str = "slip.png";
/// Photos of the crew, in their own folder.
const CREW_PHOTOS: &str = "crew_photos";

/// What came of it.
pub(super) struct Ended {
    pub(super) case_no: String,
    pub(super) owner: String,
    pub(super) charged: String,
    pub(super) order_no: String,
}

struct Story<'a> {
    dir: &'a Path,
    transcript: String,
}

/// Carries the case; `None` when the clock stands before its last day, for nothing can be recorded in the future.
pub(super) fn tell(dir: &Path) -> Result<Option<Ended>, Failure> {
    if context::today().to_string().as_str() < LAST_DAY {
        return Ok(None);
    }
    let mut story = Story { dir, transcript: String::new() };
    let case_no = story.tip_and_finding()?;
    let owner = story.owner_and_charges(&case_no)?;
    let charged = story.notice_and_enforcement(&case_no)?;
    let order_no = story.order_and_list(&case_no)?;
    story.dig_and_record(&case_no, &order_no)?;
    std::fs::write(dir.join("case_story.txt"), &story.transcript)?;
    Ok(Some(Ended { case_no, owner, charged, order_no }))
}

impl Story<'_> {
    /// Runs a command as if it were typed in the folder; returns what it printed.
    fn go(&mut self, by: (&str, &str), line: &[&str]) -> Result<String, Failure> {
        let text = self.run(by, line, &[])?;
        // Writing to a String cannot fail.
        let _ = writeln!(self.transcript, "{}", text.replace(&self.prefix(), "").trim_end());
        Ok(text)
    }

    fn run(&mut self, (on, role): (&str, &str), line: &[&str], unseen: &[&str]) -> Result<String, Failure> {
        let said = self.path("said.tmp");
        let mut typed: Vec<&str> = line.to_vec();
        typed.extend(["--on", on, "--role", role]);
        let shown: Vec<String> = typed.iter().map(|word| quoted(&word.replace(&self.prefix(), ""))).collect();
        let db = self.path("taptrace.db");
        let (db, out) = (db.to_string_lossy(), said.to_string_lossy());
        let _ = writeln!(self.transcript, "$ taptrace {}", shown.join(" "));
        typed.extend(unseen);
        typed.extend(["--db", &db, "--actor", "demo", "--output", &out]);
        let cli = Cli::try_parse_from(std::iter::once("taptrace").chain(typed))
            .map_err(|e| Failure::input("a command of the demo is wrong").caused_by(&e))?;
        super::run(&cli)?;
        let text = std::fs::read_to_string(&said)?;
        std::fs::remove_file(&said)?;
        Ok(text)
    }

    /// The same with its JSON, which the transcript leaves out.
    fn ask(&mut self, by: (&str, &str), line: &[&str]) -> Result<Value, Failure> {
        let text = self.run(by, line, &["--format", "json"])?;
        serde_json::from_str(&text).map_err(|e| Failure::input("a command of the demo wrote no JSON").caused_by(&e))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn prefix(&self) -> String {
        format!("{}{}", self.dir.display(), std::path::MAIN_SEPARATOR)
    }

    fn say(&mut self, what: &str) {
        let _ = writeln!(self.transcript, "{}# {what}", if self.transcript.is_empty() { "" } else { "\n" });
    }

    /// A small picture of one color: what counts in the story is its hash.
    fn photo(&self, name: &str, color: [u8; 3]) -> Result<String, Failure> {
        let path = self.path(name);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 64, 48);
        encoder.set_color(png::ColorType::Rgb);
        let drawn = encoder.write_header().and_then(|mut w| w.write_image_data(&color.repeat(64 * 48)));
        drawn.map_err(|e| Failure::environment("cannot draw a picture").caused_by(&e))?;
        std::fs::write(&path, bytes)?;
        Ok(path.to_string_lossy().into_owned())
    }

    fn tip_and_finding(&mut self) -> Result<String, Failure> {
        self.say("A tip, and the visit that confirms it.");
        let (tip, desk, visit) = (("2026-04-20", "specialist"), ("2026-04-27", "specialist"), ("2026-04-27", "field"));
        let opened = self.go(
            tip,
            &[
                "case",
                "open",
                "--premise",
                PREMISE,
                "--violation",
                "slip",
                "--violation-on",
                "2026-02-15",
                "--source",
                "311 tip 4711",
            ],
        )?;
        let case_no = opened.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        let case = case_no.as_str();
        self.go(tip, &["case", "advance", case, "triaged"])?;
        self.go(tip, &["case", "note", case, "the route reader knows of no dog", "--hazards", "none"])?;
        self.go(tip, &["case", "advance", case, "field_check_ordered"])?;
        self.go(
            visit,
            &[
                "case",
                "inspect",
                case,
                "--finding",
                "confirmed",
                "--no-meter",
                "--indicator",
                "slip_found",
                "--indicator",
                "water_running",
                "--inspector",
                "R. Ortiz",
            ],
        )?;
        self.go(visit, &["case", "advance", case, "field_checked"])?;
        let photo = self.photo(PHOTO_OF_SLIP, [96, 84, 60])?;
        self.go(desk, &["case", "evidence", case, &photo])?;
        self.go((desk.0, "supervisor"), &["case", "advance", case, "confirmed"])?;
        Ok(case_no)
    }

    fn owner_and_charges(&mut self, case: &str) -> Result<String, Failure> {
        self.say("Who owned the house on that day (it was sold since), who is liable, and for what.");
        let by = ("2026-07-06", "specialist");
        self.go(by, &["case", "party", case, "--from-roll"])?;
        let shown = self.ask(by, &["case", "show", case])?;
        let parties = shown["parties"].as_array().map(Vec::as_slice).unwrap_or_default();
        let owner = parties.iter().find(|p| p["role"] == "owner_at_violation").and_then(|p| p["name"].as_str());
        let owner = owner.unwrap_or_default().to_owned();
        self.go(
            by,
            &["case", "party", case, "--party-role", "owner_at_violation", "--name", &owner, "--liable", "City Code 1"],
        )?;
        self.go(by, &["case", "advance", case, "owner_established"])?;
        let why = "its own reads are not clean";
        self.go(by, &["case", "charge", case, "--method", "class_average", "--reason", why])?;
        self.go(by, &["case", "advance", case, "assessed"])?;
        Ok(owner)
    }

    fn notice_and_enforcement(&mut self, case: &str) -> Result<String, Failure> {
        self.say("A letter, no answer.");
        let by = ("2026-07-13", "specialist");
        self.go(by, &["case", "notice", case])?;
        for kind in ["service_address", "assessor_mailing"] {
            self.go(by, &["case", "notice", case, "--served", kind, "--proof", "certified mail 1"])?;
        }
        self.go(by, &["case", "advance", case, "noticed"])?;
        self.go(("2026-08-24", "supervisor"), &["case", "advance", case, "enforcement"])?;
        let shown = self.ask(("2026-08-24", "specialist"), &["case", "show", case])?;
        Ok(shown["balance"].as_str().unwrap_or_default().to_owned())
    }

    fn order_and_list(&mut self, case: &str) -> Result<String, Failure> {
        self.say("The order to remove the tap, the locate ticket, the crew's list.");
        let (desk, boss) = (("2026-08-24", "specialist"), ("2026-08-24", "supervisor"));
        let order = self.go(desk, &["removal", "request", TAP, "--case", case, "--reason", "slip, no answer"])?;
        let order_no = order.split([' ', ';']).nth(1).unwrap_or_default().to_owned();
        let order = order_no.as_str();
        self.go(desk, &["removal", "check", order, "--premises", "1", "--fire", "no"])?;
        self.go(boss, &["removal", "approve", order, "--method", "corp_closed_and_severed_at_main"])?;
        self.go(desk, &["removal", "list", "--make", "--order", order, "--crew", "A", "--work-on", "2026-09-08"])?;
        self.go(
            ("2026-09-03", "specialist"),
            &[
                "removal",
                "ticket",
                order,
                "00260903000001",
                "--start",
                "2026-09-03",
                "--expires",
                "2026-09-14",
                "--area",
                "street",
                "--clear",
            ],
        )?;
        Ok(order_no)
    }

    fn dig_and_record(&mut self, case: &str, order: &str) -> Result<(), Failure> {
        self.say("The crew digs, and what it reports is merged and recorded.");
        let (desk, day) = (("2026-09-04", "specialist"), ("2026-09-08", "specialist"));
        let lists = self.ask(desk, &["removal", "lists"])?;
        let list_no = lists[0]["list_no"].as_str().unwrap_or_default().to_owned();
        let frozen = self.ask(desk, &["removal", "freeze", &list_no])?;
        let stop = &frozen["stops"][0];
        let (uuid, version) = (stop["stop_uuid"].as_str().unwrap_or_default(), &stop["base_version"]);
        self.go(day, &["removal", "dispatch", &list_no])?;
        std::fs::create_dir_all(self.path(CREW_PHOTOS))?;
        self.photo(&format!("{CREW_PHOTOS}/before.png"), [70, 92, 60])?;
        self.photo(&format!("{CREW_PHOTOS}/after.png"), [120, 120, 124])?;
        let results = self.path("field_results.csv");
        let text = format!(
            "field_result_id,stop_uuid,base_version,result_code,method_done,arrived_at,left_at,crew,before_photo,after_photo,ties\n\
             0190a000-0000-7000-8000-00000000000a,{uuid},{version},done,corp_closed_and_severed_at_main,2026-09-08T14:00:00Z,\
             2026-09-08T15:00:00Z,A,before.png,after.png,corporation_stop|property_line|W line|E|14.5; curb_stop|hydrant|114|N|30\n"
        );
        std::fs::write(&results, text)?;
        let (results, photos) = (results.to_string_lossy(), self.path(CREW_PHOTOS));
        let photos = photos.to_string_lossy();
        self.go(("2026-09-09", "specialist"), &["removal", "merge", &results, "--photos", &photos])?;
        let (boss, last) = ((LAST_DAY, "supervisor"), (LAST_DAY, "specialist"));
        self.go(boss, &["removal", "record", order, "--cost", "1500", "--restoration", "none"])?;
        self.go(
            last,
            &["case", "inspect", case, "--finding", "no_violation", "--condition-removed", "--inspector", "R. Ortiz"],
        )?;
        let packet = self.path("packet");
        self.go(last, &["case", "packet", case, &packet.to_string_lossy()])?;
        Ok(())
    }
}

/// A word as a shell wants it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("\"{word}\"") }
}
