//! Values of calls, and how either dialect writes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Dict(Vec<(&'static str, Value)>),
}

impl Value {
    /// Appends it as JSON, without spaces.
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(truth) => out.extend_from_slice(truth.to_string().as_bytes()),
            Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Float(number) => out.extend_from_slice(json!(number).to_string().as_bytes()),
            Value::Text(text) => out.extend_from_slice(json!(text).to_string().as_bytes()),
            Value::Bytes(bytes) => {
                let object = json!({"$bytes": STANDARD.encode(bytes)});
                out.extend_from_slice(object.to_string().as_bytes());
            }
            Value::List(items) => {
                out.push(b'[');
                separated(out, items, |item, out| item.write_json(out));
                out.push(b']');
            }
            Value::Dict(pairs) => {
                out.push(b'{');
                separated(out, pairs, |(key, value), out| {
                    out.extend_from_slice(format!("\"{key}\":").as_bytes());
                    value.write_json(out);
                });
                out.push(b'}');
            }
        }
    }

    /// Appends it in the binary dialect.
    pub(super) fn write_binary(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.push(0x00),
            Value::Bool(truth) => out.extend_from_slice(&[0x01, u8::from(*truth)]),
            Value::Int(number) => {
                out.push(0x05);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Value::Float(number) => {
                out.push(0x06);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Value::Text(text) => run(out, 0x11, text.as_bytes()),
            Value::Bytes(bytes) => run(out, 0x10, bytes),
            Value::List(items) => {
                begin(out, 0x20, items.len());
                items.iter().for_each(|item| item.write_binary(out));
            }
            Value::Dict(pairs) => {
                begin(out, 0x21, pairs.len());
                for (key, value) in pairs {
                    run(out, 0x11, key.as_bytes());
                    value.write_binary(out);
                }
            }
        }
    }
}

fn separated<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&T, &mut Vec<u8>)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(item, out);
    }
}

fn run(out: &mut Vec<u8>, code: u8, bytes: &[u8]) {
    begin(out, code, bytes.len());
    out.extend_from_slice(bytes);
}

fn begin(out: &mut Vec<u8>, code: u8, count: usize) {
    out.push(code);
    let count = u32::try_from(count).expect("a value of ours is below 4 GiB");
    out.extend_from_slice(&count.to_be_bytes());
}
