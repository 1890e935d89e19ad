//! Checks a value of an app's that is to be kept, so that whoever reads it later has no trouble with it.

use super::client_values::named_blob;
use super::dollars::{Changes, Piece, Turn, may_have_dollar_keys};
use super::escape::{Escape, float_of};
use super::fields::{decode_text, shortened};
use super::json::check_value;
use super::value::{Blobs, ReplyFault};

/// Checks that `json` is one JSON value that is not too deep, and that its binaries and its numbers
/// that are not finite exist.
///
/// # Errors
/// Says what does not.
pub fn check_app_value(json: &str, blobs: &dyn Blobs) -> Result<(), ReplyFault> {
    check_value(json)?;
    if !may_have_dollar_keys(json) {
        return Ok(());
    }
    for_each(json, Escape::Blob, |index| {
        named_blob(index, blobs).map(drop)
    })?;
    for_each(json, Escape::Float, |quoted| {
        let name = decode_text(quoted.as_bytes());
        match name.and_then(|name| float_of(name.as_bytes())) {
            Some(_) => Ok(()),
            None => Err(ReplyFault::NoSuchFloat {
                name: shortened(quoted),
            }),
        }
    })
}

/// Shows what stands behind the key of each object that is such an escape.
fn for_each(
    json: &str,
    escape: Escape,
    mut check: impl FnMut(&str) -> Result<(), ReplyFault>,
) -> Result<(), ReplyFault> {
    let is_it = |key: &str| (Escape::of(key) == Some(escape)).then_some(Turn::Replace);
    let found = Changes::find(json, is_it)?;
    found.try_for_each(|piece| match piece {
        Piece::Text(_) => Ok(()),
        Piece::Object(object) => check(found.only_value(object)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_value_names_must_exist() {
        let blobs = vec![b"x"];
        for sound in [
            "[1]",
            r#"[{"$blob":0},{"$blob":0}]"#,
            r#"{"$blob":7,"a":1}"#,
            r#"{"$$blob":7}"#,
            r#"[{"$float":"nan"},{"$float":"-inf"},{"$float":"\u0069nf"}]"#,
            r#"{"$float":1,"a":1}"#,
        ] {
            assert_eq!(check_app_value(sound, &blobs), Ok(()), "{sound}");
        }
        for json in [
            r#"{"$blob":7}"#,
            r#"[{"a":{"\u0024blob":1}}]"#,
            r#"{"$blob":{"$blob":0}}"#,
            r#"{"$blob":"0"}"#,
        ] {
            let refused = check_app_value(json, &blobs);
            let is_told = matches!(refused, Err(ReplyFault::NoSuchBlob { .. }));
            assert!(is_told, "{json}: {refused:?}");
        }
        for json in [
            r#"{"$float":5}"#,
            r#"[{"$float":"nan "}]"#,
            r#"{"$float":[]}"#,
        ] {
            let refused = check_app_value(json, &blobs);
            let is_told = matches!(refused, Err(ReplyFault::NoSuchFloat { .. }));
            assert!(is_told, "{json}: {refused:?}");
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        for json in ["", "{", "nan", &deep] {
            let refused = check_app_value(json, &blobs);
            assert!(matches!(refused, Err(ReplyFault::Json(_))), "{json}");
        }
    }
}
