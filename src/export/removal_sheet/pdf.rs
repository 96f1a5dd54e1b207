//! The list as a PDF: a summary with the route, what changed, then the stops, two on a page where they fit; stops that may not
//! be dug stand in a section of their own at the end.

use super::{Line, Sheet, SheetKind, SheetStop, Tone, inset};
use crate::export::page::{self, BLACK, Color, Page, Paper, RED};
use crate::model::domain;

/// Borders: a stop needs all the room it can get, and printers need 18 points.
const SIDE: f32 = 30.0;
const TOP: f32 = 46.0;
const BOTTOM: f32 = 34.0;
const MAP: f32 = 186.0;
const QR: f32 = 74.0;
const TITLE: f32 = 32.0;
const GAP: f32 = 6.0;
const ROW: f32 = 12.0;
const GRAY: Color = (0.9, 0.9, 0.9);
const PALE_RED: Color = (1.0, 0.86, 0.86);
const WHITE: Color = (1.0, 1.0, 1.0);

/// Pages being filled from the top.
struct Flow<'a> {
    sheet: &'a Sheet,
    paper: Paper,
    pages: Vec<Page>,
    y: f32,
}

impl Flow<'_> {
    fn width(&self) -> f32 {
        self.paper.width - 2.0 * SIDE
    }

    fn floor(&self) -> f32 {
        self.paper.height - BOTTOM
    }

    /// Starts a page with the head of the list.
    fn turn(&mut self) {
        let mut out = Page::new(self.paper);
        let right = format!("{}   {}", self.sheet.crew, self.sheet.work_on);
        let right = page::fit(&right, 10.0, false, self.width() * 0.45);
        let room = self.width() - page::text_width(&right, 10.0) - 10.0;
        out.text((SIDE, 32.0), 12.0, true, BLACK, &page::fit(&self.sheet.title(), 12.0, true, room));
        out.text((self.paper.width - SIDE - page::text_width(&right, 10.0), 32.0), 10.0, false, BLACK, &right);
        out.line(&[(SIDE, 38.0), (self.paper.width - SIDE, 38.0)], 0.8, BLACK);
        self.pages.push(out);
        self.y = TOP;
    }

    /// Turns the page when less than `height` is left.
    fn need(&mut self, height: f32) {
        if self.pages.is_empty() || (self.y + height > self.floor() && self.y > TOP) {
            self.turn();
        }
    }

    fn page(&mut self) -> &mut Page {
        if self.pages.is_empty() {
            self.turn();
        }
        self.pages.last_mut().expect("a page was just begun")
    }

    fn heading(&mut self, text: &str, color: Color) {
        self.need(60.0);
        let at = (SIDE, self.y + 12.0);
        self.page().text(at, 12.0, true, color, text);
        self.y += 20.0;
    }
}

/// The list as a PDF.
pub fn pdf(sheet: &Sheet, paper: Paper) -> Vec<u8> {
    let mut flow = Flow { sheet, paper, pages: Vec::new(), y: 0.0 };
    summary(&mut flow);
    let (open, blocked): (Vec<&SheetStop>, Vec<&SheetStop>) = sheet.stops.iter().partition(|s| s.is_diggable());
    if !open.is_empty() {
        flow.turn();
    }
    for stop in open {
        draw_stop(&mut flow, stop);
    }
    if !blocked.is_empty() {
        flow.turn();
        flow.heading("DO NOT DIG: these stops have a hold, or no locate ticket that lives on the day", RED);
    }
    for stop in blocked {
        draw_stop(&mut flow, stop);
    }
    let n_pages = flow.pages.len();
    let hash = if sheet.sha256.is_empty() { "not frozen".to_owned() } else { format!("sha256 {}", sheet.sha256) };
    for (i, out) in (1..).zip(&mut flow.pages) {
        let foot = format!("page {i} of {n_pages}   {} version {}   {hash}", sheet.list_no, sheet.version);
        out.text((SIDE, paper.height - 20.0), 7.5, false, BLACK, &foot);
    }
    page::packed_document(&sheet.title(), paper, flow.pages)
}

