//! `wasi:clocks/monotonic-clock` with timers that are exact, and with a wait of nothing that costs
//! next to nothing. wasmtime-wasi's are tokio's: they wait for whole milliseconds and one more, and a
//! wait of nothing takes a turn of the runtime. Its clock itself is used.

use std::time::{Duration, Instant};

use wasmtime::Result;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::clocks::{WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::{self, Host};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use super::pace::Pace;
use super::state::State;
use crate::process::alarm;

struct ExactClock;

impl HasData for ExactClock {
    type Data<'a> = Clock<'a>;
}

/// The clock of one instance, for the time of a call of it.
struct Clock<'a> {
    wasi: WasiClocksCtxView<'a>,
    pace: Pace,
}

/// Puts this in the place of wasmtime-wasi's own. The linker must allow shadowing.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    monotonic_clock::add_to_linker::<State, ExactClock>(linker, |state| Clock {
        pace: state.wait_pace.clone(),
        wasi: state.clocks(),
    })
}

impl Host for Clock<'_> {
    fn now(&mut self) -> Result<u64> {
        self.wasi.now()
    }

    fn resolution(&mut self) -> Result<u64> {
        self.wasi.resolution()
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        let left = when.saturating_sub(self.now()?);
        self.subscribe_duration(left)
    }

    fn subscribe_duration(&mut self, nanos: u64) -> Result<Resource<DynPollable>> {
        let Some(when) = Instant::now().checked_add(Duration::from_nanos(nanos)) else {
            // Never, which needs no clock.
            return self.wasi.subscribe_duration(nanos);
        };
        let pace = self.pace.clone();
        let timer = self.wasi.table.push(Timer { when, pace })?;
        subscribe(self.wasi.table, timer)
    }
}

/// Ready from an instant on.
struct Timer {
    when: Instant,
    pace: Pace,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        if Instant::now() < self.when {
            alarm::sleep_until(self.when).await;
            self.pace.was_kept();
        } else {
            // Whoever asks again and again would otherwise keep the host from looking around.
            self.pace.keep().await;
        }
    }
}
