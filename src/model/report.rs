//! A report as plain data: sections of values, text, tables and pictures, for a screen, JSON or paper alike.

/// A section with its heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Name in JSON.
    pub key: &'static str,
    /// Heading for people.
    pub heading: String,
    /// Content.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Labels with their values.
    Pairs(Vec<(&'static str, String)>),
    /// Paragraphs.
    Text(Vec<String>),
    /// A table.
    Table {
        /// Columns.
        columns: Vec<Column>,
        /// Rows, as long as the columns.
        rows: Vec<Vec<String>>,
    },
    /// A photo with its caption.
    Picture {
        /// File bytes.
        bytes: Vec<u8>,
        /// Caption lines.
        caption: Vec<String>,
    },
    /// A letter as it was sent.
    Letter {
        /// Text with the mark `{recipient}`.
        body: String,
        /// Address.
        recipient: String,
    },
}

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in JSON.
    pub key: &'static str,
    /// Head for people.
    pub title: &'static str,
    /// Share of the width of paper.
    pub share: u8,
    /// Figures stand at the right.
    pub is_right: bool,
}

/// A column of words.
pub const fn words(key: &'static str, title: &'static str, share: u8) -> Column {
    Column { key, title, share, is_right: false }
}

/// A column of figures.
pub const fn figures(key: &'static str, title: &'static str, share: u8) -> Column {
    Column { key, title, share, is_right: true }
}

impl Section {
    /// A section of some blocks.
    pub fn new(key: &'static str, heading: impl Into<String>, blocks: Vec<Block>) -> Self {
        Self { key, heading: heading.into(), blocks }
    }

    /// A section of one table.
    pub fn table(key: &'static str, heading: impl Into<String>, columns: Vec<Column>, rows: Vec<Vec<String>>) -> Self {
        Self::new(key, heading, vec![Block::Table { columns, rows }])
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.blocks.iter().all(|b| match b {
            Block::Pairs(pairs) => pairs.iter().all(|(_, v)| v.is_empty()),
            Block::Text(lines) => lines.is_empty(),
            Block::Table { rows, .. } => rows.is_empty(),
            Block::Picture { .. } | Block::Letter { .. } => false,
        })
    }
}
