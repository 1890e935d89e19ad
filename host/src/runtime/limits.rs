//! How much memory an instance may have: one budget for all of its linear memories and tables.
//! wasmtime's own limit is per memory, and a Python component has several.

use wasmtime::{ResourceLimiter, Result};

/// What an element of a table costs the host, in bytes.
const TABLE_ELEMENT_BYTES: usize = 16;

/// A budget in bytes.
#[derive(Debug)]
pub(super) struct MemoryBudget {
    bytes_max: u64,
    bytes: u64,
    last_grant_bytes: u64,
    refused: bool,
}

impl MemoryBudget {
    pub(super) fn new(bytes_max: u64) -> MemoryBudget {
        MemoryBudget {
            bytes_max,
            bytes: 0,
            last_grant_bytes: 0,
            refused: false,
        }
    }

    /// Whether memory was refused since this was last asked, by this budget or by the system.
    pub(super) fn take_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    /// Whether something may grow like this; `maximum` is its own, in the same unit as `bytes`.
    fn grow(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
        bytes: fn(usize) -> usize,
    ) -> bool {
        let granted = maximum.is_none_or(|maximum| desired <= maximum)
            && self.grant(bytes(current), bytes(desired));
        self.refused |= !granted;
        granted
    }

    fn grant(&mut self, current_bytes: usize, desired_bytes: usize) -> bool {
        let more = desired_bytes.saturating_sub(current_bytes) as u64;
        let total = self.bytes.saturating_add(more);
        if total > self.bytes_max {
            return false;
        }
        self.bytes = total;
        self.last_grant_bytes = more;
        true
    }

    fn take_back(&mut self) {
        self.bytes -= std::mem::take(&mut self.last_grant_bytes);
        self.refused = true;
    }
}

impl ResourceLimiter for MemoryBudget {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        Ok(self.grow(current, desired, maximum, |bytes| bytes))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        Ok(self.grow(current, desired, maximum, |elements| {
            elements.saturating_mul(TABLE_ELEMENT_BYTES)
        }))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        self.take_back();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn all_memories_share_one_budget() {
        let mut budget = MemoryBudget::new(100);
        assert!(budget.memory_growing(0, 60, None).unwrap());
        assert!(
            !budget.memory_growing(0, 60, None).unwrap(),
            "a second memory"
        );
        assert!(budget.memory_growing(60, 100, None).unwrap());
        assert!(!budget.table_growing(0, 1, None).unwrap());
    }

    #[test]
    fn what_the_system_refused_is_given_back() {
        let mut budget = MemoryBudget::new(100);
        assert!(budget.memory_growing(0, 100, None).unwrap());
        budget
            .memory_grow_failed(wasmtime::Error::msg("no memory"))
            .unwrap();
        assert!(budget.memory_growing(0, 100, None).unwrap());
    }

    #[test]
    fn a_refusal_is_remembered_until_asked() {
        let mut budget = MemoryBudget::new(100);
        assert!(budget.memory_growing(0, 50, None).unwrap());
        assert!(!budget.take_refused());
        assert!(!budget.memory_growing(50, 101, None).unwrap());
        assert!(budget.take_refused(), "above the budget");
        assert!(!budget.take_refused());
        assert!(!budget.table_growing(0, 2, Some(1)).unwrap());
        assert!(budget.take_refused(), "above its own maximum");
        budget
            .table_grow_failed(wasmtime::Error::msg("no memory"))
            .unwrap();
        assert!(budget.take_refused(), "by the system");
    }
}
