//! The picture of the lots around a stop, drawn into a box: on paper by the PDF pen, on the phone as SVG.
//!
//! Both go through one list of strokes, so that the crew sees the same map everywhere.

use super::SheetStop;
use crate::export::page::{self, BLACK, Color, Page, RED};
use crate::geom::lots::{Mark, Picture};

const LOT: Color = (0.45, 0.45, 0.45);
const SUBJECT: Color = (0.0, 0.0, 0.0);
const TIE: Color = (0.0, 0.25, 0.75);
const STREET: Color = (0.1, 0.1, 0.1);
const WHITE: Color = (1.0, 1.0, 1.0);

/// One thing to draw; x to the right, y down, in points of the box.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stroke {
    Line {
        points: Vec<(f32, f32)>,
        width: f32,
        color: Color,
        is_dashed: bool,
    },
    Area {
        points: Vec<(f32, f32)>,
        color: Color,
    },
    /// Middle of the text and its angle counter-clockwise.
    Text {
        at: (f32, f32),
        angle_deg: f32,
        size: f32,
        color: Color,
        text: String,
    },
}

/// Scale bars, feet.
const BARS_FT: &[f64] = &[10.0, 20.0, 50.0, 100.0, 200.0, 500.0];
/// Half the width of the tap's mark with some air.
const TAP: f32 = 9.0;
/// Shortest drawn tie; shorter ones would vanish under the tap.
const TIE_POINTS: (f32, f32) = (17.0, 70.0);

/// Draws a stop's picture into a box of this size. `None` when there is nothing to draw.
pub(super) fn strokes(stop: &SheetStop, (width, height): (f32, f32)) -> Option<Vec<Stroke>> {
    let picture = stop.picture.as_ref()?;
    let per_ft = width.min(height) / (2.0 * picture.half_ft as f32);
    let middle = (width / 2.0, height / 2.0);
    let place = |p: &[f64; 2]| (middle.0 + p[0] as f32 * per_ft, middle.1 - p[1] as f32 * per_ft);
    let mut all = Vec::new();
    for (lines, color, thick) in [(&picture.lines, LOT, 0.5), (&picture.subject, SUBJECT, 1.2)] {
        for line in lines {
            let points = line.iter().map(place).collect();
            all.push(Stroke::Line { points, width: thick, color, is_dashed: false });
        }
    }
    texts(picture, &place, (width, height), &mut all);
    ties(stop, middle, &mut all);
    tap(stop, middle, &mut all);
    furniture(picture, (width, height), per_ft, &mut all);
    Some(all)
}

fn texts(picture: &Picture, place: &dyn Fn(&[f64; 2]) -> (f32, f32), size: (f32, f32), all: &mut Vec<Stroke>) {
    let middle = (size.0 / 2.0, size.1 / 2.0);
    let names = picture.streets.iter().filter_map(|m| street(m, place(&m.at), size));
    // A name over the tap would hide what the crew looks for.
    let streets: Vec<Stroke> = names.filter(|s| !is_under(s, middle, TAP)).collect();
    for mark in &picture.numbers {
        let at = place(&mark.at);
        let far = (at.0 - size.0 / 2.0).hypot(at.1 - size.1 / 2.0);
        // The number of the tap's own lot makes room for the tap.
        let at = if far < 9.0 { (size.0 / 2.0, size.1 / 2.0 + 12.0) } else { at };
        let half = page::text_width(&mark.text, 6.0) / 2.0;
        let is_inside = at.0 > half && at.0 < size.0 - half && at.1 > 4.0 && at.1 < size.1 - 4.0;
        if is_inside && !streets.iter().any(|s| is_under(s, at, half)) {
            all.push(Stroke::Text { at, angle_deg: 0.0, size: 6.0, color: LOT, text: mark.text.clone() });
        }
    }
    all.extend(streets);
}

/// Whether a text of this half width at `at` would print over a street name.
fn is_under(name: &Stroke, at: (f32, f32), half: f32) -> bool {
    let Stroke::Text { at: middle, angle_deg, size, text, .. } = name else { return false };
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    let (x, y) = (at.0 - middle.0, middle.1 - at.1);
    let (along, across) = (x * cos + y * sin, y * cos - x * sin);
    along.abs() < page::text_width(text, *size) / 2.0 + half && across.abs() < size * 0.5 + 3.0 + half * sin.abs()
}

