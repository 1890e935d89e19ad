//! A BERT encoder whose output is averaged to one vector: what sentence-transformers calls a
//! `Transformer`, a `Pooling` of means and a `Normalize`. Its numbers come from `weights`.

use std::path::Path;

use serde::Deserialize;

use crate::kernels::{LayerNorm, Linear, add_scaled, dot, gelu, normalise, softmax};
use crate::weights::{ModelError, Weights, read_text};

/// What was never longer when the model was trained, it cannot judge.
const TOKENS_MAX: usize = 256;

/// The part of `config.json` that matters here, under its names there.
#[derive(Deserialize)]
struct Shape {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    vocab_size: usize,
    layer_norm_eps: f32,
}

/// The encoder.
pub(crate) struct Model {
    shape: Shape,
    words: &'static [f32],
    positions: &'static [f32],
    /// What is added for texts that are no second half of a pair.
    first_kind: &'static [f32],
    norm: LayerNorm,
    layers: Vec<Layer>,
}

/// One of its layers.
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    outer_norm: LayerNorm,
}

/// Finds tensors below a prefix.
struct Tensors<'a> {
    weights: &'a Weights,
    epsilon: f32,
    prefix: String,
}

impl Tensors<'_> {
    fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
        let Self {
            weights, prefix, ..
        } = self;
        Ok(Linear {
            weight: weights.tensor(&format!("{prefix}{name}.weight"), &[outputs, inputs])?,
            bias: weights.tensor(&format!("{prefix}{name}.bias"), &[outputs])?,
        })
    }

    fn norm(&self, name: &str, width: usize) -> Result<LayerNorm, ModelError> {
        let Self {
            weights,
            prefix,
            epsilon,
        } = self;
        Ok(LayerNorm {
            weight: weights.tensor(&format!("{prefix}{name}.weight"), &[width])?,
            bias: weights.tensor(&format!("{prefix}{name}.bias"), &[width])?,
            epsilon: *epsilon,
        })
    }
}

impl Shape {
    fn read(directory: &Path) -> Result<Shape, ModelError> {
        const FILE: &str = "config.json";
        let shape: Shape = serde_json::from_str(&read_text(directory, FILE)?).map_err(|error| {
            ModelError::Configuration {
                path: directory.join(FILE),
                error,
            }
        })?;
        let heads = shape.num_attention_heads;
        if heads == 0 || !shape.hidden_size.is_multiple_of(heads) {
            return Err(ModelError::Impossible("that heads share a vector unevenly"));
        }
        if shape.hidden_size == 0 || shape.intermediate_size == 0 || shape.type_vocab_size == 0 {
            return Err(ModelError::Impossible("that vectors have no numbers"));
        }
        // Two of them are marks.
        if shape.max_position_embeddings < 2 {
            return Err(ModelError::Impossible("that no text fits"));
        }
        Ok(shape)
    }
}

impl Layer {
    fn of(tensors: &Tensors<'_>, shape: &Shape) -> Result<Layer, ModelError> {
        let (width, inner) = (shape.hidden_size, shape.intermediate_size);
        Ok(Layer {
            query: tensors.linear("attention.self.query", width, width)?,
            key: tensors.linear("attention.self.key", width, width)?,
            value: tensors.linear("attention.self.value", width, width)?,
            attended: tensors.linear("attention.output.dense", width, width)?,
            attended_norm: tensors.norm("attention.output.LayerNorm", width)?,
            inner: tensors.linear("intermediate.dense", width, inner)?,
            outer: tensors.linear("output.dense", inner, width)?,
            outer_norm: tensors.norm("output.LayerNorm", width)?,
        })
    }

    /// Takes the rows of a text, one for each token, through the layer.
    fn apply(&self, rows: &mut [f32], shape: &Shape) {
        let attended = self.attended.apply(&self.attend(rows, shape));
        add_scaled(rows, 1.0, &attended);
        self.attended_norm.apply(rows);
        let mut inner = self.inner.apply(rows);
        gelu(&mut inner);
        add_scaled(rows, 1.0, &self.outer.apply(&inner));
        self.outer_norm.apply(rows);
    }

