//! What several tests share: the built program, a fresh copy of the sample city, a shell with the program on its path.

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

/// Copies the folder that `taptrace demo` makes (built once per test run) into a new temporary folder.
pub(crate) fn sample_city() -> TempDir {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let output = Command::new(PROGRAM).args(["demo", "--dir"]).arg(dir.path().join("city")).output().unwrap();
        assert!(output.status.success(), "demo failed: {}", String::from_utf8_lossy(&output.stderr));
        dir
    });
    let copy = temp_dir();
    copy_folder(&made.path().join("city"), copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
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
