#![allow(clippy::unwrap_used)]

use std::borrow::Cow;

use super::*;

fn reply(answer: StashAnswer<'_>, frame_bytes_max: usize) -> Result<String, WireError> {
    let question = Question {
        dialect: Dialect::Json,
        id: RawId::null(),
    };
    let reply = encode(Ok(answer), &question, frame_bytes_max)?;
    Ok(String::from_utf8(reply[4..].to_vec()).unwrap())
}

#[test]
fn every_answer_has_the_shape_that_clients_know() {
    let value = StashValue::from_json("[1.0]");
    for (answer, result) in [
        (StashAnswer::Done, "true"),
        (StashAnswer::Truth(false), "false"),
        (StashAnswer::Value(Cow::Borrowed(&value)), "[1.0]"),
        (StashAnswer::Sum(i64::MIN), "-9223372036854775808"),
        (StashAnswer::Names(vec!["größe".into()]), "[\"größe\"]"),
        (
            StashAnswer::Info {
                table: "t".into(),
                size: 2,
            },
            r#"{"size":2,"table":"t"}"#,
        ),
    ] {
        let expected = format!(r#"{{"type":"response","id":null,"result":{result}}}"#);
        assert_eq!(reply(answer, 1000), Ok(expected));
    }
}

#[test]
fn what_does_not_fit_into_a_frame_is_an_error() {
    let value = StashValue::from_json("1".repeat(100));
    let answer = || StashAnswer::Value(Cow::Borrowed(&value));
    let error = reply(answer(), 100).unwrap_err();
    assert!(error.message.contains("max: 100"), "{error}");
    assert!(reply(answer(), 1000).unwrap().ends_with("1}"));
}

#[test]
fn what_does_not_fit_into_a_message_to_an_app_is_an_error() {
    let value = StashValue::from_json("1".repeat(100));
    let answer = || Ok(StashAnswer::Value(Cow::Borrowed(&value)));
    let fits = encode_for_child(answer(), 1000);
    assert_eq!(fits.body, hop::stash_answer(&answer()).body);
    let bytes = fits.body.len();
    let error = Err(StashError::TooLarge { bytes, max: 100 });
    let too_large = encode_for_child(answer(), 100);
    assert_eq!(too_large.body, hop::stash_answer(&error).body);
}