/// A street name, pushed along its street until it stands inside the box, smaller where it must be.
fn street(mark: &Mark, at: (f32, f32), (width, height): (f32, f32)) -> Option<Stroke> {
    let angle = mark.angle_deg as f32;
    let (sin, cos) = angle.to_radians().sin_cos();
    for size in [8.0f32, 7.0, 6.0] {
        let half = page::text_width(&mark.text, size) / 2.0 + 2.0;
        // Where the middle may lie on the street's line so that both ends are inside.
        let (mut low, mut high) = (-f32::INFINITY, f32::INFINITY);
        for (along, from, length) in [(cos, at.0, width), (-sin, at.1, height)] {
            let (reach, edge) = (half * along.abs(), size * 0.6);
            if along.abs() < 1e-3 {
                if from < edge || from > length - edge {
                    high = -f32::INFINITY;
                }
                continue;
            }
            let ends = [(reach + edge - from) / along, (length - reach - edge - from) / along];
            low = low.max(ends[0].min(ends[1]));
            high = high.min(ends[0].max(ends[1]));
        }
        let t = if low <= high { 0.0f32.clamp(low, high) } else { f32::INFINITY };
        // Pushed further, the name would leave the stretch of street that was found.
        let at = (at.0 + t * cos, at.1 - t * sin);
        let is_on_scale = at.0 - half * cos.abs() < width * 0.45 && at.1 + half * sin.abs() > height - 16.0;
        if t.abs() <= half && !is_on_scale {
            return Some(Stroke::Text { at, angle_deg: angle, size, color: STREET, text: mark.text.clone() });
        }
    }
    None
}

/// Unit vector of a compass word, y down; `None` for words such as `toward street`.
fn compass(word: &str) -> Option<(f32, f32)> {
    const D: f32 = std::f32::consts::FRAC_1_SQRT_2;
    Some(match word.trim().to_ascii_uppercase().as_str() {
        "N" | "NORTH" => (0.0, -1.0),
        "S" | "SOUTH" => (0.0, 1.0),
        "E" | "EAST" => (1.0, 0.0),
        "W" | "WEST" => (-1.0, 0.0),
        "NE" => (D, -D),
        "NW" => (-D, -D),
        "SE" => (D, D),
        "SW" => (-D, D),
        _ => return None,
    })
}

/// Ties as numbered arrows from the tap to what it was measured from: an item "14 ft E of" a line has the line to its west.
fn ties(stop: &SheetStop, middle: (f32, f32), all: &mut Vec<Stroke>) {
    let mut used: Vec<(f32, f32)> = Vec::new();
    for (number, (_, code)) in (1..).zip(stop.ties()) {
        let [what, _, _, direction, feet] = code.as_slice() else { continue };
        let Some((x, y)) = compass(direction) else { continue };
        if what == "main_cover_depth" {
            continue;
        }
        let n_same = used.iter().filter(|u| **u == (x, y)).count() as f32;
        used.push((x, y));
        let length = feet.parse::<f32>().unwrap_or(0.0).clamp(TIE_POINTS.0, TIE_POINTS.1) + n_same * 14.0;
        let end = (middle.0 - x * length, middle.1 - y * length);
        let tick = (y * 4.0, -x * 4.0);
        let line = |points| Stroke::Line { points, width: 0.9, color: TIE, is_dashed: false };
        all.push(line(vec![middle, end]));
        all.push(line(vec![(end.0 - tick.0, end.1 - tick.1), (end.0 + tick.0, end.1 + tick.1)]));
        let at = (end.0 - x * 6.0, end.1 - y * 6.0);
        all.push(Stroke::Area { points: circle(at, 4.6), color: TIE });
        all.push(Stroke::Text { at, angle_deg: 0.0, size: 6.5, color: WHITE, text: number.to_string() });
    }
}

fn circle(at: (f32, f32), radius: f32) -> Vec<(f32, f32)> {
    let turn = |i: u8| (f32::from(i) * std::f32::consts::TAU / 20.0).sin_cos();
    (0..20).map(turn).map(|(sin, cos)| (at.0 + radius * cos, at.1 + radius * sin)).collect()
}

fn ring(at: (f32, f32), radius: f32, width: f32, is_dashed: bool) -> Stroke {
    let mut points = circle(at, radius);
    points.extend(points.first().copied());
    Stroke::Line { points, width, color: RED, is_dashed }
}

/// The tap: a full dot where the position can be trusted, an open dashed ring where it is an estimate.
fn tap(stop: &SheetStop, middle: (f32, f32), all: &mut Vec<Stroke>) {
    match stop.fact("position_state") {
        "trusted" => {
            all.push(Stroke::Area { points: circle(middle, 4.2), color: RED });
            all.push(Stroke::Area { points: circle(middle, 1.4), color: WHITE });
        }
        "estimated" => {
            all.push(Stroke::Area { points: circle(middle, 5.0), color: WHITE });
            all.push(ring(middle, 5.0, 1.3, true));
            let text = "?".to_owned();
            all.push(Stroke::Text { at: middle, angle_deg: 0.0, size: 7.0, color: RED, text });
        }
        _ => {}
    }
}

