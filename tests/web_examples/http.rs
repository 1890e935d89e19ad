//! The browser's side: requests, and a reader of server-sent events.

use std::io::{BufRead, BufReader};

use serde_json::Value;
use ureq::{Agent, Body, BodyReader, http::Response};

use crate::harness::PATIENCE;

/// Where requests go. Each has a connection of its own.
pub(crate) struct Browser {
    agent: Agent,
    origin: String,
}

/// A response that has arrived as a whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    retry_after: Option<String>,
    cache: Option<String>,
}

impl Browser {
    /// `origin` is what URLs begin with: `http://HOST:PORT`.
    pub(crate) fn new(origin: String) -> Browser {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(2 * PATIENCE))
            .max_idle_connections(0)
            .build();
        Browser {
            agent: config.into(),
            origin,
        }
    }

    #[track_caller]
    fn ask(&self, path: &str) -> Response<Body> {
        let asked = self.agent.get(format!("{}{path}", self.origin)).call();
        asked.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Reply {
        Reply::whole(self.ask(path))
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Reply {
        let request = self.agent.post(format!("{}{path}", self.origin));
        let asked = request.send(body);
        Reply::whole(asked.unwrap_or_else(|error| panic!("POST {path}: {error}")))
    }

    /// Begins to read events; to drop them is to leave.
    #[track_caller]
    pub(crate) fn events(&self, path: &str) -> Events {
        let response = self.ask(path);
        assert_eq!(response.status(), 200);
        let media_type = header(&response, "content-type").unwrap();
        assert!(media_type.starts_with("text/event-stream"), "{media_type}");
        assert_eq!(header(&response, "cache-control").unwrap(), "no-store");
        Events(BufReader::new(response.into_body().into_reader()))
    }
}

fn header(response: &Response<Body>, name: &str) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(value.to_str().unwrap().to_owned())
}

impl Reply {
    fn whole(mut response: Response<Body>) -> Reply {
        let body = response.body_mut().with_config().limit(1 << 30);
        Reply {
            body: body.read_to_vec().unwrap(),
            status: response.status().as_u16(),
            retry_after: header(&response, "retry-after"),
            cache: header(&response, "x-cache"),
        }
    }

    /// The body, if all went well.
    #[track_caller]
    pub(crate) fn bytes(self) -> Vec<u8> {
        assert_eq!(self.status, 200, "{}", self.text());
        self.body
    }

    /// The body as JSON, if all went well.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_slice(&self.bytes()).unwrap()
    }

    /// What is said to be wrong, if it is this and the status is that.
    #[track_caller]
    pub(crate) fn failure(&self, status: u16, error: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(body["error"], error, "{body}");
        body["message"].as_str().unwrap().to_owned()
    }

    /// The seconds after which to try again.
    #[track_caller]
    pub(crate) fn retry_after(&self) -> u64 {
        self.retry_after.as_deref().unwrap().parse().unwrap()
    }

    /// Whether the result came out of the cache: `hit` or `miss`.
    pub(crate) fn cache(&self) -> &str {
        self.cache.as_deref().unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One server-sent event.
#[derive(Debug, PartialEq)]
pub(crate) struct Event {
    /// `message` unless the server says otherwise.
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// Events as they come.
pub(crate) struct Events(BufReader<BodyReader<'static>>);

impl Events {
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.0.read_line(&mut line).unwrap();
        (length > 0).then(|| line.trim_end().to_owned())
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let mut event = Event {
            name: "message".to_owned(),
            data: Value::Null,
        };
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                _ => {
                    assert_eq!(line, "", "no line of an event");
                    return Some(event);
                }
            }
        }
    }
}
