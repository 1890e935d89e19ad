//! Documents with their vectors, and the search for those nearest to another vector. A search
//! compares with all of them, which for some thousands takes less time than the encoding of a text.

use serde::Serialize;

use crate::kernels::dot;

/// The documents.
#[derive(Default)]
pub(crate) struct Index {
    documents: Vec<(String, Vec<f32>)>,
}

/// What a search finds.
#[derive(Debug, Serialize)]
pub(crate) struct Match<'a> {
    pub(crate) text: &'a str,
    /// The similarity: 1 at most.
    pub(crate) score: f32,
}

impl Index {
    /// Adds a document; vectors have length 1, and all the same number of dimensions.
    pub(crate) fn add(&mut self, text: String, vector: Vec<f32>) {
        self.documents.push((text, vector));
    }

    /// How many documents it has.
    pub(crate) fn len(&self) -> usize {
        self.documents.len()
    }

    /// The `k` documents nearest to a vector, best first.
    pub(crate) fn nearest(&self, vector: &[f32], k: usize) -> Vec<Match<'_>> {
        let documents = self.documents.iter();
        let mut found: Vec<Match<'_>> = documents
            .map(|(text, of)| Match {
                text,
                score: dot(vector, of),
            })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(k);
        found
    }
}
