//! How a command ends: done, done but look, or not done, with a message, its causes and a hint.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use crate::store;

/// A command that came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit status 0.
    Done,
    /// Exit status 1: done, but somebody should look (rejected rows, ambiguity, findings, nothing found).
    Look,
    /// Exit status 130: stopped by Ctrl-C, nothing changed.
    Interrupted,
}

impl Outcome {
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Outcome::Done => ExitCode::SUCCESS,
            Outcome::Look => ExitCode::from(1),
            Outcome::Interrupted => ExitCode::from(130),
        }
    }
}

/// A command that could not be carried out: exit status 2.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    /// The error itself knows the way out; what the command would say is beside the point.
    is_hint_final: bool,
    is_broken_pipe: bool,
    /// Ctrl-C or a polite kill: exit status 130.
    is_interrupted: bool,
}

impl Failure {
    /// The user's input is wrong: usage, a value, a file's content.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: Vec::new(),
            hint: None,
            is_hint_final: false,
            is_broken_pipe: false,
            is_interrupted: false,
        }
    }

    /// The user stopped the command; `left` says what is left of it.
    pub(crate) fn interrupted(left: &str) -> Self {
        Self { is_interrupted: true, ..Self::input(format!("interrupted; {left}")) }
    }

    /// The surroundings are wrong: disk, lock, permission, network.
    pub(crate) fn environment(message: impl Into<String>) -> Self {
        Self::input(message)
    }

    /// From a library error: its text, then its sources as causes. What the database file suffers from has its own hint,
    /// whatever the command was.
    pub(crate) fn from_error(error: &(dyn Error + 'static)) -> Self {
        let mut failure = Self::input(error.to_string());
        failure.take_hint_of(error);
        let mut source = error.source();
        while let Some(cause) = source {
            failure.take_hint_of(cause);
            failure.causes.push(cause.to_string());
            source = cause.source();
        }
        failure
    }

    fn take_hint_of(&mut self, cause: &(dyn Error + 'static)) {
        if let Some(trouble) = cause.downcast_ref::<store::FileTrouble>() {
            self.hint = Some(trouble.hint().to_owned());
            self.is_hint_final = true;
        }
        if matches!(cause.downcast_ref::<store::Error>(), Some(store::Error::Interrupted)) {
            self.is_interrupted = true;
        }
    }

    /// From writing the result; a broken pipe counts as success.
    pub(crate) fn from_output(error: io::Error) -> Self {
        if error.get_ref().is_some_and(|e| e.is::<super::output::Stopped>()) {
            return Self::interrupted("nothing was written");
        }
        let mut failure = Self::environment("cannot write the result").caused_by(&error);
        if error.kind() == io::ErrorKind::StorageFull {
            failure = failure.hint("make room on that disk, or write to another one: -o FILE");
            failure.is_hint_final = true;
        }
        failure.is_broken_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        failure
    }

    /// The message with its causes and the hint, in one line.
    pub(crate) fn text(&self) -> String {
        let told =
            std::iter::once(&self.message).chain(&self.causes).map(String::as_str).collect::<Vec<_>>().join(": ");
        self.hint.as_ref().map_or_else(|| told.clone(), |hint| format!("{told} ({hint})"))
    }

    /// Adds a cause line.
    pub(crate) fn caused_by(mut self, cause: &dyn Error) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds a hint; it should name a command to try.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if !self.is_hint_final {
            self.hint = Some(hint.into());
        }
        self
    }

    /// Prints the message and returns the exit status; `on_database` makes the hint fit the database of the command.
    #[allow(clippy::print_stderr, reason = "this is the one place that reports failures")]
    pub(crate) fn report(&self, on_database: impl Fn(&str) -> String) -> ExitCode {
        if self.is_broken_pipe {
            return ExitCode::SUCCESS;
        }
        if self.is_interrupted {
            eprintln!("{}", self.message);
            return ExitCode::from(130);
        }
        eprintln!("error: {}", self.message);
        for cause in &self.causes {
            eprintln!("  caused by: {cause}");
        }
        if let Some(hint) = &self.hint {
            eprintln!("\nhint: {}", on_database(hint));
        }
        ExitCode::from(2)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::from_output(error)
    }
}
