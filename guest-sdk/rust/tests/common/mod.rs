//! What both ways of making an app have to answer alike.

/// Calls of the actions `pair` and `calls` that do not fit them: action, arguments by position and by
/// name, and the message.
pub(crate) const MISFITS: [(&str, &str, &str, &str); 7] = [
    ("pair", "[]", "{}", "pair() is missing the argument 'first'"),
    (
        "pair",
        "[1, null, 2, 3]",
        "{}",
        "pair() takes at most 3 positional arguments (first, last, raw), but 4 given",
    ),
    (
        "pair",
        "[1]",
        r#"{"first": 2}"#,
        "pair() got several values for argument 'first'",
    ),
    (
        "pair",
        "[]",
        r#"{"first": 1, "first": 2}"#,
        "pair() got several values for argument 'first'",
    ),
    (
        "pair",
        "[1]",
        r#"{"lost": 2}"#,
        "pair() got an unexpected argument 'lost'; it takes: last, first, raw",
    ),
    (
        "pair",
        r#"["x"]"#,
        "{}",
        "pair(): argument 'first': invalid type: string \"x\", expected u64",
    ),
    (
        "calls",
        "[1]",
        "{}",
        "calls() takes no arguments, but 1 given",
    ),
];
