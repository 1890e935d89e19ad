//! What a run has found, and all that is made of it: ratios, goals, the table, the plot, JSON.
//!
//! Pure: numbers in, text out. Nothing here measures, starts a process or knows where a file lies.

pub(crate) mod cases;
pub(crate) mod document;
pub(crate) mod goal_list;
pub(crate) mod goals;
pub(crate) mod names;
pub(crate) mod plot;
pub(crate) mod results;
pub(crate) mod statistics;
pub(crate) mod table;
