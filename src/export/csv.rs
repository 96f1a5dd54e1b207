//! CSV that a spreadsheet cannot turn into a program: text that would begin a formula gets an apostrophe in front.

use std::io::{self, Write};

use super::layer::{Cell, Layer, Row};

/// Writes the header line.
///
/// # Errors
/// When the writer fails.
pub fn write_header(out: &mut dyn Write, layer: Layer) -> io::Result<()> {
    writeln!(out, "{},lon,lat", layer.fields().join(","))
}

/// Writes one row.
///
/// # Errors
/// When the writer fails.
pub fn write_row(out: &mut dyn Write, row: &Row) -> io::Result<()> {
    for cell in &row.cells {
        match cell {
            Cell::Null => {}
            Cell::Text(value) => write_text(out, value)?,
            Cell::Integer(value) => write!(out, "{value}")?,
            Cell::Real(value) => write!(out, "{value}")?,
        }
        out.write_all(b",")?;
    }
    match row.position {
        Some([lon, lat]) => writeln!(out, "{lon:.7},{lat:.7}"),
        None => out.write_all(b",\n"),
    }
}

/// Starts that spreadsheets take for a formula (OWASP, CSV injection).
fn is_formula(value: &str) -> bool {
    value.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

fn write_text(out: &mut dyn Write, value: &str) -> io::Result<()> {
    let guard = if is_formula(value) { "'" } else { "" };
    if value.contains([',', '"', '\n', '\r']) {
        write!(out, "\"{guard}{}\"", value.replace('"', "\"\""))
    } else {
        write!(out, "{guard}{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::write_text;

    #[test]
    fn formulas_are_defused_and_quotes_doubled() {
        for (value, wanted) in
            [("=1+1", "'=1+1"), ("-5", "'-5"), ("A, \"B\"", "\"A, \"\"B\"\"\""), ("@x,y", "\"'@x,y\"")]
        {
            let mut out = Vec::new();
            write_text(&mut out, value).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), wanted);
        }
    }
}
