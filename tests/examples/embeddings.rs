//! The embedding model: its numbers are those that its makers publish, and its memory is shared.

use std::fs::{self, File};
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::app::toml_string;
use crate::harness::{App, Host, embeddings_wasm, paths};
use crate::{example, host_of};

const APP: &str = "embeddings";

/// The app as its configuration has it, with the model where that says.
fn served() -> Host {
    fetch_model();
    embeddings_wasm();
    host_of(APP).start()
}

/// Runs the example's script. Tests may do so at once, but one download is enough.
fn fetch_model() {
    let lock = paths::target().join("fetch-model.lock");
    let lock = File::create(lock).unwrap();
    lock.lock().unwrap();
    let fetched = Command::new(example(APP).join("fetch-model"))
        .output()
        .unwrap();
    assert!(fetched.status.success(), "{fetched:?}");
}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 5e-5, "{found}, not {expected}");
}

#[test]
fn its_numbers_are_the_published_ones() {
    let host = served();
    // The first example in the documentation of sentence-transformers, and what it prints there.
    let texts = [
        "The weather is lovely today.",
        "It's so sunny outside!",
        "He drove to the stadium.",
    ];
    let vectors = host.call(APP, "embed", json!([texts])).result();
    let vectors: Vec<Vec<f64>> = vectors.as_array().unwrap().iter().map(numbers).collect();
    let product = |a: usize, b: usize| -> f64 {
        let pairs = vectors[a].iter().zip(&vectors[b]);
        pairs.map(|(a, b)| a * b).sum()
    };
    assert!(vectors.iter().all(|vector| vector.len() == 384));
    for (a, b, published) in [(0, 0, 1.0), (0, 1, 0.6660), (0, 2, 0.1046), (1, 2, 0.1411)] {
        assert_near(product(a, b), published);
        let same = host.call(APP, "similarity", json!([texts[a], texts[b]]));
        assert_near(same.result().as_f64().unwrap(), published);
    }
    // More digits, from an independent computation with 64 bits.
    for (found, expected) in vectors[0]
        .iter()
        .zip([0.019_195_7, 0.120_085_4, 0.159_598_3])
    {
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    }
}

/// Texts, and what the tokenizer that belongs to the model makes of them.
const TOKENS: [(&str, &str); 8] = [
    ("Hello, World!", "hello , world !"),
    ("naïve Café déjà-vu", "naive cafe de ##ja - vu"),
    (
        "unaffable embeddings",
        "una ##ffa ##ble em ##bed ##ding ##s",
    ),
    ("東京 is big", "東 京 is big"),
    ("नमस्ते दुनिया", "न ##म ##स ##त द ##न ##ि ##य ##ा"),
    ("$5.00 (50%)", "$ 5 . 00 ( 50 % )"),
    ("ﬁre Åß İstanbul", "ﬁ ##re a ##ß istanbul"),
    ("", ""),
];

#[test]
fn texts_become_the_tokens_that_the_model_was_trained_with() {
    let host = served();
    for (text, expected) in TOKENS {
        let tokens = host.call(APP, "tokens", json!([text])).result();
        let mut tokens: Vec<_> = tokens.as_array().unwrap().iter().collect();
        assert_eq!(
            (tokens.remove(0), tokens.pop()),
            (&json!("[CLS]"), Some(&json!("[SEP]")))
        );
        let tokens: Vec<_> = tokens.iter().map(|token| token.as_str().unwrap()).collect();
        assert_eq!(tokens.join(" "), expected, "{text}");
    }
}

#[test]
fn meanings_are_found_without_a_word_in_common() {
    let host = served();
    for (asked, expected) in [
        (
            "I forgot my login credentials",
            "How do I reset my password?",
        ),
        (
            "stop billing me every month",
            "How do I cancel my subscription?",
        ),
        (
            "does it work offline?",
            "Can I use the app without an internet connection?",
        ),
    ] {
        let found = host.call(APP, "nearest", json!([asked, 2])).result();
        assert_eq!(found.as_array().unwrap().len(), 2);
        assert_eq!(found[0]["text"], expected, "{found}");
    }
    let labels = json!(["sports", "cooking", "politics"]);
    for (text, expected) in [
        ("She scored twice in the second half.", "sports"),
        ("Let the onions simmer until they are soft.", "cooking"),
    ] {
        let classified = host.call(APP, "classify", json!([text, labels])).result();
        assert_eq!(classified[0]["label"], expected, "{classified}");
    }
}

#[test]
fn workers_share_the_model() {
    let host = served();
    let model =
        fs::metadata(paths::repository().join("target/models/all-MiniLM-L6-v2/model.safetensors"));
    let model_bytes = model.unwrap().len();
    let workers = host.wait_workers(APP, 2);
    // A call in each, so that their memory is that of workers at work.
    let _calls = host.start_calls(workers.len(), APP, "embed", &json!([vec!["a text"; 64]]));
    host.wait_leased(APP, workers.len());
    let status = host.wait_status("idle workers", |status| {
        let measured = |worker: &crate::harness::status::Worker| worker.memory.is_some();
        status.count(APP, "ready") == workers.len() && status.workers_of(APP).all(measured)
    });
    for worker in status.workers_of(APP) {
        let private_bytes = worker.memory.unwrap();
        assert!(private_bytes < model_bytes / 4, "{status:?}");
    }
}

#[test]
fn without_the_model_it_says_how_to_get_it() {
    let empty = paths::short_temp_dir();
    let dirs = toml_string(&empty.path().to_string_lossy());
    let app = App::new(APP, embeddings_wasm()).set(&format!("dirs = {{ \"/model\" = {dirs} }}"));
    let host = Host::builder().app(app).app(App::demo().workers(1)).start();
    let error = host.call(APP, "embed", json!([["a"]])).failure();
    assert_eq!(error.error_type, "DirtyNoWorkersAvailableError");
    let reason = error.detail("reason").as_str().unwrap();
    assert!(
        reason.contains("examples/embeddings/fetch-model"),
        "{reason}"
    );
}
