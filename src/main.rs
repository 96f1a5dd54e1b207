//! The `taptrace` program: hands the command line to `taptrace::cli` and returns its exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    taptrace::cli::main()
}
