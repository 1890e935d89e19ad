//! Reading a table of a TOML file key by key, and collecting every mistake with its position.
//! Which keys there are, and what they mean, is for [`super::file`].

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::convert::wrong_type;
use super::error::{ConfigError, Origin, Problem};
use super::keys::Place;

/// The mistakes found so far in one file.
pub(super) struct Report<'t> {
    path: &'t Path,
    text: &'t str,
    line_starts: Vec<usize>,
    errors: Vec<(usize, ConfigError)>,
}

impl<'t> Report<'t> {
    pub(super) fn new(path: &'t Path, text: &'t str) -> Report<'t> {
        let line_ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(line_ends.map(|(index, _)| index + 1))
            .collect();
        Report {
            path,
            text,
            line_starts,
            errors: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, span: Range<usize>, key: String, problem: Problem) {
        let error = ConfigError {
            origin: self.origin(span.start),
            key,
            problem,
        };
        self.errors.push((span.start, error));
    }

    /// `offset` is in bytes; where it is inside a character, that character's column counts.
    pub(super) fn origin(&self, offset: usize) -> Origin {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1];
        Origin::File {
            path: self.path.to_owned(),
            line,
            column: self.text[start..offset].chars().count() + 1,
        }
    }

    /// The mistakes in the order of the file.
    pub(super) fn into_errors(mut self) -> Vec<ConfigError> {
        self.errors.sort_by_key(|(offset, _)| *offset);
        self.errors.into_iter().map(|(_, error)| error).collect()
    }
}

/// An entry of a table.
#[derive(Clone, Copy)]
pub(super) struct Entry<'d> {
    key: &'d Spanned<DeString<'d>>,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Entry<'d> {
    pub(super) fn name(&self) -> &'d str {
        self.key.get_ref()
    }

    pub(super) fn value(&self) -> &'d DeValue<'d> {
        self.value.get_ref()
    }

    /// Where its key stands.
    pub(super) fn span(&self) -> Range<usize> {
        self.key.span()
    }
}

/// A table and the path to it.
#[derive(Clone)]
pub(super) struct Section<'d> {
    table: &'d DeTable<'d>,
    path: String,
}

impl<'d> Section<'d> {
    pub(super) fn root(table: &'d DeTable<'d>) -> Section<'d> {
        Section {
            table,
            path: String::new(),
        }
    }

    pub(super) fn table(&self) -> &'d DeTable<'d> {
        self.table
    }

    /// The path of `key` in here, as one would write it in TOML.
    pub(super) fn key_path(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// The path that leads through `keys`, innermost first.
    pub(super) fn nested_path(&self, keys: &[String]) -> String {
        keys.iter()
            .rev()
            .fold(self.path.clone(), |path, key| join(&path, key))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The entry of this name.
    pub(super) fn entry(&self, key: &str) -> Option<Entry<'d>> {
        let (key, value) = self.table.get_key_value(key)?;
        Some(Entry { key, value })
    }

    /// All entries, in the order of the file.
    pub(super) fn entries(&self) -> Vec<Entry<'d>> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| Entry { key, value })
            .collect();
        entries.sort_by_key(|entry| entry.span().start);
        entries
    }

    /// Reports a problem with the key of `entry`.
    pub(super) fn reject_key(&self, report: &mut Report<'_>, entry: &Entry<'d>, problem: Problem) {
        report.add(entry.span(), self.key_path(entry.name()), problem);
    }

    /// Reports every key that does not belong in `place`.
    pub(super) fn reject_unknown(&self, report: &mut Report<'_>, place: Place) {
        for entry in self.entries() {
            if !place.keys().contains(&entry.name()) {
                self.reject_key(report, &entry, place.unknown(entry.name()));
            }
        }
    }

    /// The converted value of `key`; `None` where it is absent, or wrong and reported.
    pub(super) fn read<T>(
        &self,
        report: &mut Report<'_>,
        key: &str,
        convert: impl FnOnce(&DeValue<'d>) -> Result<T, Problem>,
    ) -> Option<T> {
        self.convert(report, &self.entry(key)?, convert)
    }

    /// The same for an entry.
    pub(super) fn convert<T>(
        &self,
        report: &mut Report<'_>,
        entry: &Entry<'d>,
        convert: impl FnOnce(&DeValue<'d>) -> Result<T, Problem>,
    ) -> Option<T> {
        match convert(entry.value()) {
            Ok(converted) => Some(converted),
            Err(problem) => {
                report.add(entry.value.span(), self.key_path(entry.name()), problem);
                None
            }
        }
    }

    /// The table of the name `key`; `None` where it is absent, or something else and reported.
    pub(super) fn child(&self, report: &mut Report<'_>, key: &str) -> Option<Section<'d>> {
        self.enter(report, &self.entry(key)?, "a table")
    }

    /// The table that is the value of `entry`; `expected` says in an error what belongs there.
    pub(super) fn enter(
        &self,
        report: &mut Report<'_>,
        entry: &Entry<'d>,
        expected: &'static str,
    ) -> Option<Section<'d>> {
        let path = self.key_path(entry.name());
        match entry.value() {
            DeValue::Table(table) => Some(Section { table, path }),
            other => {
                report.add(entry.value.span(), path, wrong_type(expected, other));
                None
            }
        }
    }
}

fn join(path: &str, key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let key = if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        format!("\"{}\"", key.escape_debug())
    };
    if path.is_empty() {
        key
    } else {
        format!("{path}.{key}")
    }
}
