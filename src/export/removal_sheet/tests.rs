//! What every form of a list must say, and what the public copy may not.

use std::io::Read as _;

use super::*;
use crate::export::page::{A4, LETTER};
use crate::geom::lots::{Mark, Picture};

fn stop(seq: i64, facts: &[(&str, &str)]) -> SheetStop {
    let usual = [
        ("address", "12 OAK ST"),
        ("near_street", "ELM AVE"),
        ("tap_no", "T-1"),
        ("tap_size", "3/4\""),
        ("main_size", "8\""),
        ("method", "corp_closed_and_severed_at_main"),
        (
            "ties_on_record",
            "curb stop: 14.5 ft E of property line (W line); corporation stop: 30 ft N of hydrant (114)",
        ),
        ("tie_codes", "curb_stop|property_line|W line|E|14.5;corporation_stop|hydrant|114|N|30"),
        ("position_state", "trusted"),
        ("position_method", "gnss_rtk"),
        ("ticket_no", "00260505000001"),
        ("ticket_from", "2026-05-04"),
        ("ticket_expires", "2026-05-14"),
        ("ticket_state", "ok"),
        ("ticket_days_left", "7"),
        ("holder", "HIDDEN DEBTOR"),
        ("case_no", "IC-2026-00001"),
        ("violation", "Slip found"),
        ("safety", "dog <big> & loose, seen 2026-05-01"),
    ];
    SheetStop {
        seq,
        stop_uuid: format!("0190a000-0000-7000-8000-{seq:012}"),
        field_result_id: format!("0190a000-0000-8000-8000-{seq:012}"),
        order_no: format!("RO-2026-{seq:05}"),
        base_version: 5,
        position: Some((-95.99 + seq as f64 * 1e-3, 36.15)),
        facts: usual.iter().chain(facts).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        picture: Some(Picture {
            half_ft: 150.0,
            lines: vec![vec![[-100.0, -40.0], [100.0, -40.0]]],
            subject: vec![vec![[-25.0, 0.0], [25.0, 0.0], [25.0, 60.0], [-25.0, 0.0]]],
            numbers: vec![Mark { at: [60.0, 80.0], angle_deg: 0.0, text: "14".into() }],
            streets: vec![Mark { at: [0.0, -60.0], angle_deg: 0.0, text: "OAK ST".into() }],
        }),
        photos: vec![Photo { caption: "EV-1".into(), mime: "image/png".into(), bytes: vec![1, 2, 3] }],
    }
}

fn sheet(stops: Vec<SheetStop>) -> Sheet {
    Sheet {
        list_no: "RL-2026-00001".into(),
        version: 2,
        sha256: "ab".repeat(32),
        crew: "Crew A".into(),
        work_on: "2026-05-05".into(),
        yard: Some((-95.9, 36.1)),
        length_ft: 5280.0,
        private_facts: vec!["holder", "case_no", "violation", "safety"],
        changed_since: Some(1),
        changes: vec![
            ("changed".into(), "RO-2026-00001".into(), "holder: A -> HIDDEN DEBTOR".into()),
            ("added".into(), "RO-2026-00002".into(), "stop 2".into()),
        ],
        stops,
        ..Sheet::default()
    }
}

/// Everything that the pages of a PDF write, one text after the other.
fn pdf_text(pdf: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = pdf;
    let find = |hay: &[u8], needle: &[u8]| hay.windows(needle.len()).position(|w| w == needle);
    while let Some(at) = find(rest, b">>\nstream\n") {
        rest = &rest[at + 10..];
        let end = find(rest, b"\nendstream").unwrap();
        let mut page = Vec::new();
        flate2::read::ZlibDecoder::new(&rest[..end]).read_to_end(&mut page).unwrap();
        let page: String = page.iter().map(|b| char::from(*b)).collect();
        for line in page.lines().filter(|l| l.ends_with(" Tj")) {
            text.push_str(line.strip_prefix('(').and_then(|l| l.strip_suffix(") Tj")).unwrap_or_default());
            text.push('\n');
        }
        rest = &rest[end..];
    }
    text.replace("\\(", "(").replace("\\)", ")")
}

fn all_forms(sheet: &Sheet) -> Vec<(&'static str, String)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("l.gpkg");
    geopackage(sheet, &path, "2026-05-05T10:00:00Z").unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    vec![
        ("pdf", pdf_text(&pdf(sheet, LETTER))),
        ("html", text(html(sheet))),
        ("csv", text(csv(sheet).unwrap())),
        ("geojson", text(geojson(sheet))),
        ("kml", text(kml(sheet))),
        ("gpx", text(gpx(sheet))),
        ("gpkg", text(std::fs::read(&path).unwrap())),
    ]
}

