//! How calls reach actions: the binding of arguments, dispatch, streams, and what errors say.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use dirty_guest::testing::TestApp;
use dirty_guest::{Actions, App, Args, Bytes, Emitter, Error, NoConfig, RawValue, Result, log};
use serde::Deserialize;

use common::MISFITS;

struct Probe {
    calls: u32,
}

#[derive(Deserialize)]
struct Pair {
    first: u64,
    #[serde(rename = "last")]
    second: Option<String>,
    #[serde(default)]
    raw: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Named {
    n: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

impl App for Probe {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self { calls: 0 })
    }

    fn actions(actions: &mut Actions<Self>) {
        actions
            .on("pair", |_: &Self, p: Pair| {
                Ok((p.first, p.second, p.raw.map(|raw| raw.get().to_owned())))
            })
            .on("tuple", |_: &Self, (n, text): (u128, String)| Ok((n, text)))
            .on("list", |_: &Self, numbers: Vec<f64>| Ok(numbers))
            .on("single", |_: &Self, n: i8| Ok(n))
            .on("optional", |_: &Self, n: Option<i8>| Ok(n))
            .on("named", |_: &Self, p: Named| Ok((p.n, p.rest)))
            .on("raw", |_: &Self, args: Args| {
                Ok((args.positional, args.keyword))
            })
            .on("reverse", |_: &Self, mut data: Bytes| {
                data.reverse();
                Ok(data)
            })
            .on("join", |_: &Self, parts: Vec<Bytes>| {
                let joined: usize = parts.iter().map(|part| part.len()).sum();
                Ok(BTreeMap::from([("joined", joined)]))
            })
            .on("calls", Self::calls)
            .on("unserialisable", |_: &Self| Ok(BTreeMap::from([([1], 2)])))
            .on("progress", Self::progress)
            .on("time_left", |_: &Self| Ok(dirty_guest::time_left()))
            .on("cancelled", |_: &Self| Ok(dirty_guest::cancelled()))
            .stream("endless", Self::endless)
            .stream("bytes", |_: &Self, data: Bytes, out: &mut Emitter| {
                (data.iter()).try_for_each(|byte| out.emit(&[Bytes::from(&[*byte])]))
            })
            .stream("fails", |_: &Self, out: &mut Emitter| {
                out.emit("chunk")?;
                Err(Error::new("ValueError", "after a chunk"))
            });
    }

    fn on_fork(&mut self) {
        log::info("forked");
    }

    fn close(&mut self) {
        self.calls = 0;
    }
}

impl Probe {
    fn calls(&mut self) -> Result<u32> {
        self.calls += 1;
        Ok(self.calls)
    }

    fn progress(&self) -> Result<&'static str> {
        dirty_guest::emit(&0.5)?;
        Ok("done")
    }

    fn endless(&mut self, out: &mut Emitter) -> Result<()> {
        (0..).try_for_each(|i: u64| out.emit(&i))
    }
}

fn probe() -> TestApp<Probe> {
    TestApp::start("{}").unwrap()
}