/// North arrow and scale bar on white ground.
fn furniture(picture: &Picture, (width, height): (f32, f32), per_ft: f32, all: &mut Vec<Stroke>) {
    let rectangle = |x: f32, y: f32, w: f32, h: f32| vec![(x, y), (x + w, y), (x + w, y + h), (x, y + h)];
    all.push(Stroke::Area { points: rectangle(width - 17.0, 1.0, 16.0, 27.0), color: WHITE });
    let (x, top) = (width - 9.0, 3.0);
    all.push(Stroke::Area {
        points: vec![(x, top), (x + 4.0, top + 13.0), (x, top + 10.0), (x - 4.0, top + 13.0)],
        color: BLACK,
    });
    all.push(Stroke::Text { at: (x, top + 19.0), angle_deg: 0.0, size: 8.0, color: BLACK, text: "N".to_owned() });
    let longest = picture.half_ft * 0.7;
    let bar_ft = BARS_FT.iter().rev().find(|b| **b <= longest).copied().unwrap_or(10.0);
    let bar = bar_ft as f32 * per_ft;
    let label = format!("{bar_ft:.0} ft");
    let label_width = page::text_width(&label, 7.0);
    let y = height - 7.0;
    all.push(Stroke::Area { points: rectangle(1.0, height - 14.0, bar + label_width + 14.0, 13.0), color: WHITE });
    let line = |points| Stroke::Line { points, width: 1.2, color: BLACK, is_dashed: false };
    all.push(line(vec![(5.0, y), (5.0 + bar, y)]));
    all.push(line(vec![(5.0, y - 3.0), (5.0, y + 3.0)]));
    all.push(line(vec![(5.0 + bar, y - 3.0), (5.0 + bar, y + 3.0)]));
    let at = (5.0 + bar + 4.0 + label_width / 2.0, y);
    all.push(Stroke::Text { at, angle_deg: 0.0, size: 7.0, color: BLACK, text: label });
}

/// What stands under the picture.
pub(super) fn caption(stop: &SheetStop) -> &'static str {
    match (&stop.picture, stop.fact("position_state")) {
        (None, _) => "no map: neither tap nor premise has a position",
        (Some(_), "trusted") => "dot: tap. Numbers: ties, not to scale.",
        (Some(_), "estimated") => "? : place is an ESTIMATE. Numbers: ties, not to scale.",
        (Some(_), _) => "lot of the premise; the tap itself has no position",
    }
}

/// Draws the strokes on a page.
pub(super) fn on_page(out: &mut Page, stop: &SheetStop, (x, y): (f32, f32), size: (f32, f32)) {
    out.begin_window(x, y, size.0, size.1);
    for stroke in strokes(stop, size).unwrap_or_default() {
        let moved = |points: &[(f32, f32)]| points.iter().map(|p| (p.0 + x, p.1 + y)).collect::<Vec<_>>();
        match stroke {
            Stroke::Line { points, width, color, is_dashed } => {
                out.dashes(is_dashed);
                out.line(&moved(&points), width, color);
                out.dashes(false);
            }
            Stroke::Area { points, color } => out.fill_shape(&moved(&points), color),
            Stroke::Text { at, angle_deg, size, color, text } => {
                out.text_turned((at.0 + x, at.1 + y), angle_deg, size, color, &text);
            }
        }
    }
    out.end_window();
    out.outline(x, y, size.0, size.1);
}

/// The strokes as an SVG element, one point a pixel of its own grid.
pub(super) fn svg(stop: &SheetStop, size: (f32, f32)) -> Option<String> {
    let hex = |c: Color| {
        let part = |v: f32| (v * 255.0).round() as u8;
        format!("#{:02x}{:02x}{:02x}", part(c.0), part(c.1), part(c.2))
    };
    let path =
        |points: &[(f32, f32)]| points.iter().map(|p| format!("{:.1},{:.1}", p.0, p.1)).collect::<Vec<_>>().join(" ");
    let mut out =
        format!("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"lots around the stop\">", size.0, size.1);
    for stroke in strokes(stop, size)? {
        out.push_str(&match stroke {
            Stroke::Line { points, width, color, is_dashed } => {
                let dash = if is_dashed { " stroke-dasharray=\"2 2\"" } else { "" };
                format!(
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"{dash}/>",
                    path(&points),
                    hex(color)
                )
            }
            Stroke::Area { points, color } => {
                format!("<polygon points=\"{}\" fill=\"{}\"/>", path(&points), hex(color))
            }
            Stroke::Text { at, angle_deg, size, color, text } => format!(
                "<text transform=\"translate({:.1} {:.1}) rotate({:.1})\" font-size=\"{size}\" fill=\"{}\" text-anchor=\"middle\" dy=\".36em\">{}</text>",
                at.0,
                at.1,
                -angle_deg,
                hex(color),
                super::tables::escape(&text)
            ),
        });
    }
    out.push_str("</svg>");
    Some(out)
}