/// Route, table of all stops, and what changed since the version that the crew knows.
fn summary(flow: &mut Flow<'_>) {
    flow.turn();
    let words = flow.sheet.route_words();
    let at = (SIDE, flow.y + 10.0);
    flow.page().text(at, 10.0, false, BLACK, &words);
    flow.y += 18.0;
    overview(flow);
    let sheet = flow.sheet;
    table_head(flow);
    for stop in &sheet.stops {
        if flow.y + ROW > flow.floor() {
            flow.turn();
            table_head(flow);
        }
        table_row(flow, stop);
    }
    flow.y += 8.0;
    let Some(since) = sheet.changed_since else { return };
    flow.heading(&format!("What changed since version {since}"), BLACK);
    if sheet.changes.is_empty() {
        change_line(flow, "nothing");
    }
    for (what, order_no, detail) in &sheet.changes {
        change_line(flow, &format!("{order_no}  {what}: {}", detail.replace('_', " ")));
    }
}

fn change_line(flow: &mut Flow<'_>, text: &str) {
    let width = flow.width();
    for line in page::wrap(text, 9.5, width) {
        flow.need(ROW);
        let at = (SIDE, flow.y + 10.0);
        flow.page().text(at, 9.5, false, BLACK, &line);
        flow.y += ROW;
    }
}

/// Columns of the summary: place from the left, heading.
const TABLE: &[(f32, &str)] =
    &[(0.0, "no."), (28.0, "order"), (112.0, "address"), (290.0, "near"), (390.0, "ticket"), (500.0, "look out")];

fn table_head(flow: &mut Flow<'_>) {
    flow.need(2.0 * ROW);
    let y = flow.y + 9.0;
    let scale = flow.width() / 552.0;
    for (x, name) in TABLE {
        if flow.sheet.kind == SheetKind::Removal || *name != "ticket" {
            flow.page().text((SIDE + x * scale, y), 8.0, true, BLACK, name);
        }
    }
    let (left, right) = (SIDE, SIDE + flow.width());
    flow.page().line(&[(left, y + 3.5), (right, y + 3.5)], 0.5, BLACK);
    flow.y += ROW + 2.0;
}

fn table_row(flow: &mut Flow<'_>, stop: &SheetStop) {
    let y = flow.y + 9.0;
    let scale = flow.width() / 552.0;
    let ticket = match stop.fact("ticket_state") {
        "" => String::new(),
        "none" => "NONE".to_owned(),
        "ok" => stop.fact("ticket_expires").to_owned(),
        "short" => format!("{} RUNS OUT", stop.fact("ticket_expires")),
        "early" => format!("FROM {}", stop.fact("ticket_from")),
        "open" => "NOT ANSWERED".to_owned(),
        state => format!("{} {}", stop.fact("ticket_expires"), state.to_uppercase()),
    };
    let flags: Vec<&str> = [(stop.has_hazard(), "SAFETY"), (!stop.fact("hold").is_empty(), "HOLD")]
        .into_iter()
        .filter_map(|(is_there, word)| is_there.then_some(word))
        .chain((stop.fact("fire_service") == "yes").then_some("FIRE"))
        .collect();
    let cells = [
        (stop.seq.to_string(), false),
        (stop.order_no.clone(), false),
        (stop.fact("address").to_owned(), false),
        (stop.fact("near_street").to_owned(), false),
        (ticket, stop.is_ticket_red()),
        (flags.join(" "), true),
    ];
    for (i, (text, is_red)) in cells.iter().enumerate() {
        let x = TABLE.get(i).map_or(0.0, |c| c.0);
        let next = TABLE.get(i + 1).map_or(552.0, |c| c.0);
        let shown = page::fit(text, 8.5, *is_red, (next - x - 4.0) * scale);
        flow.page().text((SIDE + x * scale, y), 8.5, *is_red, if *is_red { RED } else { BLACK }, &shown);
    }
    flow.y += ROW;
}

