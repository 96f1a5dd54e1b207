//! What several tests share: the built program, a fresh copy of the sample city, a shell with the program on its path.

use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_taptrace");

/// The day of every test: after everything that happens in the sample city, whatever the clock says.
pub(crate) const TODAY: &str = "2027-12-31";

/// A folder of the test's own, in memory where the system has such a place: what is tested is not how fast a disk syncs.
pub(crate) fn temp_dir() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()) } else { tempfile::tempdir() }
        .unwrap()
}

/// Copies the folder that `taptrace demo` makes without its case (built once per test run) into a new temporary folder.
pub(crate) fn sample_city() -> TempDir {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let output =
            Command::new(PROGRAM).args(["demo", "--no-case", "--dir"]).arg(dir.path().join("city")).output().unwrap();
        assert!(output.status.success(), "demo failed: {}", String::from_utf8_lossy(&output.stderr));
        dir
    });
    let copy = temp_dir();
    copy_folder(&made.path().join("city"), copy.path());
    copy
}

/// Copies a folder with everything in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs a command line in `dir` with the program first on the path and a fixed actor.
pub(crate) fn shell(dir: &Path, line: &str) -> Output {
    let program_dir = Path::new(PROGRAM).parent().unwrap();
    let path = format!("{}:{}", program_dir.display(), std::env::var("PATH").unwrap_or_default());
    Command::new("bash")
        .args(["-c", line])
        .current_dir(dir)
        .env("PATH", path)
        .env("TAPTRACE_ACTOR", "tester")
        .env("TAPTRACE_TODAY", TODAY)
        .env_remove("TAPTRACE_DB")
        .output()
        .unwrap()
}

/// A workbook of one sheet with this XML inside `sheetData`.
pub(crate) fn workbook(rows_xml: &str, shared_strings: Option<&str>) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const LINKS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let mut parts = vec![
        (
            "_rels/.rels",
            format!(
                r#"<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                r#"<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets><sheet name="Roll" sheetId="1" r:id="r1"/></sheets></workbook>"#
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                r#"<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{LINKS}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{LINKS}/styles" Target="styles.xml"/></Relationships>"#
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                r#"<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{rows_xml}</sheetData></worksheet>"#),
        ),
    ];
    if let Some(strings) = shared_strings {
        parts.push(("xl/sharedStrings.xml", strings.to_owned()));
    }
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Letters of a column of a sheet.
pub(crate) fn xlsx_column(x: usize) -> String {
    char::from(b'A' + u8::try_from(x).unwrap()).to_string()
}

/// A text cell of a sheet.
pub(crate) fn xlsx_cell(x: usize, y: usize, text: &str) -> String {
    format!(r#"<c r="{}{}" t="inlineStr"><is><t>{text}</t></is></c>"#, xlsx_column(x), y + 1)
}

/// The head of a photo as a phone writes it: a JPEG whose EXIF part tells place and time.
pub(crate) fn jpeg(lon: f64, lat: f64, taken: &str) -> Vec<u8> {
    let mut tiff: Vec<u8> = b"MM\0\x2A\0\0\0\x08".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        let mut bytes = [tag.to_be_bytes(), kind.to_be_bytes()].concat();
        bytes.extend(count.to_be_bytes());
        bytes.extend(value.to_be_bytes());
        bytes
    };
    let folder = |entries: &[Vec<u8>]| {
        let mut bytes = u16::try_from(entries.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend(entries.concat());
        bytes.extend([0; 4]);
        bytes
    };
    // First folder: 2 entries at 8; EXIF folder at 38; GPS folder at 56; then the values.
    let (exif_at, gps_at, text_at) = (38, 56, 110);
    let text: Vec<u8> = taken.bytes().chain([0]).collect();
    let n_text = u32::try_from(text.len()).unwrap();
    let (lon_at, lat_at) = (text_at + n_text, text_at + n_text + 24);
    tiff.extend(folder(&[entry(0x8769, 4, 1, exif_at), entry(0x8825, 4, 1, gps_at)]));
    tiff.extend(folder(&[entry(0x9003, 2, n_text, text_at)]));
    let side = |letter: u8| u32::from(letter) << 24;
    tiff.extend(folder(&[
        entry(1, 2, 2, side(if lat < 0.0 { b'S' } else { b'N' })),
        entry(2, 5, 3, lat_at),
        entry(3, 2, 2, side(if lon < 0.0 { b'W' } else { b'E' })),
        entry(4, 5, 3, lon_at),
    ]));
    tiff.extend(text);
    for degrees in [lon, lat] {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a coordinate")]
        let millionths = (degrees.abs() * 1e6).round() as u32;
        for (top, bottom) in [(millionths, 1_000_000), (0, 1), (0, 1)] {
            tiff.extend([top.to_be_bytes(), u32::to_be_bytes(bottom)].concat());
        }
    }
    let n_part = u16::try_from(tiff.len() + 8).unwrap().to_be_bytes();
    [&[0xFF, 0xD8, 0xFF, 0xE1][..], &n_part, b"Exif\0\0", &tiff, &[0xFF, 0xD9]].concat()
}
