//! Sentences, and the search for those that have most in common with a text.
//!
//! Each sentence is a vector of which words and pairs of words it has, hashed to a fixed number of
//! dimensions; a search compares with all of them. That is how large indexes of meanings work, but
//! for the model that would make better vectors.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

const DIMENSIONS: usize = 256;

/// Of length 1, or 0 for a text without words.
type Vector = [f32; DIMENSIONS];

/// Sentences with their vectors.
pub(crate) struct Index {
    sentences: Vec<String>,
    vectors: Vec<Vector>,
}

/// What a search finds.
#[derive(Debug, Serialize)]
pub(crate) struct Match {
    pub(crate) text: String,
    /// 1 for the same words in the same order, 0 for nothing in common.
    pub(crate) score: f32,
}

impl Index {
    /// An index of these sentences.
    pub(crate) fn of(sentences: impl Iterator<Item = String>) -> Index {
        let sentences: Vec<String> = sentences.collect();
        let vectors = sentences.iter().map(|sentence| vector(sentence)).collect();
        Index { sentences, vectors }
    }

    /// How many sentences it has.
    pub(crate) fn len(&self) -> usize {
        self.sentences.len()
    }

    /// The sentences nearest to a text, best first, each once.
    pub(crate) fn nearest(&self, text: &str, limit: usize) -> Vec<Match> {
        let wanted = vector(text);
        let scores = self.vectors.iter().map(|vector| product(&wanted, vector));
        let mut ranked: Vec<(f32, &String)> = scores.zip(&self.sentences).collect();
        ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        ranked.dedup_by(|a, b| a.1 == b.1);
        ranked
            .into_iter()
            .take(limit)
            .map(|(score, text)| Match {
                text: text.clone(),
                score,
            })
            .collect()
    }
}

fn vector(text: &str) -> Vector {
    let mut vector = [0.0; DIMENSIONS];
    let words: Vec<String> = text
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    for word in &words {
        vector[dimension(word)] += 1.0;
    }
    for pair in words.windows(2) {
        vector[dimension(pair)] += 1.0;
    }
    let length = product(&vector, &vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|part| *part /= length);
    }
    vector
}

fn dimension(part: impl Hash) -> usize {
    let mut hasher = DefaultHasher::new();
    part.hash(&mut hasher);
    // Only the remainder matters, so it does not that upper bits may be lost.
    hasher.finish() as usize % DIMENSIONS
}

fn product(a: &Vector, b: &Vector) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
