//! The stack of the JSON scanner: which arrays and objects are open, in one integer.

use super::json::{DEPTH_MAX, Stop};

/// What a value lies in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    Array,
    Object,
}

/// The brackets that are open, innermost in the lowest bit.
pub(super) struct Open {
    are_objects: u128,
    depth: usize,
    depth_max: usize,
}

// A level is a bit.
const _: () = assert!(DEPTH_MAX <= u128::BITS as usize);

impl Open {
    pub(super) fn new(depth_max: usize) -> Self {
        Self {
            are_objects: 0,
            depth: 0,
            depth_max: depth_max.min(DEPTH_MAX),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, bracket: Bracket) -> Result<(), Stop> {
        if self.depth == self.depth_max {
            return Err(Stop::TooDeep);
        }
        self.are_objects = self.are_objects << 1 | u128::from(bracket == Bracket::Object);
        self.depth += 1;
        Ok(())
    }

    #[inline]
    pub(super) fn pop(&mut self) {
        self.are_objects >>= 1;
        self.depth -= 1;
    }

    #[inline]
    pub(super) fn innermost(&self) -> Option<Bracket> {
        match (self.depth, self.are_objects & 1) {
            (0, _) => None,
            (_, 0) => Some(Bracket::Array),
            _ => Some(Bracket::Object),
        }
    }
}
