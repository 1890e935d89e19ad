//! What an app says of itself to tools and to the host: the contract's `described`. The JSON's shape
//! is that of `wit/app.wit`.

use serde_json::{Map, Value, json};

use crate::{Actions, App};

/// What is known of an action.
#[derive(Debug)]
pub struct About {
    /// Its doc comment; empty if it has none.
    pub doc: &'static str,
    /// Its parameters; none if it does not say what it takes.
    pub params: Option<Vec<Parameter>>,
    /// Its reply is a stream.
    pub streams: bool,
}

/// What is known of a parameter.
#[derive(Debug)]
pub struct Parameter {
    /// What callers name it.
    pub name: &'static str,
    /// Its doc comment; empty if it has none.
    pub doc: &'static str,
    /// The JSON Schema of its type.
    pub schema: Value,
    /// It cannot be left out.
    pub required: bool,
    /// What stands in for it where it is left out, if that is known.
    pub default: Option<Value>,
}

impl About {
    /// An action of which nothing is known but whether it streams.
    pub(crate) fn opaque(streams: bool) -> Self {
        Self {
            doc: "",
            params: None,
            streams,
        }
    }

    fn describe(self, name: &str) -> Value {
        let mut action = Map::new();
        action.insert("name".into(), name.into());
        if !self.doc.is_empty() {
            action.insert("doc".into(), self.doc.into());
        }
        if let Some(params) = self.params {
            let params = params.into_iter().map(Parameter::describe);
            action.insert("params".into(), params.collect());
        }
        action.insert("streams".into(), self.streams.into());
        action.into()
    }
}

impl Parameter {
    fn describe(mut self) -> Value {
        if let Value::Object(schema) = &mut self.schema {
            if !self.doc.is_empty() {
                schema.insert("description".into(), self.doc.into());
            }
            if let Some(default) = self.default {
                schema.insert("default".into(), default);
            }
        }
        json!({"name": self.name, "schema": self.schema, "required": self.required})
    }
}

/// An app's description, a JSON object.
pub(crate) fn describe<A: App>() -> String {
    let mut actions = Actions::new();
    A::actions(&mut actions);
    let mut app = Map::new();
    if let Some(workers) = A::WORKERS {
        app.insert("workers".into(), workers.into());
    }
    if !A::STASHES.is_empty() {
        app.insert("stashes".into(), json!(A::STASHES));
    }
    let actions = actions.entries().map(|(name, about)| about.describe(name));
    app.insert("actions".into(), actions.collect());
    Value::Object(app).to_string()
}
