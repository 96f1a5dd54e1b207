//! Every `taptrace` command in README.md and docs/*.md is executed, in order, against a fresh sample city.
//!
//! A command line stands in a fenced block marked `sh` or `console`. In `console` blocks it starts with `$ `.
//! Exit status 0 and 1 (done, but look) pass; a command that shows a refusal carries `# exit 2`.
//! Lines that build or test the program itself (`cargo test`, `git clone`, ...) are left to `.ci/run`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support;

/// Commands that are not ours to run inside a test.
const LEFT_OUT: &[&str] = &["cargo test", "cargo build", "cargo install", "cargo bench", "git ", "bash .ci/run", "cd "];

struct DocCommand {
    line_no: usize,
    text: String,
    may_fail: bool,
}

fn commands_of(markdown: &str) -> Vec<DocCommand> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    let mut continued = String::new();
    for (index, line) in markdown.lines().enumerate() {
        if let Some(mark) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(mark.trim()) };
            continue;
        }
        let text = match fence {
            Some("sh") => line.trim(),
            Some("console") => match line.strip_prefix("$ ") {
                Some(command) => command.trim(),
                None => continue,
            },
            _ => continue,
        };
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(open) = text.strip_suffix('\\') {
            continued.push_str(open);
            continue;
        }
        let whole = format!("{continued}{text}");
        continued.clear();
        let may_fail = whole.contains("# exit 2");
        found.push(DocCommand { line_no: index + 1, text: whole, may_fail });
    }
    found
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<PathBuf> = fs::read_dir(root.join("docs"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
        .collect();
    found.push(root.join("README.md"));
    found.sort();
    found
}

#[test]
fn every_command_of_the_documents_runs() {
    let mut n_run = 0;
    let mut wrong = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let commands: Vec<DocCommand> =
            commands_of(&text).into_iter().filter(|c| !LEFT_OUT.iter().any(|l| c.text.starts_with(l))).collect();
        if commands.is_empty() {
            continue;
        }
        let city = support::sample_city();
        for command in commands {
            let line = command.text.replace("cargo run --release -- ", "taptrace ");
            let output = support::shell(city.path(), &line);
            n_run += 1;
            let code = output.status.code().unwrap_or(-1);
            let is_as_promised = if command.may_fail { code == 2 } else { code == 0 || code == 1 };
            if !is_as_promised {
                wrong.push(format!(
                    "{}:{}: exit {code}: {}\n{}",
                    document.display(),
                    command.line_no,
                    command.text,
                    String::from_utf8_lossy(&output.stderr)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n_run >= 5, "only {n_run} commands were found in the documents");
}

#[test]
fn the_readme_names_the_two_commands() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let first_screen: String = readme.lines().take(60).collect::<Vec<_>>().join("\n");
    assert!(first_screen.contains("cargo run --release -- demo"));
    assert!(first_screen.contains("cargo test"));
}

/// Examples with files of one's own, a network, or a case that stands where the example goes on.
const OWN_FILES: &[&str] = &[
    "taptrace address evaluate",
    "taptrace case advance",
    "taptrace case checklist",
    "taptrace case packet",
    "taptrace demo",
    "taptrace fetch",
    "taptrace import deeds",
    "taptrace import roll",
    "taptrace match alias import",
    "taptrace match evaluate",
    "taptrace match learn",
    "taptrace owner address",
    "taptrace owner evaluate",
    "taptrace owner link",
    "taptrace removal",
    "taptrace sample",
];

fn examples_of(command: &clap::Command, found: &mut Vec<String>) {
    let text = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string).unwrap_or_default();
    found.extend(text.split_once("Example: ").map(|(_, line)| line.lines().next().unwrap().to_owned()));
    command.get_subcommands().for_each(|verb| examples_of(verb, found));
}

#[test]
fn the_examples_of_the_help_run_in_the_sample_city() {
    use clap::CommandFactory;
    let mut examples = Vec::new();
    examples_of(&taptrace::cli::Cli::command(), &mut examples);
    examples.retain(|line| !OWN_FILES.iter().any(|own| line.starts_with(own)));
    assert!(examples.len() > 30, "{}", examples.len());
    let city = support::sample_city();
    for line in examples {
        let output = support::shell(city.path(), &line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{line}: {:?} {said}", output.status.code());
    }
}

#[test]
fn help_of_every_noun_is_there() {
    let output = Command::new(env!("CARGO_BIN_EXE_taptrace")).arg("--help").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for noun in ["demo", "import", "match", "research", "address", "owner", "tap", "export", "check", "backup"] {
        assert!(text.contains(noun), "{noun} is missing from --help");
    }
}
