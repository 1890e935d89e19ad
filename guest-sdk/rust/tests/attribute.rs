//! What `#[dirty_guest::app]` makes of an `impl` block: one test per rule of its documentation. What
//! it refuses is in `mistakes`.
#![allow(clippy::unwrap_used)]

mod common;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::num::ParseIntError;
use std::path::Path;

use dirty_guest::testing::{Reply, TestApp};
use dirty_guest::{Args, Emitter, Error, RawValue, Result, log};
use serde::{Deserialize, Serialize};

use common::MISFITS;

#[derive(Deserialize)]
struct Config {
    start: u64,
}

struct Probe {
    calls: u64,
    words: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

/// An error of the app's own, which is no standard one.
struct OutOfRange(u64);

impl From<OutOfRange> for Error {
    #[track_caller]
    fn from(error: OutOfRange) -> Self {
        Error::new("OutOfRange", format!("{} is too much", error.0))
    }
}

type Name = Option<String>;

const MANY: u32 = 5_000_000;

#[dirty_guest::app(workers = 3, stashes("sessions", "carts"))]
impl Probe {
    /// Constants and other items may stand in the block.
    const GREETING: &str = "hello";

    fn init(Config { start }: Config) -> Result<Self> {
        if start > 99 {
            return Err(Error::new("ValueError", "too high a start"));
        }
        Ok(Self {
            calls: start,
            words: ["one", "two", "three"].map(str::to_owned).into(),
        })
    }

    pub fn on_fork(&mut self) {
        self.calls += 1;
        log::info("forked");
    }

    fn close(&mut self) {
        log::info("closed");
        self.calls = 0;
    }

    /// Returns what it was given.
    ///
    /// Over several lines.
    pub fn pair(
        &self,
        /// The first one.
        first: u64,
        last: Name,
        #[default] raw: Option<Box<RawValue>>,
    ) -> (u64, Name, Option<String>) {
        (first, last, raw.map(|raw| raw.get().to_owned()))
    }

    pub fn defaults(
        &self,
        #[default(-1)] int: i64,
        #[default(1.5)] float: f64,
        #[default("x")] text: String,
        #[default(MANY)] constant: u32,
        #[default(Self::GREETING.len())] computed: usize,
        #[default(true)] flag: bool,
    ) -> impl Serialize {
        (int, float, text, constant, computed, flag)
    }

    pub fn references(
        &self,
        text: &str,
        numbers: &[i32],
        #[default("a/b")] path: &Path,
        #[default(Point { x: 1, y: 2 })] point: &Point,
    ) -> (String, i32, usize, i32) {
        let sum = numbers.iter().sum();
        (
            text.to_uppercase(),
            sum,
            path.components().count(),
            point.x + point.y,
        )
    }

    pub fn keywords(&self, r#type: Cow<'static, str>, mut n: u8) -> String {
        n += 1;
        format!("{type} {n}", type = r#type)
    }

    /// Its parameters have the names that the generated code might use.
    pub fn names(&self, app: u8, arguments: u8, bound: u8, actions: u8) -> Vec<u8> {
        vec![app, arguments, bound, actions]
    }

    /// It has the name of a function of the trait under the attribute.
    pub fn actions(&self) -> u8 {
        1
    }

    pub fn r#match(&self) -> &'static str {
        "raw"
    }

    pub fn all(&self, args: Args) -> (usize, BTreeMap<String, Box<RawValue>>) {
        (args.positional.len(), args.keyword)
    }

    pub fn calls(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }

    pub fn nothing(&mut self) {
        self.calls = 0;
    }

    pub fn nothing_fallible(&self, fails: bool) -> Result<()> {
        if fails {
            Err(Error::new("ValueError", "as asked"))
        } else {
            Ok(())
        }
    }

    pub fn parse(&self, text: &str) -> std::result::Result<u8, ParseIntError> {
        text.parse()
    }

    pub fn bounded(&self, n: u64) -> std::result::Result<u64, OutOfRange> {
        if n > 9 { Err(OutOfRange(n)) } else { Ok(n) }
    }

    pub fn diverges(&self) -> ! {
        panic!("never returns")
    }