/// West, south, east and north of some places.
fn box_of(places: impl Iterator<Item = (f64, f64)>) -> Option<[f64; 4]> {
    places.fold(None, |found, (x, y)| {
        let [west, south, east, north] = found.unwrap_or([x, y, x, y]);
        Some([west.min(x), south.min(y), east.max(x), north.max(y)])
    })
}

/// The box that the small map shows: the stops, and the yard unless that would shrink the stops to a heap; a yard far off stands
/// at the edge then.
fn shown_box(sheet: &Sheet) -> Option<[f64; 4]> {
    let stops = || sheet.stops.iter().filter_map(|s| s.position);
    let ([west, south, east, north], all) = (box_of(stops())?, box_of(stops().chain(sheet.yard))?);
    let shrink = f64::midpoint(south, north).to_radians().cos();
    let size = |b: &[f64; 4]| ((b[2] - b[0]) * shrink).max(b[3] - b[1]);
    let own = [west, south, east, north];
    let is_far = stops().count() > 1 && size(&all) > YARD_FAR * size(&own);
    Some(if is_far { own } else { all })
}

/// The yard is far when the map with it is so many times as large as that of the stops.
const YARD_FAR: f64 = 2.5;

/// The whole route on one small map, north up, numbers at the stops.
fn overview(flow: &mut Flow<'_>) {
    let n_places = flow.sheet.stops.iter().filter(|s| s.position.is_some()).count() + flow.sheet.yard.iter().count();
    let Some([west, south, east, north]) = shown_box(flow.sheet).filter(|_| n_places > 1) else { return };
    let (width, height) = (flow.width(), 230.0);
    let shrink = f64::midpoint(south, north).to_radians().cos();
    let (across, along) = (((east - west) * shrink).max(1e-6), (north - south).max(1e-6));
    let scale = (f64::from(width - 60.0) / across).min(f64::from(height - 40.0) / along);
    let top = flow.y;
    let middle = (f64::midpoint(west, east), f64::midpoint(south, north));
    let place = |p: (f64, f64)| {
        let x = f64::from(SIDE + width / 2.0) + (p.0 - middle.0) * shrink * scale;
        let y = f64::from(top + height / 2.0) - (p.1 - middle.1) * scale;
        (x as f32, y as f32)
    };
    // What lies outside is drawn where its direction leaves the map.
    let inside = |(x, y): (f32, f32)| {
        let (mid_x, mid_y) = (SIDE + width / 2.0, top + height / 2.0);
        let (reach_x, reach_y) = (width / 2.0 - 30.0, height / 2.0 - 10.0);
        let over = ((x - mid_x).abs() / reach_x).max((y - mid_y).abs() / reach_y).max(1.0);
        (mid_x + (x - mid_x) / over, mid_y + (y - mid_y) / over)
    };
    let place = |p| inside(place(p));
    let yard = flow.sheet.yard;
    let path: Vec<(f32, f32)> =
        yard.into_iter().chain(flow.sheet.stops.iter().filter_map(|s| s.position)).chain(yard).map(place).collect();
    let marks: Vec<(String, (f32, f32), bool)> = flow
        .sheet
        .stops
        .iter()
        .filter_map(|s| s.position.map(|p| (s.seq.to_string(), place(p), s.is_diggable())))
        .collect();
    let out = flow.page();
    out.outline(SIDE, top, width, height);
    out.line(&path, 0.7, (0.4, 0.4, 0.4));
    if let Some((x, y)) = yard.map(place) {
        out.fill(x - 4.0, y - 4.0, 8.0, 8.0, BLACK);
        let is_off = yard.is_some_and(|(lon, lat)| lon < west || lon > east || lat < south || lat > north);
        let words = if is_off { "yard, farther off" } else { "yard" };
        let beside = page::bold_width(words, 8.0) + 6.0;
        let left = if x + beside > SIDE + width { -beside } else { 6.0 };
        out.text((x + left, y + 3.0), 8.0, true, BLACK, words);
    }
    // Stops stand close together; a number that would print over another is left out, its dot is not.
    let mut taken: Vec<(f32, f32)> = yard.map(place).into_iter().collect();
    for (number, at, is_open) in marks {
        out.fill(at.0 - 1.8, at.1 - 1.8, 3.6, 3.6, if is_open { BLACK } else { RED });
        if taken.iter().all(|t| (t.0 - at.0).abs() > 14.0 || (t.1 - at.1).abs() > 9.0) {
            out.text((at.0 + 3.0, at.1 - 2.0), 8.0, true, if is_open { BLACK } else { RED }, &number);
            taken.push(at);
        }
    }
    out.text((SIDE + width - 58.0, top + height - 5.0), 7.0, false, BLACK, "north is up");
    flow.y += height + 10.0;
}

