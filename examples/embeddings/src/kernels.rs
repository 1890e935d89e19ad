//! The arithmetic of the model on rows of numbers: products, normalisation, activation.
//!
//! Products are nearly all of the time, so they are computed in lanes. WebAssembly's vector instructions
//! are asked for function by function. Nothing here knows what the numbers mean.

use crate::lanes::{self, add_product};

/// How many rows are multiplied with one at a time: each number of that one is read once for all.
const ROWS: usize = 4;

/// A layer of a network: `y = x · weightᵀ + bias`.
#[derive(Clone, Copy)]
pub(crate) struct Linear {
    /// As many rows as there are outputs, each as long as the input.
    pub(crate) weight: &'static [f32],
    pub(crate) bias: &'static [f32],
}

/// Rows whose mean is taken to 0 and whose variance to 1, then to these.
#[derive(Clone, Copy)]
pub(crate) struct LayerNorm {
    pub(crate) weight: &'static [f32],
    pub(crate) bias: &'static [f32],
    pub(crate) epsilon: f32,
}

impl Linear {
    /// Applies the layer to each row of `x`.
    pub(crate) fn apply(&self, x: &[f32]) -> Vec<f32> {
        let outputs = self.bias.len();
        let inputs = self.weight.len() / outputs;
        let mut y = Vec::with_capacity(x.len() / inputs * outputs);
        for _ in 0..x.len() / inputs {
            y.extend_from_slice(self.bias);
        }
        add_products(x, self.weight, inputs, &mut y);
        y
    }
}

impl LayerNorm {
    /// Normalises each row in place.
    pub(crate) fn apply(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(self.weight.len()) {
            let count = row.len() as f32;
            let mean = row.iter().sum::<f32>() / count;
            let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / count;
            let scale = 1.0 / (variance + self.epsilon).sqrt();
            for ((x, weight), bias) in row.iter_mut().zip(self.weight).zip(self.bias) {
                *x = (*x - mean) * scale * weight + bias;
            }
        }
    }
}

/// The sum of the products of two rows of one length.
#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (
        a.as_chunks::<{ lanes::COUNT }>(),
        b.as_chunks::<{ lanes::COUNT }>(),
    );
    let mut sums = lanes::zeros();
    for (a, b) in a.iter().zip(b) {
        sums = add_product(sums, a, b);
    }
    let rest = a_rest.iter().zip(b_rest);
    lanes::total(sums) + rest.map(|(a, b)| a * b).sum::<f32>()
}

/// The sums of the products of one row with each of some others, all of one length.
#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
fn dots(one: &[f32], others: [&[f32]; ROWS]) -> [f32; ROWS] {
    let (whole, rest) = one.as_chunks::<{ lanes::COUNT }>();
    let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest)] =
        others.map(|other| other.as_chunks::<{ lanes::COUNT }>());
    let mut sums = [lanes::zeros(); ROWS];
    // Together, and not by an index, which would be checked each time.
    for ((((x, a), b), c), d) in whole.iter().zip(a).zip(b).zip(c).zip(d) {
        sums[0] = add_product(sums[0], x, a);
        sums[1] = add_product(sums[1], x, b);
        sums[2] = add_product(sums[2], x, c);
        sums[3] = add_product(sums[3], x, d);
    }
    let rests = [a_rest, b_rest, c_rest, d_rest];
    std::array::from_fn(|row| {
        let rest = rest.iter().zip(rests[row]).map(|(a, b)| a * b);
        lanes::total(sums[row]) + rest.sum::<f32>()
    })
}

/// Adds to `y` the product of each row of `x` with each row of `weight`, all of `inputs` numbers.
#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
fn add_products(x: &[f32], weight: &[f32], inputs: usize, y: &mut [f32]) {
    let outputs = weight.len() / inputs;
    let mut blocks = x.chunks_exact(ROWS * inputs);
    let mut sums = y.chunks_exact_mut(ROWS * outputs);
    for (block, sums) in (&mut blocks).zip(&mut sums) {
        let rows = rows_of(block, inputs);
        for (output, weights) in weight.chunks_exact(inputs).enumerate() {
            for (row, product) in dots(weights, rows).into_iter().enumerate() {
                sums[row * outputs + output] += product;
            }
        }
    }
    let rest = blocks.remainder().chunks_exact(inputs);
    for (row, sums) in rest.zip(sums.into_remainder().chunks_exact_mut(outputs)) {
        add_products_of_row(row, weight, sums);
    }
}

/// Adds to `sums` the product of one row with each row of `weight`.
#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
fn add_products_of_row(row: &[f32], weight: &[f32], sums: &mut [f32]) {
    let blocks = weight.chunks_exact(ROWS * row.len());
    let last = blocks.remainder().chunks_exact(row.len());
    let mut sums = sums.chunks_exact_mut(ROWS);
    for (block, sums) in blocks.zip(&mut sums) {
        let products = dots(row, rows_of(block, row.len()));
        add_scaled(sums, 1.0, &products);
    }
    for (sum, weights) in sums.into_remainder().iter_mut().zip(last) {
        *sum += dot(row, weights);
    }
}

/// Rows that lie one after the other.
fn rows_of(block: &[f32], length: usize) -> [&[f32]; ROWS] {
    std::array::from_fn(|row| &block[row * length..][..length])
}

/// `sum += factor · row`
#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
pub(crate) fn add_scaled(sum: &mut [f32], factor: f32, row: &[f32]) {
    for (sum, x) in sum.iter_mut().zip(row) {
        *sum += factor * x;
    }
}

/// Makes numbers probabilities: positive, and 1 together.
pub(crate) fn softmax(row: &mut [f32]) {
    // Without this the exponential of a large number would be infinite.
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for x in row.iter_mut() {
        *x = (*x - largest).exp();
        sum += *x;
    }
    row.iter_mut().for_each(|x| *x /= sum);
}

/// The activation of BERT, in its exact form.
pub(crate) fn gelu(rows: &mut [f32]) {
    for x in rows {
        *x *= 0.5 * (1.0 + libm::erff(*x * std::f32::consts::FRAC_1_SQRT_2));
    }
}

/// Makes a vector's length 1; one of length 0 stays.
pub(crate) fn normalise(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}