    pub fn unserialisable(&self) -> BTreeMap<[u8; 1], u8> {
        BTreeMap::from([([1], 2)])
    }

    pub fn count(&self, n: u64) -> impl Iterator<Item = u64> + use<> {
        0..n
    }

    /// Streams more than anybody reads.
    pub fn long(&mut self) -> impl Iterator<Item = u64> {
        (0..1000).inspect(|_| self.calls += 1)
    }

    pub fn matching<'a>(&'a self, letter: &'a str) -> impl Iterator<Item = &'a String> + 'a {
        self.words.iter().filter(move |word| word.contains(letter))
    }

    pub fn checked(&self, n: i64) -> Result<impl DoubleEndedIterator<Item = i64> + use<'_>> {
        let n = u32::try_from(n)?;
        Ok((0..i64::from(n)).rev())
    }

    pub fn numbers(&self, texts: Vec<String>) -> impl Iterator<Item = Result<u8>> {
        texts.into_iter().map(|text| Ok(text.parse()?))
    }

    pub fn boxed(&self) -> Box<dyn Iterator<Item = std::result::Result<&str, Infallible>> + '_> {
        Box::new(self.words.iter().map(|word| Ok(&**word)))
    }

    pub fn spell(&self, word: &str, out: &mut Emitter) -> Result<()> {
        word.chars().try_for_each(|letter| out.emit(&letter))
    }

    pub fn emits(&self, out: &mut Emitter) {
        // Whether anybody reads is all the same to it.
        let _ = out.emit("chunk");
    }

    pub fn concludes(&self, args: Args, out: &mut Emitter) -> Result<usize> {
        (args.positional.iter()).try_for_each(|value| out.emit(value))?;
        Ok(args.positional.len())
    }

    #[cfg(any())]
    pub fn absent(&self) -> NoSuchType {}

    fn private<T: Default>(_: impl Sized) -> T {
        T::default()
    }

    pub(crate) fn of_the_crate(self) -> u64 {
        Self::private::<u64>(self)
    }

    pub fn _underscored() -> u64 {
        1
    }
}