/// One printed line of the left column.
struct Row {
    text: String,
    indent: f32,
    label: &'static str,
    tone: Tone,
}

/// The left column, in the largest size that keeps the stop on one page.
fn rows(lines: &[Line], size: f32, width: f32) -> Vec<Row> {
    const LABEL: f32 = 74.0;
    let mut all = Vec::new();
    for line in lines {
        let is_bold = line.tone != Tone::Plain;
        let room = width - LABEL;
        let wrapped =
            if is_bold { page::wrap_bold(&line.value, size, room) } else { page::wrap(&line.value, size, room) };
        for (i, text) in wrapped.into_iter().enumerate() {
            let label = if i == 0 { line.label } else { "" };
            all.push(Row { text, indent: LABEL, label, tone: line.tone });
        }
    }
    all
}

fn draw_stop(flow: &mut Flow<'_>, stop: &SheetStop) {
    let kind = flow.sheet.kind;
    let width = flow.width();
    let left = width - MAP - 12.0;
    let lines = super::lines(kind, stop);
    let ticket = super::ticket_words(stop);
    let ticket_rows = if ticket.is_empty() { Vec::new() } else { page::wrap_bold(&ticket, 10.5, left - 12.0) };
    let ticket_height = if ticket.is_empty() { 0.0 } else { ticket_rows.len() as f32 * 13.0 + 8.0 };
    let forms = form_height(kind);
    let room = flow.paper.height - TOP - BOTTOM - TITLE - forms - ticket_height - 5.0 * GAP - 24.0;
    // Two stops on a page where the text can still be read at 9 points, else as large as one page allows.
    let half = (flow.paper.height - TOP - BOTTOM - 8.0) / 2.0 - TITLE - forms - ticket_height - 3.0 * GAP - 2.0;
    let mut size = 10.0;
    let mut column = rows(&lines, size, left);
    let height_of = |column: &[Row], size: f32| column.len() as f32 * (size + 2.0);
    while height_of(&column, size) > half && size > 9.0 {
        size -= 0.25;
        column = rows(&lines, size, left);
    }
    if height_of(&column, size) > half {
        size = 10.0;
        column = rows(&lines, size, left);
    }
    while height_of(&column, size) > room && size > 6.0 {
        size -= 0.5;
        column = rows(&lines, size, left);
    }
    let step = size + 2.0;
    column.truncate((room / step) as usize);
    let body = (ticket_height + column.len() as f32 * step + 2.0).max(MAP + 11.0);
    let height = TITLE + GAP + body + GAP + forms + GAP;
    flow.need(height);
    let (x, top) = (SIDE, flow.y);
    let paper_width = flow.paper.width;
    let out = flow.page();
    draw_title(out, stop, (x, top), width);
    let mut y = top + TITLE + GAP;
    draw_ticket(out, stop, &ticket_rows, (x, y), (left, ticket_height - 4.0));
    y += ticket_height;
    for row in &column {
        y += step;
        let color = if row.tone == Tone::Danger { RED } else { BLACK };
        let is_bold = row.tone != Tone::Plain;
        out.text((x + 4.0, y - 3.0), size, row.tone == Tone::Danger, color, row.label);
        out.text((x + row.indent, y - 3.0), size, is_bold, color, &row.text);
    }
    let map_x = paper_width - SIDE - MAP - 4.0;
    inset::on_page(out, stop, (map_x, top + TITLE + GAP), (MAP, MAP));
    out.text((map_x, top + TITLE + GAP + MAP + 8.0), 6.5, false, BLACK, inset::caption(stop));
    let forms_top = top + TITLE + GAP + body + GAP;
    draw_forms(out, kind, (x + 4.0, forms_top), width - QR - 14.0);
    draw_qr(out, stop, (paper_width - SIDE - QR - 2.0, forms_top - 4.0));
    out.outline(x, top, width, height);
    flow.y += height + 7.0;
}