#[test]
fn arguments_are_bound_as_python_binds_them() {
    let cases = [
        ("pair", r#"[1, "b", [1.0]]"#, "{}", r#"[1,"b","[1.0]"]"#),
        ("pair", "[1]", r#"{"last": "b"}"#, r#"[1,"b",null]"#),
        (
            "pair",
            "[]",
            r#"{"raw": 12345678901234567890123, "first": 1}"#,
            r#"[1,null,"12345678901234567890123"]"#,
        ),
        (
            "tuple",
            r#"[340282366920938463463374607431768211455, "\u00e9"]"#,
            "{}",
            r#"[340282366920938463463374607431768211455,"é"]"#,
        ),
        ("list", "[0.1, 2, 1e300]", "{}", "[0.1,2.0,1e+300]"),
        ("list", "[]", "{}", "[]"),
        ("single", "[-5]", "{}", "-5"),
        ("optional", "[]", "{}", "null"),
        ("optional", "[7]", "{}", "7"),
        ("named", "[]", r#"{"n": 1, "x": 2}"#, r#"[1,{"x":2}]"#),
        (
            "raw",
            "[1.10, {}]",
            r#"{"k": -0}"#,
            r#"[[1.10,{}],{"k":-0}]"#,
        ),
        ("calls", "[]", "{}", "1"),
    ];
    for (action, args, kwargs, expected) in cases {
        let reply = probe().call(action, args, kwargs);
        assert_eq!(
            reply.unwrap().result.as_deref(),
            Some(expected),
            "{action} {args} {kwargs}"
        );
    }
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let cases = [
        (
            "pair",
            "[1, 2]",
            "{}",
            "pair(): argument 'last': invalid type: integer `2`, expected a string",
        ),
        (
            "tuple",
            "[1]",
            "{}",
            "tuple() takes exactly 2 positional arguments, but 1 given",
        ),
        (
            "tuple",
            "[1]",
            r#"{"n": 1}"#,
            "tuple() got an unexpected argument 'n'; it takes no named ones",
        ),
        (
            "list",
            r#"[1, "x"]"#,
            "{}",
            "list(): argument 2: invalid type: string \"x\", expected f64",
        ),
        (
            "single",
            "[500]",
            "{}",
            "single(): argument 1: invalid value: integer `500`, expected i8",
        ),
        (
            "named",
            "[1]",
            "{}",
            "named() takes no positional arguments, but 1 given",
        ),
        (
            "unserialisable",
            "[]",
            "{}",
            "the value cannot be sent: key must be a string",
        ),
    ];
    for (action, args, kwargs, expected) in cases.into_iter().chain(MISFITS) {
        let error = probe().call(action, args, kwargs).unwrap_err();
        assert_eq!((error.kind(), error.message()), ("TypeError", expected));
    }
}

#[test]
fn an_unknown_action_is_told_the_nearest_first() {
    let error = probe().call("cals", "[]", "{}").unwrap_err();
    assert_eq!(error.kind(), "AttributeError");
    assert!(
        error
            .message()
            .starts_with(r#"no action "cals"; there are: calls, "#),
        "{error}"
    );
}

#[test]
fn a_stream_ends_when_its_client_is_gone() {
    let mut app = probe();
    app.reads(Some(2));
    let reply = app.call("endless", "[]", "{}").unwrap();
    assert_eq!(
        (reply.result, reply.chunks),
        (None, vec!["0".to_owned(), "1".to_owned()])
    );
}

#[test]
fn a_result_follows_chunks_and_an_error_does() {
    let reply = probe().call("progress", "[]", "{}").unwrap();
    assert_eq!(
        (reply.result.as_deref(), &*reply.chunks),
        (Some(r#""done""#), &["0.5".to_owned()][..])
    );
    assert_eq!(
        probe().call("fails", "[]", "{}").unwrap_err().kind(),
        "ValueError"
    );
}

#[test]
fn nobody_reads_outside_of_a_call() {
    let _app = probe();
    assert!(dirty_guest::emit("x").unwrap_err().is_gone());
}

#[test]
fn the_host_is_what_the_test_says() {
    let mut app = probe();
    let ask =
        |app: &mut TestApp<Probe>, action| app.call(action, "[]", "{}").unwrap().result.unwrap();
    assert_eq!(ask(&mut app, "time_left"), "null");
    app.set_time_left(Some(Duration::from_secs(3)));
    app.set_cancelled(true);
    assert_eq!(ask(&mut app, "time_left"), r#"{"secs":3,"nanos":0}"#);
    assert_eq!(ask(&mut app, "cancelled"), "true");
    assert_eq!(app.take_logs(), [(log::Level::Info, "forked".to_owned())]);
    app.close();
}

#[test]
fn surplus_configuration_is_refused() {
    let error = TestApp::<Probe>::start(r#"{"model": 1}"#).unwrap_err();
    assert_eq!(error.kind(), "ConfigError");
    assert!(error.message().contains("`model`"), "{error}");
}

struct Clash;

impl App for Clash {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions.on("close", |_: &Self| Ok(()));
    }
}

#[test]
#[should_panic(expected = "the host refuses calls of that name")]
fn lifecycle_names_are_no_actions() {
    let _ = TestApp::<Clash>::start("{}");
}

#[test]
fn bytes_are_read_and_written_as_they_are() {
    let mut app = probe();
    let json = app.give([1, 2, 3]);
    let reply = app.call("reverse", &format!("[{json}]"), "{}").unwrap();
    assert_eq!(reply.result.as_deref(), Some(r#"{"$blob":1}"#));
    assert_eq!(reply.blobs, [[1, 2, 3], [3, 2, 1]]);

    let parts = [app.give(*b"ab"), app.give(vec![]), app.give(*b"c")].join(",");
    let reply = app.call("join", &format!("[{parts}]"), "{}").unwrap();
    assert_eq!(reply.result.as_deref(), Some(r#"{"joined":3}"#));

    let json = app.give(*b"xy");
    let reply = app.call("bytes", &format!("[{json}]"), "{}").unwrap();
    assert_eq!(reply.chunks, [r#"[{"$blob":1}]"#, r#"[{"$blob":2}]"#]);
    assert_eq!(reply.blobs, [&b"xy"[..], b"x", b"y"]);
}

#[test]
fn what_is_no_bytes_is_told() {
    let mut app = probe();
    let mut refused = |argument: &str| {
        let error = app
            .call("reverse", &format!("[{argument}]"), "{}")
            .unwrap_err();
        assert_eq!(error.kind(), "TypeError");
        error.message().to_owned()
    };
    for argument in [
        r#""AA==""#,
        "[1]",
        "{}",
        r#"{"$blob":0,"a":1}"#,
        r#"{"$$blob":0}"#,
    ] {
        let message = refused(argument);
        assert!(message.contains("expected bytes"), "{argument}: {message}");
    }
    let message = refused(r#"{"$blob":0}"#);
    assert!(
        message.contains("names no binary of this call"),
        "{message}"
    );
    // What an earlier call had is gone.
    let json = app.give(*b"a");
    app.call("reverse", &format!("[{json}]"), "{}").unwrap();
    app.call("reverse", r#"[{"$blob":1}]"#, "{}").unwrap_err();
}
