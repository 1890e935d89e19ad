//! The actions, tested natively.
#![allow(clippy::unwrap_used)]

use dirty_guest::testing::TestApp;

use super::*;

fn text() -> TestApp<Text> {
    TestApp::start(r#"{"sentences": 200}"#).unwrap()
}

#[test]
fn a_prompt_is_completed_with_words_of_the_text() {
    let complete = |seed| {
        let kwargs = format!(r#"{{"max_tokens": 40, "seed": {seed}}}"#);
        text()
            .call("complete", r#"["The keeper"]"#, &kwargs)
            .unwrap()
    };
    let words = complete(1).chunks;
    assert_eq!(words.len(), 40);
    for word in &words {
        let word = word.trim_matches(['"', ' ']);
        assert!(LAMP.contains(word), "{word}");
    }
    assert_eq!(complete(1).chunks, words, "the same seed");
    assert_ne!(complete(2).chunks, words, "another seed");
}

#[test]
fn without_a_seed_no_two_completions_are_the_same() {
    let mut app = text();
    let mut complete = || app.call("complete", r#"["", 100]"#, "{}").unwrap().chunks;
    assert_ne!(complete(), complete());
}

#[test]
fn a_completion_ends_with_its_reader() {
    let mut app = text();
    app.reads(Some(3));
    let endless = r#"["unheard of", 1000000000000]"#;
    assert_eq!(app.call("complete", endless, "{}").unwrap().chunks.len(), 3);
}

#[test]
fn the_nearest_sentence_to_one_of_the_index_is_itself() {
    let app = text();
    let index = &app.app().index;
    let sentence = index.nearest("the sea in the winter", 3)[0].text.to_owned();
    let found = index.nearest(&sentence, 2);
    assert_eq!(found[0].text, sentence);
    assert!((found[0].score - 1.0).abs() < 1e-5, "{found:?}");
    assert!(found[1].score < found[0].score, "{found:?}");
}

#[test]
fn what_was_compressed_is_decompressed_to_the_same() {
    for data in [&b""[..], b"x", &vec![7; 1 << 20]] {
        for level in [0, 6, 9] {
            let packed = gzip::compress(data, level).unwrap();
            assert_eq!(gzip::decompress(&packed, 1 << 20).unwrap(), data);
        }
    }
}

#[test]
fn errors_have_their_kind() {
    let packed = gzip::compress(&[0; 1000], 9).unwrap();
    let bomb = gzip::decompress(&packed, 999).unwrap_err();
    assert_eq!(bomb.kind(), "ValueError");
    assert!(bomb.message().contains("more than 999"), "{bomb}");
    assert_eq!(
        gzip::decompress(b"no gzip", 9).unwrap_err().kind(),
        "ValueError"
    );
    assert_eq!(
        gzip::decompress(&packed[..9], 9).unwrap_err().kind(),
        "ValueError"
    );
    assert_eq!(gzip::compress(b"", 10).unwrap_err().kind(), "ValueError");
    let many = text().call("similar", r#"["x", 101]"#, "{}").unwrap_err();
    assert_eq!(many.kind(), "ValueError");
}