fn draw_title(out: &mut Page, stop: &SheetStop, (x, y): (f32, f32), width: f32) {
    let is_open = stop.is_diggable();
    out.fill(x, y, width, TITLE, if is_open { GRAY } else { PALE_RED });
    out.fill(x, y, 44.0, TITLE, if is_open { BLACK } else { RED });
    let seq = stop.seq.to_string();
    out.text((x + 22.0 - page::bold_width(&seq, 20.0) / 2.0, y + 23.0), 20.0, true, WHITE, &seq);
    let address = page::fit(stop.fact("address"), 16.0, true, width - 190.0);
    out.text((x + 52.0, y + 16.0), 16.0, true, BLACK, &address);
    let near = match stop.fact("near_street") {
        "" => String::new(),
        near => format!("near {near}"),
    };
    out.text((x + 52.0, y + 28.0), 9.5, false, BLACK, &page::fit(&near, 9.5, false, width - 190.0));
    let order_no = page::fit(&stop.order_no, 12.0, true, 130.0);
    out.text((x + width - 6.0 - page::bold_width(&order_no, 12.0), y + 15.0), 12.0, true, BLACK, &order_no);
    if !is_open {
        let words = "DO NOT DIG";
        out.text((x + width - 6.0 - page::bold_width(words, 11.0), y + 28.0), 11.0, true, RED, words);
    }
}

fn draw_ticket(out: &mut Page, stop: &SheetStop, rows: &[String], (x, y): (f32, f32), (width, height): (f32, f32)) {
    if rows.is_empty() {
        return;
    }
    let color = if stop.is_ticket_red() { RED } else { BLACK };
    if stop.is_ticket_red() {
        out.fill(x + 4.0, y, width - 4.0, height, PALE_RED);
    }
    let corners = [(x + 4.0, y), (x + width, y), (x + width, y + height), (x + 4.0, y + height), (x + 4.0, y)];
    out.line(&corners, 1.0, color);
    for (i, row) in rows.iter().enumerate() {
        out.text((x + 9.0, y + 12.0 + i as f32 * 13.0), 10.5, true, color, row);
    }
}

