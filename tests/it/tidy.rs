//! The house rules that a machine can judge: layers, SQL only in `store`, file headers, file size, migration numbers.

use std::fs;
use std::path::{Path, PathBuf};

/// The layer table of `docs/ARCHITECTURE.md`: module, and the whole list of `crate::` modules it may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("address", &["model"]),
    ("owner_name", &["model"]),
    ("geom", &["model"]),
    ("matching", &["model", "address", "owner_name", "geom"]),
    ("ownership", &["model", "address", "owner_name"]),
    ("detect", &["model", "geom", "ownership"]),
    ("cases", &["model"]),
    ("fieldwork", &["model", "geom"]),
    ("ingest", &["model", "geom"]),
    ("store", &["model"]),
    (
        "pipeline",
        &[
            "model",
            "address",
            "owner_name",
            "geom",
            "matching",
            "ownership",
            "detect",
            "cases",
            "fieldwork",
            "ingest",
            "store",
        ],
    ),
    ("export", &["model", "geom"]),
    ("web", &["model", "store", "pipeline", "export"]),
    ("cli", &["model", "address", "store", "ingest", "pipeline", "export", "web"]),
];

/// Modules that may not touch files, clocks or the environment.
const PURE: &[&str] =
    &["model", "address", "owner_name", "geom", "matching", "ownership", "detect", "cases", "fieldwork"];

/// Longest file, counted up to its tests.
const FILE_LINES_MAX: usize = 600;

struct Source {
    path: PathBuf,
    module: String,
    /// The file up to its unit tests.
    body: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut pending = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(dir) = pending.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let body = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                let relative = path.strip_prefix(&root).unwrap();
                let first = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
                found.push(Source { module: first.trim_end_matches(".rs").to_owned(), body, path });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 10, "the source tree was not found");
    found
}

/// Code of a line without its `//` comment.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

#[test]
fn modules_use_only_the_layers_below() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| s.module != "lib" && s.module != "main") {
        let Some((_, allowed)) = LAYERS.iter().find(|(module, _)| *module == source.module) else {
            wrong.push(format!("{}: module {} is not in the layer table", source.path.display(), source.module));
            continue;
        };
        for (index, line) in source.body.lines().enumerate() {
            for piece in code_of(line).split("crate::").skip(1) {
                let name: String = piece.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if name != source.module && !allowed.contains(&name.as_str()) {
                    wrong.push(format!(
                        "{}:{}: {} may not use {name}",
                        source.path.display(),
                        index + 1,
                        source.module
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_modules_do_no_io() {
    let forbidden = [
        "std::fs",
        "std::env",
        "std::net",
        "std::time::",
        "std::process",
        "SystemTime",
        "rusqlite",
        "reqwest",
        "println!",
    ];
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| PURE.contains(&s.module.as_str())) {
        for (index, line) in source.body.lines().enumerate() {
            for word in forbidden {
                if code_of(line).contains(word) {
                    wrong.push(format!("{}:{}: {word}", source.path.display(), index + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sql_lives_in_the_store_only() {
    let openings = ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE ", "\"CREATE ", "\"PRAGMA "];
    let mut wrong = Vec::new();
    for source in sources() {
        let is_geopackage = source.path.to_string_lossy().replace('\\', "/").contains("export/geopackage");
        let reads_geopackage = source.path.to_string_lossy().replace('\\', "/").contains("ingest/geopackage");
        if source.module == "store" || is_geopackage || reads_geopackage {
            continue;
        }
        for (index, line) in source.body.lines().enumerate() {
            if openings.iter().any(|o| code_of(line).contains(o)) || code_of(line).contains("rusqlite::") {
                wrong.push(format!("{}:{}: {}", source.path.display(), index + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    let mut wrong = Vec::new();
    for source in sources() {
        if !source.body.starts_with("//!") {
            wrong.push(format!("{}: no //! header", source.path.display()));
        }
        let n_lines = source.body.lines().count();
        if n_lines > FILE_LINES_MAX {
            wrong.push(format!("{}: {n_lines} lines before its tests", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn migrations_are_numbered_without_gaps_and_say_why() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|n| n.ends_with(".sql"))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    for (index, name) in names.iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}_", index + 1)), "gap at {name}");
        let text =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations").join(name)).unwrap();
        assert!(text.starts_with("--"), "{name} does not start with a comment");
    }
}

#[test]
fn nothing_is_left_open() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimplemented", "!("), concat!("#[ign", "ore]")];
    let mut wrong = Vec::new();
    for source in sources() {
        let text = fs::read_to_string(&source.path).unwrap();
        for (index, line) in text.lines().enumerate() {
            if marks.iter().any(|m| line.contains(m)) {
                wrong.push(format!("{}:{}: {}", source.path.display(), index + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
