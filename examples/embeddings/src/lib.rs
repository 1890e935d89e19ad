//! Sentence embeddings as an app: texts become vectors, and those of like meaning lie close together.
//!
//! `init` reads the model's 90 MB once and encodes the configured documents; workers are copies of the
//! process that did, so they share both. This module has the actions. What is a word is for
//! `tokenizer`, what becomes of the words for `model`.

mod index;
mod kernels;
mod lanes;
mod model;
mod tokenizer;
mod weights;

use std::path::PathBuf;

use dirty_guest::{Error, Result, log};
use serde::{Deserialize, Serialize};

use crate::index::{Index, Match};
use crate::kernels::dot;
use crate::model::Model;
use crate::tokenizer::Tokenizer;

/// How many texts one call may carry: so that a call lasts seconds, not minutes.
const TEXTS_MAX: usize = 256;

/// The share of a softmax's scale that sentence vectors need to be told apart by it: their cosines
/// lie close together.
const CLASSIFY_SCALE: f32 = 20.0;

/// What `init` has made. No call changes it, so all workers share its memory.
struct Embeddings {
    tokenizer: Tokenizer,
    model: Model,
    documents: Index,
}

/// The `[config]` table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The directory, as the app sees it, with `config.json`, `vocab.txt` and `model.safetensors`.
    #[serde(default = "usual_model")]
    model: PathBuf,
    /// What `nearest` searches.
    #[serde(default)]
    documents: Vec<String>,
}

fn usual_model() -> PathBuf {
    "/model".into()
}

/// One of the labels that a text may have.
#[derive(Debug, Serialize)]
struct Label {
    label: String,
    /// Between 0 and 1; those of all labels are 1 together.
    probability: f32,
}

#[dirty_guest::app]
impl Embeddings {
    fn init(config: Config) -> Result<Self> {
        let mut app = Self {
            tokenizer: Tokenizer::read(&config.model)?,
            model: Model::read(&config.model)?,
            documents: Index::default(),
        };
        app.tokenizer.check_size(app.model.vocabulary())?;
        for document in config.documents {
            let vector = app.vector(&document);
            app.documents.add(document, vector);
        }
        let (width, documents) = (app.model.width(), app.documents.len());
        log::info(format_args!(
            "vectors of {width} numbers, {documents} documents in the index"
        ));
        Ok(app)
    }

    /// The vectors of texts, each of length 1: the product of two is their similarity.
    pub fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        at_most("texts", texts.len(), TEXTS_MAX)?;
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }

    /// How alike the meanings of two texts are: 1 for the same, about 0 for unrelated ones.
    pub fn similarity(&self, a: &str, b: &str) -> f32 {
        dot(&self.vector(a), &self.vector(b))
    }

    /// The configured documents nearest to a text, best first.
    pub fn nearest(&self, text: &str, #[default(3)] k: usize) -> Vec<Match<'_>> {
        self.documents.nearest(&self.vector(text), k)
    }

    /// Which of some labels fits a text best, best first. The labels are any words: nothing was
    /// trained for them.
    pub fn classify(&self, text: &str, labels: Vec<String>) -> Result<Vec<Label>> {
        at_most("labels", labels.len(), TEXTS_MAX)?;
        let vector = self.vector(text);
        let mut scores: Vec<f32> = labels
            .iter()
            .map(|label| CLASSIFY_SCALE * dot(&vector, &self.vector(label)))
            .collect();
        kernels::softmax(&mut scores);
        let mut labels: Vec<Label> = labels
            .into_iter()
            .zip(scores)
            .map(|(label, probability)| Label { label, probability })
            .collect();
        labels.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        Ok(labels)
    }

    /// What the model reads of a text: its words, or their pieces, between two marks.
    pub fn tokens(&self, text: &str) -> Vec<&str> {
        self.tokenizer.names(&self.pieces(text))
    }
}

impl Embeddings {
    fn pieces(&self, text: &str) -> Vec<u32> {
        self.tokenizer.encode(text, self.model.tokens_max())
    }

    fn vector(&self, text: &str) -> Vec<f32> {
        self.model.embed(&self.pieces(text))
    }
}

fn at_most(what: &str, count: usize, max: usize) -> Result<()> {
    if count <= max {
        return Ok(());
    }
    let message = format!("{count} {what} in one call, and {max} are the most: make several calls");
    Err(Error::new("ValueError", message))
}

#[cfg(test)]
mod tests;
