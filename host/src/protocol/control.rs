//! Messages that steer the host rather than call an app: reload, restart, scale, and the peer's
//! `manage`. What comes of them is for the arbiter to decide, and told as
//! [`Outcomes`](super::Outcomes).

use super::fields::{EnvelopeFault, shortened};
use super::id::AppPath;
use super::members::{Member, Members, Name};

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
        /// How many, at least one.
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
pub(super) fn read_control(members: &Members<'_>) -> Result<Command, EnvelopeFault> {
    match &*members.text(Name::Op)?.ok_or_else(|| Name::Op.missing())? {
        "reload" => Ok(Command::Reload { app: app(members)? }),
        "restart" => Ok(Command::Restart {
            app: required_app(members)?,
        }),
        "scale" => Ok(Command::Scale {
            app: required_app(members)?,
            workers: members
                .count(Name::Workers)?
                .ok_or_else(|| Name::Workers.missing())?,
        }),
        unknown => Err(EnvelopeFault::UnknownOperation {
            name: shortened(unknown),
        }),
    }
}

/// Reads the command of a `manage` message.
pub(super) fn read_manage(members: &Members<'_>) -> Result<Command, EnvelopeFault> {
    let operation = match members.member(Name::Op) {
        Some(Member::Integer(1)) => Operation::Add,
        Some(Member::Integer(2)) => Operation::Remove,
        Some(_) => return Err(Name::Op.wrong_type("1 (add workers) or 2 (remove workers)")),
        None => return Err(Name::Op.missing()),
    };
    Ok(Command::Manage {
        operation,
        // As with the peer, there is no asking for nothing.
        count: members.count(Name::Count)?.unwrap_or(1).max(1),
        app: app(members)?,
    })
}

fn app(members: &Members<'_>) -> Result<Option<AppPath>, EnvelopeFault> {
    Ok(members.text(Name::App)?.map(AppPath::from))
}

fn required_app(members: &Members<'_>) -> Result<AppPath, EnvelopeFault> {
    app(members)?.ok_or_else(|| Name::App.missing())
}

#[cfg(test)]
#[path = "tests/control.rs"]
mod tests;