#[test]
fn every_form_names_the_stop_and_the_public_copy_names_nobody() {
    let mut list = sheet(vec![stop(1, &[]), stop(2, &[("ticket_state", "short"), ("ticket_days_left", "1")])]);
    for (form, text) in all_forms(&list) {
        assert!(text.contains("12 OAK ST") && text.contains("00260505000001"), "{form}");
        assert!(text.contains("HIDDEN DEBTOR"), "{form}");
    }
    list.publish();
    for (form, text) in all_forms(&list) {
        assert!(text.contains("12 OAK ST"), "{form}");
        for secret in ["HIDDEN", "IC-2026-00001", "Slip found", "loose", "AQID"] {
            assert!(!text.contains(secret), "{form} still says {secret}");
        }
    }
    assert!(pdf_text(&pdf(&list, LETTER)).contains("PUBLIC COPY"));
}

#[test]
fn paper_has_page_numbers_hash_changes_and_red_tickets_in_words() {
    let stops = vec![
        stop(1, &[]),
        stop(2, &[("ticket_state", "short"), ("ticket_days_left", "1")]),
        stop(3, &[("ticket_state", "none")]),
        stop(4, &[("ticket_state", "expired")]),
        stop(5, &[("hold", "court on tap T-1: order 5")]),
    ];
    let list = sheet(stops);
    for paper in [LETTER, A4] {
        let bytes = pdf(&list, paper);
        assert_eq!(bytes, pdf(&list, paper));
        let text = pdf_text(&bytes);
        let n_pages = text.matches("page 1 of ").count();
        assert_eq!(n_pages, 1);
        assert_eq!(text.matches(&list.sha256).count(), text.matches(" version 2   sha256").count());
        for words in [
            "EXPIRES 2026-05-14 - RUNS OUT: 1 business day left",
            "NO 811 TICKET - DO NOT DIG",
            "EXPIRED 2026-05-14 - DO NOT DIG",
            "What changed since version 1",
            "RO-2026-00002  added: stop 2",
            "1. curb stop: 14.5 ft E of property line (W line)",
            "Kill at main",
            "OAK ST",
            "100 ft",
        ] {
            assert!(text.replace('\n', " ").contains(words), "{words}\n{text}");
        }
    }
}

#[test]
fn a_stop_with_endless_remarks_stays_on_its_page() {
    let long = "dog that bites, seen 2026-05-01; ".repeat(200);
    let list = sheet(vec![stop(1, &[("safety", &long)]), stop(2, &[])]);
    let bytes = pdf(&list, LETTER);
    let mut rest = bytes.as_slice();
    // No text starts below the paper or above it: `1 0 0 1 x y Tm` does not occur, lines are placed with `x y Td`.
    let find = |hay: &[u8], needle: &[u8]| hay.windows(needle.len()).position(|w| w == needle);
    while let Some(at) = find(rest, b">>\nstream\n") {
        rest = &rest[at + 10..];
        let end = find(rest, b"\nendstream").unwrap();
        let mut page = String::new();
        flate2::read::ZlibDecoder::new(&rest[..end]).read_to_string(&mut page).unwrap_or_default();
        for line in page.lines().filter(|l| l.ends_with(" Td")) {
            let y: f32 = line.split(' ').nth(1).unwrap().parse().unwrap();
            assert!((15.0..780.0).contains(&y), "{line}");
        }
        rest = &rest[end..];
    }
}

#[test]
fn the_phone_page_is_whole_and_safe() {
    let page = String::from_utf8(html(&sheet(vec![stop(1, &[("address", "</script><b>x")])]))).unwrap();
    assert!(
        page.contains("data:image/png;base64,AQID")
            && page.contains("<svg")
            && page.contains("dog &lt;big&gt; &amp; loose")
    );
    assert!(!page.contains("</script><b>x"));
    // Nothing is loaded from anywhere.
    for word in ["src=\"http", "href=\"http", "url(", "@import"] {
        assert!(!page.contains(word), "{word}");
    }
    assert_eq!(page.matches("<section").count(), page.matches("</section>").count());
}

#[test]
fn tables_ask_for_results_under_the_names_that_merge_reads() {
    let list = sheet(vec![stop(1, &[])]);
    let text = String::from_utf8(csv(&list).unwrap()).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    for name in ["field_result_id", "stop_uuid", "base_version", "result_code", "ties", "ties_on_record"] {
        assert_eq!(header.iter().filter(|h| **h == name).count(), 1, "{name}");
    }
    let json: serde_json::Value = serde_json::from_slice(&geojson(&list)).unwrap();
    let feature = &json["features"][0];
    assert!(feature["properties"].as_object().unwrap().values().all(|v| !v.is_null()));
    assert!(feature["properties"].get("id").is_none() && feature["id"].is_string());
}

#[test]
fn a_place_without_hazards_is_not_printed_as_one() {
    for (safety, has_hazard) in
        [("", false), ("none", false), ("none; none", false), ("none; dog, seen 2026-05-01", true)]
    {
        assert_eq!(stop(1, &[("safety", safety)]).has_hazard(), has_hazard, "{safety}");
    }
}
