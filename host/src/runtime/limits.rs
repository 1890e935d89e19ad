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
}

impl MemoryBudget {
    pub(super) fn new(bytes_max: u64) -> MemoryBudget {
        MemoryBudget {
            bytes_max,
            bytes: 0,
            last_grant_bytes: 0,
        }
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
    }
}

impl ResourceLimiter for MemoryBudget {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        Ok(maximum.is_none_or(|maximum| desired <= maximum) && self.grant(current, desired))
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
        let bytes = |elements: usize| elements.saturating_mul(TABLE_ELEMENT_BYTES);
        Ok(maximum.is_none_or(|maximum| desired <= maximum)
            && self.grant(bytes(current), bytes(desired)))
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
}