    /// What each token gathers from all tokens. Each head does so with its own part of the vectors.
    fn attend(&self, rows: &[f32], shape: &Shape) -> Vec<f32> {
        let (width, heads) = (shape.hidden_size, shape.num_attention_heads);
        let part = width / heads;
        let scale = 1.0 / (part as f32).sqrt();
        let (query, key, value) = (
            self.query.apply(rows),
            self.key.apply(rows),
            self.value.apply(rows),
        );
        let mut gathered = vec![0.0; rows.len()];
        let mut shares = vec![0.0; rows.len() / width];
        for (query, gathered) in query
            .chunks_exact(width)
            .zip(gathered.chunks_exact_mut(width))
        {
            for at in (0..width).step_by(part) {
                let head = at..at + part;
                for (share, key) in shares.iter_mut().zip(key.chunks_exact(width)) {
                    *share = scale * dot(&query[head.clone()], &key[head.clone()]);
                }
                softmax(&mut shares);
                for (share, value) in shares.iter().zip(value.chunks_exact(width)) {
                    add_scaled(&mut gathered[head.clone()], *share, &value[head.clone()]);
                }
            }
        }
        gathered
    }
}

impl Model {
    /// Reads the model in a directory.
    pub(crate) fn read(directory: &Path) -> Result<Model, ModelError> {
        let shape = Shape::read(directory)?;
        let weights = Weights::read(directory)?;
        let width = shape.hidden_size;
        let tensors = |prefix: String| Tensors {
            weights: &weights,
            epsilon: shape.layer_norm_eps,
            prefix,
        };
        let layers = (0..shape.num_hidden_layers)
            .map(|layer| Layer::of(&tensors(format!("encoder.layer.{layer}.")), &shape))
            .collect::<Result<_, _>>()?;
        let embeddings = |name: &str, rows| {
            weights.tensor(
                &format!("embeddings.{name}_embeddings.weight"),
                &[rows, width],
            )
        };
        Ok(Model {
            words: embeddings("word", shape.vocab_size)?,
            positions: embeddings("position", shape.max_position_embeddings)?,
            first_kind: &embeddings("token_type", shape.type_vocab_size)?[..width],
            norm: tensors("embeddings.".to_owned()).norm("LayerNorm", width)?,
            layers,
            shape,
        })
    }

    /// How many numbers a vector has.
    pub(crate) fn width(&self) -> usize {
        self.shape.hidden_size
    }

    /// How many tokens it knows.
    pub(crate) fn vocabulary(&self) -> usize {
        self.shape.vocab_size
    }

    /// How many tokens a text may have, marks included.
    pub(crate) fn tokens_max(&self) -> usize {
        TOKENS_MAX.min(self.shape.max_position_embeddings)
    }

    /// The vector of a text, of length 1. Tokens are below `vocabulary`, and `tokens_max` at most.
    pub(crate) fn embed(&self, tokens: &[u32]) -> Vec<f32> {
        let width = self.width();
        let mut rows = Vec::with_capacity(tokens.len() * width);
        for (token, position) in tokens.iter().zip(self.positions.chunks_exact(width)) {
            let word = &self.words[*token as usize * width..][..width];
            let parts = word.iter().zip(position).zip(self.first_kind);
            rows.extend(parts.map(|((word, position), kind)| word + position + kind));
        }
        self.norm.apply(&mut rows);
        for layer in &self.layers {
            layer.apply(&mut rows, &self.shape);
        }
        let mut mean = vec![0.0; width];
        for row in rows.chunks_exact(width) {
            // Its length is made 1 in the end, so the sum will do.
            add_scaled(&mut mean, 1.0, row);
        }
        normalise(&mut mean);
        mean
    }
}