/// Lines of boxes that the crew writes into: label and share of the width.
fn boxes(kind: SheetKind) -> &'static [&'static [(&'static str, f32)]] {
    match kind {
        SheetKind::Removal => &[
            &[
                ("arrived", 0.15),
                ("left", 0.15),
                ("crew", 0.2),
                ("photos before", 0.18),
                ("photos after", 0.18),
                ("depth ft", 0.14),
            ],
            &[
                ("tie 1: what, from, direction, ft", 0.3),
                ("tie 2: what, from, direction, ft", 0.3),
                ("meter no. found", 0.15),
                ("final read", 0.13),
                ("cut sq ft", 0.12),
            ],
        ],
        SheetKind::Refuse => &[&[("arrived", 0.14), ("left", 0.14), ("crew", 0.2), ("photos", 0.2), ("note", 0.32)]],
    }
}

/// Boxes to tick: label and codes of a list, several a line.
fn ticks(kind: SheetKind) -> Vec<(&'static str, Vec<String>, usize)> {
    let labels = |list: &str| domain::codes(list).into_iter().map(|c| short_label(list, c)).collect::<Vec<_>>();
    match kind {
        SheetKind::Removal => {
            vec![("Result", labels("result_code"), 6), ("Method done", labels("removal_method"), 5)]
        }
        SheetKind::Refuse => vec![("Result", labels("pull_result"), 6)],
    }
}

/// Words that fit behind a box; the whole label stands in the documentation and on the phone.
fn short_label(list: &str, code: &str) -> String {
    let words = match (list, code) {
        ("result_code", "done_other_method") => "done, other way",
        ("result_code", "occupied_active_use") => "IN USE: STOP",
        ("result_code", "shared_service") => "SHARED: STOP",
        ("result_code", "needs_main_shutdown") => "main shutdown",
        ("result_code", "needs_traffic_control") => "traffic control",
        ("result_code", "deferred_pavement") => "pavement",
        ("removal_method", "corp_closed_and_severed_at_main") => "killed at main",
        ("removal_method", "saddle_or_sleeve_removed") => "saddle removed",
        ("removal_method", "cut_and_plugged_at_property_line") => "property line",
        ("removal_method", "disconnected_at_curb_stop") => "curb stop",
        ("removal_method", "meter_pulled_and_plugged") => "meter pulled",
        _ => return code.replace('_', " "),
    };
    words.to_owned()
}

const TICK_ROW: f32 = 12.5;
const BOX_ROW: f32 = 28.0;

fn form_height(kind: SheetKind) -> f32 {
    let n_ticks: usize = ticks(kind).iter().map(|(_, codes, per_row)| codes.len().div_ceil(*per_row)).sum();
    (n_ticks as f32 * TICK_ROW + boxes(kind).len() as f32 * BOX_ROW).max(QR + 14.0)
}

fn draw_forms(out: &mut Page, kind: SheetKind, (x, top): (f32, f32), width: f32) {
    const LABEL: f32 = 56.0;
    let mut y = top;
    for (label, codes, per_row) in ticks(kind) {
        out.text((x, y + 9.0), 8.5, true, BLACK, label);
        let each = (width - LABEL) / per_row as f32;
        for (i, code) in codes.iter().enumerate() {
            let at = (x + LABEL + (i % per_row) as f32 * each, y + (i / per_row) as f32 * TICK_ROW);
            out.outline(at.0, at.1 + 2.0, 8.0, 8.0);
            out.text((at.0 + 10.0, at.1 + 8.8), 7.0, false, BLACK, &page::fit(code, 7.0, false, each - 10.0));
        }
        y += codes.len().div_ceil(per_row) as f32 * TICK_ROW;
    }
    for row in boxes(kind) {
        let mut at = x;
        for (label, share) in *row {
            out.outline(at, y + 2.0, width * share - 3.0, BOX_ROW - 4.0);
            out.text(
                (at + 2.5, y + 8.5),
                6.5,
                false,
                (0.3, 0.3, 0.3),
                &page::fit(label, 6.5, false, width * share - 7.0),
            );
            at += width * share;
        }
        y += BOX_ROW;
    }
}

/// The stop's UUID as a QR code with the quiet border that readers need, and in letters.
fn draw_qr(out: &mut Page, stop: &SheetStop, (x, y): (f32, f32)) {
    let Ok(code) = qrcode::QrCode::new(stop.stop_uuid.as_bytes()) else {
        return;
    };
    let n_modules = code.width() + 8;
    let each = QR / n_modules as f32;
    let mut dark = Vec::new();
    for (i, color) in code.to_colors().iter().enumerate() {
        if *color == qrcode::Color::Dark {
            let (column, row) = ((i % code.width() + 4) as f32, (i / code.width() + 4) as f32);
            // A hair wider than the module, so that no white seam opens between neighbors.
            dark.push((x + column * each, y + row * each, each * 1.02, each * 1.02));
        }
    }
    out.fill_all(&dark, BLACK);
    let (head, tail) = stop.stop_uuid.split_at_checked(18).unwrap_or((&stop.stop_uuid, ""));
    out.text((x, y + QR + 4.0), 6.5, false, BLACK, head);
    out.text((x, y + QR + 11.0), 6.5, false, BLACK, &format!("{tail}  v{}", stop.base_version));
}
