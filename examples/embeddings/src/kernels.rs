//! The arithmetic of the model on rows of numbers: products, normalisation, activation.
//!
//! Products are nearly all of the time. They are written in lanes, which a compiler turns into vector
//! instructions where it may use them; WebAssembly's are asked for function by function, because
//! the rest of a component needs none. Nothing here knows what the numbers mean.

/// How many numbers are multiplied side by side.
const LANES: usize = 8;

/// Rows of `x` and of a matrix that are multiplied together: each number that was read is used that
/// often.
const TILE: usize = 4;

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
    tile([a], [b])[0][0]
}

/// Adds to `y` the product of each row of `x` with each row of `weight`, all of `inputs` numbers.
#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
fn add_products(x: &[f32], weight: &[f32], inputs: usize, y: &mut [f32]) {
    let outputs = weight.len() / inputs;
    let mut blocks = x.chunks_exact(TILE * inputs);
    let mut sums = y.chunks_exact_mut(TILE * outputs);
    for (block, sums) in (&mut blocks).zip(&mut sums) {
        let rows: [&[f32]; TILE] = std::array::from_fn(|row| &block[row * inputs..][..inputs]);
        for (output, weights) in weight.chunks_exact(inputs).enumerate() {
            for (row, products) in tile(rows, [weights]).into_iter().enumerate() {
                sums[row * outputs + output] += products[0];
            }
        }
    }
    let rest = blocks.remainder().chunks_exact(inputs);
    for (row, sums) in rest.zip(sums.into_remainder().chunks_exact_mut(outputs)) {
        let tiles = weight.chunks_exact(TILE * inputs);
        let last = tiles.remainder();
        let mut outputs = sums.chunks_exact_mut(TILE);
        for (weights, sums) in tiles.zip(&mut outputs) {
            let weights: [&[f32]; TILE] =
                std::array::from_fn(|output| &weights[output * inputs..][..inputs]);
            for (sum, product) in sums.iter_mut().zip(tile([row], weights)[0]) {
                *sum += product;
            }
        }
        for (sum, weights) in outputs
            .into_remainder()
            .iter_mut()
            .zip(last.chunks_exact(inputs))
        {
            *sum += tile([row], [weights])[0][0];
        }
    }
}

/// The products of some rows with some others, all of one length.
#[inline]
#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
fn tile<const A: usize, const B: usize>(a: [&[f32]; A], b: [&[f32]; B]) -> [[f32; B]; A] {
    let length = b[0].len();
    let whole = length - length % LANES;
    let mut sums = [[[0.0; LANES]; B]; A];
    for at in (0..whole).step_by(LANES) {
        for (a, sums) in a.iter().zip(&mut sums) {
            let a = &a[at..at + LANES];
            for (b, sums) in b.iter().zip(sums) {
                let b = &b[at..at + LANES];
                for lane in 0..LANES {
                    sums[lane] += a[lane] * b[lane];
                }
            }
        }
    }
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            let rest = a[i][whole..].iter().zip(&b[j][whole..]);
            sums[i][j].iter().sum::<f32>() + rest.map(|(a, b)| a * b).sum::<f32>()
        })
    })
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
