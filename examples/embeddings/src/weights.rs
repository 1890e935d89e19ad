//! A model's files: its numbers, which stay where they were read, and its shape.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensorError, SafeTensors};

/// The file with the numbers, in the format safetensors.
const FILE: &str = "model.safetensors";

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModelError {
    #[error(
        "cannot read {}: {error}; fetch the model with examples/embeddings/fetch-model, and name its \
         directory in the app's `dirs`",
        path.display()
    )]
    Unreadable {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    #[error("{} is no safetensors file: {error}", path.display())]
    Malformed {
        path: PathBuf,
        #[source]
        error: SafeTensorError,
    },
    #[error("{} is not the configuration of a BERT model: {error}", path.display())]
    Configuration {
        path: PathBuf,
        #[source]
        error: serde_json::Error,
    },
    #[error("the model's configuration says {0}, which cannot be")]
    Impossible(&'static str),
    #[error("the model has no tensor {name}: {error}")]
    Missing {
        name: String,
        #[source]
        error: SafeTensorError,
    },
    #[error(
        "the tensor {name} is {dtype:?} of the shape {shape:?}, and has to be F32 of {expected:?}"
    )]
    Shape {
        name: String,
        dtype: Dtype,
        shape: Vec<usize>,
        expected: Vec<usize>,
    },
    #[error("the vocabulary has {tokens} tokens, and the model is for {expected}")]
    Vocabulary { tokens: usize, expected: usize },
    #[error("the vocabulary has no {0}")]
    NoToken(&'static str),
}

/// Reads one of the model's small files.
pub(crate) fn read_text(directory: &Path, name: &str) -> Result<String, ModelError> {
    let path = directory.join(name);
    fs::read_to_string(&path).map_err(|error| ModelError::Unreadable { path, error })
}

/// The numbers of a model.
pub(crate) struct Weights(SafeTensors<'static>);

impl Weights {
    /// Reads all of them.
    pub(crate) fn read(directory: &Path) -> Result<Weights, ModelError> {
        let path = directory.join(FILE);
        let bytes = match read_aligned(&path) {
            // The model lives as long as the app, that is: the process.
            Ok(words) => bytemuck::cast_slice(words.leak()),
            Err(error) => return Err(ModelError::Unreadable { path, error }),
        };
        let tensors = SafeTensors::deserialize(bytes);
        tensors
            .map(Weights)
            .map_err(|error| ModelError::Malformed { path, error })
    }

    /// One tensor, which has to have this shape.
    pub(crate) fn tensor(
        &self,
        name: &str,
        expected: &[usize],
    ) -> Result<&'static [f32], ModelError> {
        let tensor = self.0.tensor(name).map_err(|error| ModelError::Missing {
            name: name.to_owned(),
            error,
        })?;
        let wrong = || ModelError::Shape {
            name: name.to_owned(),
            dtype: tensor.dtype(),
            shape: tensor.shape().to_vec(),
            expected: expected.to_vec(),
        };
        if tensor.dtype() != Dtype::F32 || tensor.shape() != expected {
            return Err(wrong());
        }
        // WebAssembly and the file are both little-endian.
        bytemuck::try_cast_slice(tensor.data()).map_err(|_| wrong())
    }
}

/// A file's bytes where floating-point numbers may lie, at once and without a second copy: what a
/// component's memory has grown to, it keeps.
fn read_aligned(path: &Path) -> io::Result<Vec<f32>> {
    let mut file = File::open(path)?;
    let size = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    if size % size_of::<f32>() != 0 {
        let message = format!("{size} bytes are no whole number of f32");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let mut words = Vec::new();
    words.try_reserve_exact(size / size_of::<f32>())?;
    words.resize(size / size_of::<f32>(), 0.0);
    file.read_exact(bytemuck::cast_slice_mut(&mut words))?;
    Ok(words)
}
