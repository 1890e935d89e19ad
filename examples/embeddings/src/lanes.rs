//! Four numbers that are computed with at once: a vector of WebAssembly's, and natively, for tests, an
//! array. Plain loops over arrays would do if the compiler saw in them what is meant.

#[cfg(not(target_family = "wasm"))]
pub(crate) use array::*;
#[cfg(target_family = "wasm")]
pub(crate) use vector::*;

/// How many numbers there are in `Lanes`.
pub(crate) const COUNT: usize = 4;

#[cfg(target_family = "wasm")]
mod vector {
    use core::arch::wasm32::{f32x4, f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, v128};

    use super::COUNT;

    pub(crate) type Lanes = v128;

    /// All of them 0.
    #[inline]
    #[target_feature(enable = "simd128")]
    pub(crate) fn zeros() -> Lanes {
        f32x4_splat(0.0)
    }

    /// `sums + a · b`, each for itself.
    #[inline]
    #[target_feature(enable = "simd128")]
    pub(crate) fn add_product(sums: Lanes, a: &[f32; COUNT], b: &[f32; COUNT]) -> Lanes {
        f32x4_add(sums, f32x4_mul(load(a), load(b)))
    }

    /// Their sum.
    #[inline]
    #[target_feature(enable = "simd128")]
    pub(crate) fn total(lanes: Lanes) -> f32 {
        let outer = f32x4_extract_lane::<0>(lanes) + f32x4_extract_lane::<3>(lanes);
        outer + f32x4_extract_lane::<1>(lanes) + f32x4_extract_lane::<2>(lanes)
    }

    /// One load, although it looks like four.
    #[inline]
    #[target_feature(enable = "simd128")]
    fn load(&[a, b, c, d]: &[f32; COUNT]) -> Lanes {
        f32x4(a, b, c, d)
    }
}

#[cfg(not(target_family = "wasm"))]
mod array {
    use super::COUNT;

    pub(crate) type Lanes = [f32; COUNT];

    pub(crate) fn zeros() -> Lanes {
        [0.0; COUNT]
    }

    pub(crate) fn add_product(sums: Lanes, a: &[f32; COUNT], b: &[f32; COUNT]) -> Lanes {
        std::array::from_fn(|lane| sums[lane] + a[lane] * b[lane])
    }

    pub(crate) fn total(lanes: Lanes) -> f32 {
        lanes.iter().sum()
    }
}