fn probe() -> TestApp<Probe> {
    TestApp::start(r#"{"start": 0}"#).unwrap()
}

fn reply(action: &str, args: &str, kwargs: &str) -> Reply {
    probe().call(action, args, kwargs).unwrap()
}

#[test]
fn parameters_are_filled_by_position_and_by_name() {
    let cases = [
        ("pair", r#"[1, "b", [1.0]]"#, "{}", r#"[1,"b","[1.0]"]"#),
        ("pair", "[1]", r#"{"last": "b"}"#, r#"[1,"b",null]"#),
        (
            "pair",
            "[]",
            r#"{"raw": 1.10, "first": 1}"#,
            r#"[1,null,"1.10"]"#,
        ),
        ("defaults", "[]", "{}", r#"[-1,1.5,"x",5000000,5,true]"#),
        (
            "defaults",
            r#"[2]"#,
            r#"{"flag": false}"#,
            r#"[2,1.5,"x",5000000,5,false]"#,
        ),
        ("references", r#"["a", [1, 2]]"#, "{}", r#"["A",3,2,3]"#),
        (
            "references",
            r#"["\u00e9", [], "/"]"#,
            r#"{"point": {"x": 0, "y": 0}}"#,
            r#"["É",0,1,0]"#,
        ),
        ("keywords", "[]", r#"{"type": "t", "n": 1}"#, r#""t 2""#),
        (
            "names",
            "[1]",
            r#"{"arguments": 2, "bound": 3, "actions": 4}"#,
            "[1,2,3,4]",
        ),
        ("all", "[1, 2]", r#"{"k": -0}"#, r#"[2,{"k":-0}]"#),
        ("match", "[]", "{}", r#""raw""#),
        ("actions", "[]", "{}", "1"),
    ];
    for (action, args, kwargs, expected) in cases {
        let result = reply(action, args, kwargs).result;
        assert_eq!(
            result.as_deref(),
            Some(expected),
            "{action} {args} {kwargs}"
        );
    }
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let cases = [
        (
            "defaults",
            "[1]",
            r#"{"float": null}"#,
            "defaults(): argument 'float': invalid type: null, expected f64",
        ),
        (
            "calls",
            "[]",
            r#"{"n": 1}"#,
            "calls() got an unexpected argument 'n'; it takes no named ones",
        ),
    ];
    for (action, args, kwargs, expected) in cases.into_iter().chain(MISFITS) {
        let error = probe().call(action, args, kwargs).unwrap_err();
        assert_eq!((error.kind(), error.message()), ("TypeError", expected));
    }
}

#[test]
fn results_may_be_anything_that_json_expresses() {
    assert_eq!(reply("nothing", "[]", "{}").result.as_deref(), Some("null"));
    let nothing = reply("nothing_fallible", "[false]", "{}");
    assert_eq!(nothing.result.as_deref(), Some("null"));
    assert_eq!(
        reply("parse", r#"["7"]"#, "{}").result.as_deref(),
        Some("7")
    );
    assert_eq!(reply("bounded", "[7]", "{}").result.as_deref(), Some("7"));

    let error = probe().call("unserialisable", "[]", "{}").unwrap_err();
    assert_eq!(error.kind(), "TypeError");
    assert!(error.message().ends_with("key must be a string"), "{error}");
}

#[test]
fn errors_are_the_sdks_or_convert_to_it() {
    let cases = [
        ("nothing_fallible", "[true]", "ValueError: as asked"),
        (
            "parse",
            r#"["x"]"#,
            "ParseIntError: invalid digit found in string",
        ),
        ("bounded", "[10]", "OutOfRange: 10 is too much"),
        (
            "checked",
            "[-1]",
            "TryFromIntError: out of range integral type conversion attempted",
        ),
    ];
    for (action, args, expected) in cases {
        let error = probe().call(action, args, "{}").unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(
            error.traceback().contains("tests/attribute.rs:"),
            "{}",
            error.traceback()
        );
    }
}

#[test]
#[should_panic(expected = "never returns")]
fn what_never_returns_may_say_so() {
    let _ = probe().call("diverges", "[]", "{}");
}

#[test]
fn iterators_are_streams() {
    let cases: [(&str, &str, &[&str]); 6] = [
        ("count", "[3]", &["0", "1", "2"]),
        ("count", "[0]", &[]),
        ("matching", r#"["o"]"#, &[r#""one""#, r#""two""#]),
        ("checked", "[2]", &["1", "0"]),
        ("numbers", r#"[["1", "2"]]"#, &["1", "2"]),
        ("boxed", "[]", &[r#""one""#, r#""two""#, r#""three""#]),
    ];
    for (action, args, chunks) in cases {
        let reply = reply(action, args, "{}");
        assert_eq!((reply.result, &*reply.chunks), (None, &*strings(chunks)));
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_stream_stops_when_nobody_reads_on() {
    let mut app = probe();
    app.reads(Some(2));
    let reply = app.call("long", "[]", "{}").unwrap();
    assert_eq!((reply.result, reply.chunks.len()), (None, 2));
    // The fork counts, and what nobody read was asked for once.
    assert_eq!(app.app().calls, 1 + 3);
}

#[test]
fn an_item_that_is_an_error_ends_the_stream() {
    let mut app = probe();
    let error = app
        .call("numbers", r#"[["1", "x", "2"]]"#, "{}")
        .unwrap_err();
    assert_eq!(error.kind(), "ParseIntError");
}

#[test]
fn an_emitter_streams_and_a_result_may_follow() {
    let spelt = reply("spell", r#"["ab"]"#, "{}");
    assert_eq!(
        (spelt.result, spelt.chunks),
        (None, strings(&[r#""a""#, r#""b""#]))
    );
    let emitted = reply("emits", "[]", "{}");
    assert_eq!((emitted.result, emitted.chunks.len()), (None, 1));
    let concluded = reply("concludes", "[1, 2]", "{}");
    assert_eq!(
        (concluded.result, concluded.chunks),
        (None, strings(&["1", "2", "2"]))
    );
    let concluded = reply("concludes", "[]", "{}");
    assert_eq!(
        (concluded.result, concluded.chunks),
        (None, strings(&["0"])),
        "a stream also where it has emitted nothing"
    );
}

#[test]
fn the_lifecycle_is_the_hosts() {
    let mut app = TestApp::<Probe>::start(r#"{"start": 5}"#).unwrap();
    assert_eq!(app.call("calls", "[]", "{}").unwrap().result.unwrap(), "7");
    assert_eq!(app.take_logs(), [(log::Level::Info, "forked".to_owned())]);
    for name in ["init", "close", "on_fork"] {
        let error = app.call(name, "[]", "{}").unwrap_err();
        assert_eq!(error.kind(), "AttributeError");
    }
    app.close();

    let error = TestApp::<Probe>::start(r#"{"start": 100}"#).unwrap_err();
    assert_eq!(error.kind(), "ValueError");
    let error = TestApp::<Probe>::start("{}").unwrap_err();
    assert_eq!(error.kind(), "ConfigError");
}

#[test]
fn only_public_methods_are_actions() {
    for name in ["private", "of_the_crate", "_underscored", "absent"] {
        let error = probe().call(name, "[]", "{}").unwrap_err();
        assert_eq!(error.kind(), "AttributeError");
    }
    let Probe { calls, words } = Probe::init(Config { start: 1 }).unwrap();
    assert_eq!(
        Probe { calls, words }.of_the_crate(),
        Probe::_underscored() - 1
    );
}

#[test]
fn the_app_describes_itself() {
    let text = TestApp::<Probe>::description();
    let app: HashMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(app["workers"], 3);
    assert_eq!(app["stashes"], serde_json::json!(["sessions", "carts"]));

    let actions = app["actions"].as_array().unwrap();
    let action = |name: &str| actions.iter().find(|it| it["name"] == name).unwrap();
    assert_eq!(
        *action("pair"),
        serde_json::json!({
            "name": "pair",
            "doc": "Returns what it was given.\n\nOver several lines.",
            "params": [
                {
                    "name": "first",
                    "schema": {"type": "integer", "minimum": 0, "description": "The first one."},
                    "required": true,
                },
                {"name": "last", "schema": {"type": ["string", "null"]}, "required": false},
                {"name": "raw", "schema": {}, "required": false},
            ],
            "streams": false,
        })
    );
    let defaults = action("defaults")["params"].as_array().unwrap();
    let defaults: Vec<_> = defaults
        .iter()
        .map(|param| param["schema"].get("default").cloned().unwrap_or_default())
        .collect();
    assert_eq!(
        serde_json::Value::from(defaults),
        serde_json::json!([-1, 1.5, "x", null, null, true])
    );
    // A type without a schema is described as anything.
    assert_eq!(
        action("references")["params"][3],
        serde_json::json!({"name": "point", "schema": {}, "required": false})
    );
    assert_eq!(action("keywords")["params"][0]["name"], "type");
    assert_eq!(action("all").get("params"), None);
    assert_eq!(action("match")["params"], serde_json::json!([]));

    let streams = actions.iter().filter(|it| it["streams"] == true);
    let streams: Vec<_> = streams.map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(
        streams,
        [
            "count",
            "long",
            "matching",
            "checked",
            "numbers",
            "boxed",
            "spell",
            "emits",
            "concludes"
        ]
    );
}

mod bare {
    //! An app of which only what must be is there.

    pub(super) struct Bare;

    #[dirty_guest::app]
    impl Bare {
        fn init() -> Self {
            Bare
        }

        #[cfg(any())]
        fn close(&mut self) {
            unreachable!("it is not compiled");
        }
    }
}

#[test]
fn a_bare_app_is_an_app() {
    let mut app = TestApp::<bare::Bare>::start("{}").unwrap();
    assert_eq!(
        app.call("x", "[]", "{}").unwrap_err().kind(),
        "AttributeError"
    );
    assert_eq!(TestApp::<bare::Bare>::description(), r#"{"actions":[]}"#);
    // Without a parameter of `init` the configuration must be empty.
    let error = TestApp::<bare::Bare>::start(r#"{"a": 1}"#).unwrap_err();
    assert_eq!(error.kind(), "ConfigError");
    app.close();
}
