//! A reliability diagram of measured files: `reliability_svg OUT.svg "LABEL=EVALUATED.json" ...`, each file the output of
//! `taptrace match evaluate --format json`. Score on one axis, share right on the other, a circle a bin of a hundredth from
//! .9 to 1, its area by the number of answers; bins of fewer than 20 answers are left out. The band is two points wide.
#![allow(clippy::print_stderr, reason = "an example reports on stderr")]

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::Value;

const COLORS: [&str; 8] = ["#1b6ca8", "#c0392b", "#27854a", "#8e5bb5", "#b9770e", "#148f77", "#566573", "#d35488"];
/// Bins with fewer answers say nothing.
const ANSWERS_MIN: f64 = 20.0;
const SIZE: f64 = 420.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 20.0;
/// Least score and share shown.
const LEAST: f64 = 0.74;

fn x(score: f64) -> f64 {
    LEFT + (score - 0.9) / 0.1 * SIZE
}

fn y(share: f64) -> f64 {
    TOP + SIZE - (share - LEAST) / (1.0 - LEAST) * SIZE
}

/// Mean score, share right and answers of the bins worth showing.
fn bins(path: &str) -> Result<Vec<[f64; 3]>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let first = text.lines().next().unwrap_or_default();
    let report: Value = serde_json::from_str(first).map_err(|e| format!("{path}: {e}"))?;
    let all = report["reliability"].as_array().ok_or_else(|| format!("{path}: no reliability"))?;
    let bin = |b: &Value| Some([b["mean_score"].as_f64()?, b["share_right"].as_f64()?, b["n"].as_f64()?]);
    Ok(all.iter().filter_map(bin).filter(|b| b[2] >= ANSWERS_MIN).collect())
}

fn axes(svg: &mut String) -> std::fmt::Result {
    let corner = |dx: f64, dy: f64| format!("{:.1},{:.1}", x(dx), y(dy));
    let band = [corner(0.9, 0.88), corner(1.0, 0.98), corner(1.0, 1.0), corner(0.98, 1.0), corner(0.9, 0.92)].join(" ");
    writeln!(svg, "<polygon points=\"{band}\" fill=\"#e8eef2\"/>")?;
    let (a, b) = (corner(0.9, 0.9), corner(1.0, 1.0));
    writeln!(svg, "<polyline points=\"{a} {b}\" stroke=\"#7f8c8d\" stroke-dasharray=\"4 3\" fill=\"none\"/>")?;
    writeln!(svg, "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{SIZE}\" height=\"{SIZE}\" fill=\"none\" stroke=\"#444\"/>")?;
    for step in 0..=5 {
        let score = 0.9 + f64::from(step) * 0.02;
        writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{score:.2}</text>",
            x(score),
            TOP + SIZE + 16.0
        )?;
        let share = 0.75 + f64::from(step) * 0.05;
        writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{share:.2}</text>", LEFT - 6.0, y(share) + 4.0)?;
    }
    let middle = LEFT + SIZE / 2.0;
    writeln!(svg, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">score shown</text>", TOP + SIZE + 34.0)?;
    let half = TOP + SIZE / 2.0;
    writeln!(svg, "<text transform=\"translate(16 {half}) rotate(-90)\" text-anchor=\"middle\">share right</text>")
}

fn draw(sets: &[(String, Vec<[f64; 3]>)]) -> Result<String, std::fmt::Error> {
    let (width, height) = (LEFT + SIZE + 230.0, TOP + SIZE + 46.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    axes(&mut svg)?;
    for (at, (label, bins)) in sets.iter().enumerate() {
        let color = COLORS[at % COLORS.len()];
        for [score, share, n] in bins {
            let (cx, cy, r) = (x(*score), y(share.max(LEAST)), 2.0 + 2.2 * (n / ANSWERS_MIN).log2().max(0.0).sqrt());
            writeln!(
                svg,
                "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"{r:.1}\" fill=\"{color}\" fill-opacity=\"0.55\" stroke=\"{color}\">\
                 <title>{label}: {share:.3} of {n} right at {score:.3}</title></circle>"
            )?;
        }
        let top = TOP + 14.0 + at as f64 * 20.0;
        writeln!(svg, "<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"{color}\"/>", LEFT + SIZE + 18.0, top - 4.0)?;
        writeln!(svg, "<text x=\"{}\" y=\"{top}\">{label}</text>", LEFT + SIZE + 30.0)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn run() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let out = args.next().ok_or("usage: reliability_svg OUT.svg LABEL=EVALUATED.json ...")?;
    let mut sets = Vec::new();
    for arg in args {
        let (label, path) = arg.split_once('=').ok_or_else(|| format!("{arg}: write LABEL=FILE"))?;
        sets.push((label.to_owned(), bins(path)?));
    }
    let svg = draw(&sets).map_err(|e| e.to_string())?;
    std::fs::write(&out, svg).map_err(|e| format!("{out}: {e}"))
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
