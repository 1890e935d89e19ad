//! What frames are appended to.

use std::ops::DerefMut;

/// Bytes that grow at their end: a `Vec`, or memory of another kind that is used like one.
pub trait Buffer: DerefMut<Target = [u8]> {
    /// As of a `Vec`.
    fn reserve(&mut self, bytes: usize);
    /// As of a `Vec`.
    fn push(&mut self, byte: u8);
    /// As of a `Vec`.
    fn extend_from_slice(&mut self, bytes: &[u8]);
    /// As of a `Vec`.
    fn resize(&mut self, len: usize, byte: u8);
    /// As of a `Vec`.
    fn truncate(&mut self, len: usize);
}

impl Buffer for Vec<u8> {
    fn reserve(&mut self, bytes: usize) {
        self.reserve(bytes);
    }

    fn push(&mut self, byte: u8) {
        self.push(byte);
    }

    fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn resize(&mut self, len: usize, byte: u8) {
        self.resize(len, byte);
    }

    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }
}
