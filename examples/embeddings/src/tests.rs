//! The parts, tested natively on a vocabulary and a model that are made here. That the real model
//! gives the right numbers is for the test target `examples`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dirty_guest::testing::TestApp;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

use super::*;
use crate::kernels::{LayerNorm, Linear};

const VOCABULARY: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\na\ncafe\n!\n京\n";
const WIDTH: usize = 12;
const INNER: usize = 20;

fn tokens(text: &str, tokens_max: usize) -> String {
    let tokenizer = Tokenizer::new(VOCABULARY).unwrap();
    tokenizer
        .names(&tokenizer.encode(text, tokens_max))
        .join(" ")
}

#[test]
fn texts_become_pieces() {
    for (text, expected) in [
        ("", "[CLS] [SEP]"),
        ("unaffable", "[CLS] un ##aff ##able [SEP]"),
        ("A\u{0}\u{200b} CAFÉ!a", "[CLS] a cafe ! a [SEP]"),
        ("a京a", "[CLS] a 京 a [SEP]"),
        ("unaffordable", "[CLS] [UNK] [SEP]"),
        ("able", "[CLS] [UNK] [SEP]"),
        (&"a".repeat(101), "[CLS] [UNK] [SEP]"),
    ] {
        assert_eq!(tokens(text, 256), expected, "{text:?}");
    }
}

#[test]
fn what_is_too_long_is_cut() {
    assert_eq!(tokens("a a a a", 4), "[CLS] a a [SEP]");
    assert_eq!(tokens("a unaffable", 4), "[CLS] a un [SEP]");
    assert_eq!(tokens("a a a a", 2), "[CLS] [SEP]");
}

fn numbers(count: usize) -> Vec<f32> {
    let number = |i: usize| ((i * 7919 + 13) % 101) as f32 / 101.0 - 0.5;
    (0..count).map(number).collect()
}

#[test]
fn products_are_those_of_the_textbook() {
    // Sizes that fill tiles and lanes, and some that do not.
    for (rows, inputs, outputs) in [(1, 1, 1), (4, 8, 4), (5, 13, 7), (3, 32, 9), (9, 12, 20)] {
        let x = numbers(rows * inputs);
        let weight: &[f32] = numbers(inputs * outputs).leak();
        let bias: &[f32] = numbers(outputs).leak();
        let y = Linear { weight, bias }.apply(&x);
        assert_eq!(y.len(), rows * outputs);
        for (at, y) in y.iter().enumerate() {
            let (row, output) = (at / outputs, at % outputs);
            let product: f32 = (0..inputs)
                .map(|i| x[row * inputs + i] * weight[output * inputs + i])
                .sum();
            let expected = product + bias[output];
            assert!(
                (y - expected).abs() < 1e-5,
                "{rows}×{inputs}×{outputs}: {y} {expected}"
            );
        }
    }
}

#[test]
fn rows_are_normalised() {
    let (weight, bias): (&[f32], &[f32]) = (&[2.0; 4], &[1.0; 4]);
    let norm = LayerNorm {
        weight,
        bias,
        epsilon: 0.0,
    };
    let mut rows = [1.0, 1.0, 3.0, 3.0];
    norm.apply(&mut rows);
    assert_eq!(rows, [-1.0, -1.0, 3.0, 3.0]);
    let mut shares = [1000.0, 1000.0, -1000.0];
    kernels::softmax(&mut shares);
    assert_eq!(shares, [0.5, 0.5, 0.0]);
}

