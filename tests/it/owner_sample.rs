//! The sample city's owners against their truth, and what a specialist reads about them.

use std::collections::HashMap;
use std::path::Path;

use crate::support::{sample_city, shell};

/// Hand of each parcel by the truth file.
fn hands(dir: &Path) -> HashMap<String, String> {
    let text = std::fs::read_to_string(dir.join("truth_owner_groups.csv")).unwrap();
    text.lines().skip(1).map(|l| l.split_once(',').unwrap()).map(|(p, h)| (p.to_owned(), h.to_owned())).collect()
}

fn db(dir: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.join("taptrace.db")).unwrap()
}

fn column(db: &rusqlite::Connection, sql: &str) -> Vec<(String, i64)> {
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn the_groups_of_the_sample_city_are_those_of_its_truth() {
    let city = sample_city();
    let hands = hands(city.path());
    let sql = "SELECT p.parcel_no, n.owner_group_id FROM owner_node n JOIN owner_node_parcel m USING (owner_node_id)
               JOIN parcel p USING (parcel_id)";
    let groups = column(&db(city.path()), sql);
    assert!(groups.len() > 800, "{}", groups.len());
    let (mut right, mut wrong, mut missed) = (0u32, 0u32, 0u32);
    for (i, (a, group_a)) in groups.iter().enumerate() {
        for (b, group_b) in &groups[i + 1..] {
            match (hands[a] == hands[b], group_a == group_b) {
                (true, true) => right += 1,
                (false, true) => wrong += 1,
                (true, false) => missed += 1,
                (false, false) => {}
            }
        }
    }
    let share = |of: u32| f64::from(right) / f64::from(right + of);
    assert!(share(wrong) >= 0.995 && share(missed) >= 0.98, "right {right}, wrong {wrong}, missed {missed}");
}

#[test]
fn the_sample_city_has_what_makes_ownership_hard() {
    let city = sample_city();
    let db = db(city.path());
    let n = |sql: &str| column(&db, sql).first().map_or(0, |c| c.1);
    for (what, sql) in [
        ("an estate", "SELECT '', COUNT(*) FROM owner_reading WHERE kind = 'estate'"),
        ("a family trust", "SELECT '', COUNT(*) FROM owner_reading WHERE kind = 'trust'"),
        (
            "a life tenant",
            "SELECT '', COUNT(*) FROM owner_reading r, json_each(r.parties) p WHERE json_extract(p.value, '$[1]') = 'life_tenant'",
        ),
        ("an agent address", "SELECT '', COUNT(*) FROM address_role WHERE role = 'agent'"),
        ("a placeholder address", "SELECT '', COUNT(*) FROM owner_node WHERE mail_key LIKE '?%'"),
    ] {
        assert!(n(sql) > 0, "{what}");
    }
    // A violation before a sale: the owner at the violation is not the owner today.
    let violations = std::fs::read_to_string(city.path().join("truth_violations.csv")).unwrap();
    let sold = violations.lines().skip(1).filter(|l| {
        let parcel = l.split(',').nth(1).unwrap();
        n(&format!(
            "SELECT '', COUNT(*) FROM ownership_interval i JOIN parcel p USING (parcel_id)
             WHERE p.parcel_no = '{parcel}' AND i.valid_from > '2026-02-15'"
        )) > 0
    });
    assert!(sold.count() > 0);
}

#[test]
fn research_shows_parties_group_and_portfolio() {
    let city = sample_city();
    let parcel = column(
        &db(city.path()),
        "SELECT p.parcel_no, 1 FROM owner_node n JOIN owner_node_parcel m USING (owner_node_id) JOIN parcel p USING (parcel_id)
         JOIN owner_line o USING (owner_line_id) WHERE o.owner_text LIKE 'ORCHARDSON, ADA M%' ORDER BY p.parcel_no",
    )
    .remove(0)
    .0;
    let output = shell(city.path(), &format!("taptrace research {parcel}"));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in
        ["ORCHARDSON ADA M   (person, owner)", "ORCHARDSON HUGO   (person, co owner)", "group     OG-", "affiliation:"]
    {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let output = shell(city.path(), &format!("taptrace research {parcel} --format json"));
    let v: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let ownership = &v["parcels"][0]["ownership"];
    assert_eq!(ownership["parties"].as_array().unwrap().len(), 2);
    assert!(
        ownership["n_group_parcels"].as_u64().unwrap() > 1 && !ownership["portfolio"].as_array().unwrap().is_empty()
    );
}
