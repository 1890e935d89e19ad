//! Messages that steer the host rather than call an app: reload, restart, scale, and the peer's
//! `manage`. What comes of them is for the arbiter to decide, and told as
//! [`Outcomes`](super::Outcomes).
//!
//! Their fields are read apart from a request's: they are rare, and in a request such names mean
//! nothing and may be there.

use std::ops::Range;

use bytes::Bytes;

use super::fields::{EnvelopeFault, decode_text, shortened, walk};
use super::id::AppPath;

/// What the host is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Read the configuration again, and put the present version of an app's component in place of
    /// the one that serves.
    Reload {
        /// The app; None is all of them, and what the configuration has added or removed.
        app: Option<AppPath>,
    },
    /// Start an app anew, also where it has been given up.
    Restart {
        /// The app.
        app: AppPath,
    },
    /// Change how many workers an app has.
    Scale {
        /// The app.
        app: AppPath,
        /// How many it shall have. Whether that many are allowed is not checked here.
        workers: u32,
    },
    /// Add workers to what there is, or remove some, as gunicorn's client asks for it.
    Manage {
        /// Which of the two.
        operation: Operation,
        /// How many.
        count: u32,
        /// The app; None is every app.
        app: Option<AppPath>,
    },
}

/// What `manage` does to the number of workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `op` is 1.
    Add,
    /// `op` is 2.
    Remove,
}

/// Reads the command of a `control` message.
pub(super) fn read_control(frame: &Bytes) -> Result<Command, EnvelopeFault> {
    let members = Members::read(frame)?;
    match &*members.text(Key::Op)?.ok_or_else(|| Key::Op.missing())? {
        "reload" => Ok(Command::Reload {
            app: members.app()?,
        }),
        "restart" => Ok(Command::Restart {
            app: members.required_app()?,
        }),
        "scale" => Ok(Command::Scale {
            app: members.required_app()?,
            workers: members
                .count(Key::Workers)?
                .ok_or_else(|| Key::Workers.missing())?,
        }),
        unknown => Err(EnvelopeFault::UnknownOperation {
            name: shortened(unknown),
        }),
    }
}

/// Reads the command of a `manage` message.
pub(super) fn read_manage(frame: &Bytes) -> Result<Command, EnvelopeFault> {
    let members = Members::read(frame)?;
    let operation = match members.raw(Key::Op) {
        Some(b"1") => Operation::Add,
        Some(b"2") => Operation::Remove,
        Some(_) => return Err(Key::Op.wrong_type("1 (add workers) or 2 (remove workers)")),
        None => return Err(Key::Op.missing()),
    };
    Ok(Command::Manage {
        operation,
        count: members.count(Key::Count)?.unwrap_or(1),
        app: members.app()?,
    })
}

/// The fields beside `type` and `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Op,
    App,
    Workers,
    Count,
}

impl Key {
    const ALL: [Key; 4] = [Key::Op, Key::App, Key::Workers, Key::Count];

    fn name(self) -> &'static str {
        match self {
            Key::Op => "op",
            Key::App => "app",
            Key::Workers => "workers",
            Key::Count => "count",
        }
    }

    fn missing(self) -> EnvelopeFault {
        EnvelopeFault::Missing { key: self.name() }
    }

    fn wrong_type(self, expected: &'static str) -> EnvelopeFault {
        let key = self.name();
        EnvelopeFault::WrongType { key, expected }
    }
}

/// Where these fields lie in their frame.
struct Members<'a> {
    frame: &'a [u8],
    spans: [Option<Range<usize>>; Key::ALL.len()],
}

impl<'a> Members<'a> {
    fn read(frame: &'a [u8]) -> Result<Self, EnvelopeFault> {
        let mut spans = [const { None }; Key::ALL.len()];
        walk(frame, |name, value| {
            // A name that stands for no Unicode text is none of ours.
            let Some(name) = decode_text(&frame[name.span.clone()]) else {
                return Ok(());
            };
            let Some(key) = Key::ALL.into_iter().find(|key| key.name() == name) else {
                return Ok(());
            };
            match spans[key as usize].replace(value) {
                Some(_) => Err(EnvelopeFault::Duplicate { key: key.name() }),
                None => Ok(()),
            }
        })?;
        Ok(Members { frame, spans })
    }

    fn raw(&self, key: Key) -> Option<&'a [u8]> {
        self.spans[key as usize]
            .clone()
            .map(|span| &self.frame[span])
    }

    fn text(&self, key: Key) -> Result<Option<String>, EnvelopeFault> {
        let Some(raw) = self.raw(key) else {
            return Ok(None);
        };
        match decode_text(raw) {
            Some(text) => Ok(Some(text.into_owned())),
            None => Err(key.wrong_type("a string of Unicode text")),
        }
    }

    /// The name is copied, so that it does not keep its frame alive.
    fn app(&self) -> Result<Option<AppPath>, EnvelopeFault> {
        Ok(self.text(Key::App)?.map(AppPath::from))
    }

    fn required_app(&self) -> Result<AppPath, EnvelopeFault> {
        self.app()?.ok_or_else(|| Key::App.missing())
    }

    fn count(&self, key: Key) -> Result<Option<u32>, EnvelopeFault> {
        let Some(raw) = self.raw(key) else {
            return Ok(None);
        };
        let number = std::str::from_utf8(raw)
            .ok()
            .and_then(|text| text.parse().ok());
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(key.wrong_type("a whole number from 0 to 4294967295")),
        }
    }
}

#[cfg(test)]
#[path = "tests/control.rs"]
mod tests;