/// Writes a model of one layer, with whatever numbers; `left_out` is a tensor that it lacks.
fn write_model(directory: &Path, left_out: &str) {
    let words = VOCABULARY.lines().count();
    let config = json!({
        "hidden_size": WIDTH, "intermediate_size": INNER, "num_hidden_layers": 1,
        "num_attention_heads": 3, "max_position_embeddings": 8, "type_vocab_size": 2,
        "vocab_size": words, "layer_norm_eps": 1e-12,
    });
    let mut shapes = BTreeMap::from([
        (
            "embeddings.word_embeddings.weight".to_owned(),
            vec![words, WIDTH],
        ),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![8, WIDTH],
        ),
        (
            "embeddings.token_type_embeddings.weight".to_owned(),
            vec![2, WIDTH],
        ),
    ]);
    let mut layer = |name: &str, weight: Vec<usize>| {
        shapes.insert(format!("{name}.bias"), vec![weight[0]]);
        shapes.insert(format!("{name}.weight"), weight);
    };
    layer("embeddings.LayerNorm", vec![WIDTH]);
    for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
        layer(&format!("encoder.layer.0.{name}"), vec![WIDTH]);
    }
    for part in ["self.query", "self.key", "self.value", "output.dense"] {
        layer(
            &format!("encoder.layer.0.attention.{part}"),
            vec![WIDTH, WIDTH],
        );
    }
    layer("encoder.layer.0.intermediate.dense", vec![INNER, WIDTH]);
    layer("encoder.layer.0.output.dense", vec![WIDTH, INNER]);
    shapes.remove(left_out);
    let data: Vec<(String, Vec<usize>, Vec<f32>)> = shapes
        .into_iter()
        .map(|(name, shape)| (name, shape.clone(), numbers(shape.iter().product())))
        .collect();
    let views = data.iter().map(|(name, shape, numbers)| {
        let bytes = bytemuck::cast_slice(numbers);
        (
            name,
            TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
        )
    });
    let file = directory.join("model.safetensors");
    safetensors::serialize_to_file(views, None, &file).unwrap();
    fs::write(directory.join("vocab.txt"), VOCABULARY).unwrap();
    fs::write(directory.join("config.json"), config.to_string()).unwrap();
}

fn start(directory: &Path, documents: &[&str]) -> Result<TestApp<Embeddings>> {
    let config = json!({"model": directory, "documents": documents});
    TestApp::start(&config.to_string())
}

#[test]
fn a_text_is_nearest_to_itself() {
    let directory = tempfile::tempdir().unwrap();
    write_model(directory.path(), "");
    let app = start(directory.path(), &["cafe", "unaffable", "a a a"]).unwrap();
    let app = app.app();
    for vector in app.embed(vec!["cafe a".to_owned(), String::new()]).unwrap() {
        assert_eq!(vector.len(), WIDTH);
        assert!((dot(&vector, &vector) - 1.0).abs() < 1e-5);
    }
    // The text is longer than the model's eight positions.
    let long = app.embed(vec!["a ".repeat(100)]).unwrap();
    assert_eq!(long[0].len(), WIDTH);
    let ordered = ["a cafe", "cafe a"].map(str::to_owned).to_vec();
    let ordered = app.embed(ordered).unwrap();
    assert_ne!(ordered[0], ordered[1], "the order matters");
    let found = app.nearest("UNAFFABLE", 2);
    assert_eq!((found.len(), found[0].text), (2, "unaffable"));
    assert!((found[0].score - 1.0).abs() < 1e-5, "{found:?}");
    let labels = ["cafe", "unaffable"].map(str::to_owned).to_vec();
    let labels = app.classify("cafe", labels).unwrap();
    assert_eq!(labels[0].label, "cafe");
    let sum: f32 = labels.iter().map(|label| label.probability).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{labels:?}");
}

#[test]
fn what_is_no_model_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let refused = |expected: &str| {
        let error = start(directory.path(), &[]).err().unwrap();
        assert_eq!(error.kind(), "ModelError");
        assert!(error.message().contains(expected), "{error}");
    };
    refused("fetch-model");
    write_model(directory.path(), "encoder.layer.0.output.dense.bias");
    refused("no tensor encoder.layer.0.output.dense.bias");
    write_model(directory.path(), "");
    fs::write(directory.path().join("vocab.txt"), "[CLS]\n[SEP]\n[UNK]\n").unwrap();
    refused("the vocabulary has 3 tokens, and the model is for 11");
    fs::write(directory.path().join("model.safetensors"), [0; 64]).unwrap();
    refused("no safetensors file");
    fs::write(directory.path().join("config.json"), "{}").unwrap();
    refused("not the configuration of a BERT model");
}

#[test]
fn a_call_takes_so_many_texts() {
    let directory = tempfile::tempdir().unwrap();
    write_model(directory.path(), "");
    let app = start(directory.path(), &[]).unwrap();
    let error = app.app().embed(vec![String::new(); 257]).unwrap_err();
    assert_eq!(error.kind(), "ValueError");
    assert!(error.message().contains("256 are the most"), "{error}");
}
