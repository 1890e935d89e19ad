//! `dirty inspect`.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::build::{cache_dir, size_and_bytes};
use super::failure::Failure;
use super::output;
use crate::develop::{Action, Inspection, Parameter, inspect};

const EXAMPLES: &str = "\
Examples:
  dirty inspect thumbnails.wasm
  dirty inspect thumbnails.wasm --json | jq '.description.actions[].name'

Checks a component as a host does, which it also saves the compiling, and shows which actions the app
describes, with their parameters. Nothing is called but `describe`. The exit code is 1 if the component
cannot be an app.";

/// The arguments of `dirty inspect`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InspectArgs {
    /// The component's file
    #[arg(value_name = "APP.wasm")]
    component: PathBuf,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

impl InspectArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let inspection = inspect(&self.component, &cache_dir(None)?)?;
        if self.json {
            let json = serde_json::to_string(&inspection).map_err(Failure::InspectionShape)?;
            return output::json_line(&json);
        }
        let bytes = std::fs::metadata(&self.component).map_or(0, |found| found.len());
        let name = self.component.display();
        let title = format!(
            "{name}: an app of {}, {}",
            inspection.contract,
            size_and_bytes(bytes)
        );
        output::line(&output::on_one_line(&title))?;
        output::line(&output::printable(&text(&inspection)))
    }
}

fn text(inspection: &Inspection) -> String {
    let mut lines = vec![
        format!("imports: {}", listed(&inspection.imports)),
        format!("exports: {}", listed(&inspection.exports)),
    ];
    let Some(description) = &inspection.description else {
        lines.push("It does not describe its actions.".to_owned());
        return lines.join("\n");
    };
    if let Some(workers) = description.workers {
        lines.push(format!("workers: {workers}"));
    }
    if !description.stashes.is_empty() {
        lines.push(format!("stash tables: {}", description.stashes.join(", ")));
    }
    lines.push(match description.actions.is_empty() {
        true => "actions: none described".to_owned(),
        false => "actions:".to_owned(),
    });
    for action in &description.actions {
        lines.push(format!("  {}", signature(action)));
        lines.extend(action.doc.lines().map(|line| format!("      {line}")));
    }
    lines.join("\n")
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}

fn signature(action: &Action) -> String {
    let params = match &action.params {
        None => "…".to_owned(),
        Some(params) => params.iter().map(parameter).collect::<Vec<_>>().join(", "),
    };
    let streams = if action.streams { " -> a stream" } else { "" };
    format!("{}({params}){streams}", action.name)
}

fn parameter(parameter: &Parameter) -> String {
    let kind = match parameter.schema.get("type") {
        Some(Value::String(kind)) => format!(": {kind}"),
        _ => String::new(),
    };
    let default = match parameter.schema.get("default") {
        Some(default) => format!(" = {default}"),
        None if parameter.required => String::new(),
        None => " = …".to_owned(),
    };
    format!("{}{kind}{default}", parameter.name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::develop::inspection::Description;

    #[test]
    fn what_an_app_says_of_itself_is_shown() {
        let described: Description = serde_json::from_str(
            r#"{"workers": 2, "stashes": ["a", "b"], "actions": [
                {"name": "greet", "doc": "Greets.\nTwice.", "streams": false, "params": [
                    {"name": "name", "schema": {"type": "string"}, "required": true},
                    {"name": "times", "schema": {"type": "integer", "default": 1}, "required": false},
                    {"name": "loud", "schema": {}, "required": false}]},
                {"name": "any", "streams": true}]}"#,
        )
        .unwrap();
        let inspection = Inspection {
            contract: "dirty:app@0.1.0",
            imports: Vec::new(),
            exports: vec!["x".to_owned(), "y".to_owned()],
            description: Some(described),
        };
        assert_eq!(
            text(&inspection),
            "imports: nothing\n\
             exports: x, y\n\
             workers: 2\n\
             stash tables: a, b\n\
             actions:\n  \
               greet(name: string, times: integer = 1, loud = …)\n      \
                   Greets.\n      \
                   Twice.\n  \
               any(…) -> a stream"
        );
    }
}
