//! No retry is put later than the lease of its message: before waiting beyond it the lease is renewed, and where it is not,
//! the retry is made in time.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio::time::Instant;

use super::Shared;
use crate::{
    acknowledger::{AckData, AckRef, AckReport},
    failure::panic_text,
    message::Message,
    telemetry::events,
};

/// This share of a lease should be left when its message is tried again.
const LEFT: u32 = 10;

/// When messages that are due at some time may wait until, and which of them may not wait at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Until(Instant),
    /// Its lease is as good as over: the source has it back, or is about to.
    Over,
}

/// Whether the source has the message back by now.
pub(super) fn is_over<T, B>(message: &Message<T, B>) -> bool {
    let lease = message.envelope.as_ref().and_then(|envelope| envelope.lease.as_ref());
    lease.is_some_and(|lease| lease.until <= Instant::now())
}

/// Renews the leases that end before their message is due, and says until when each message may wait.
pub(super) async fn hold<T, B>(shared: &Shared, waiting: &mut [(&mut Message<T, B>, Instant)]) -> Vec<Held>
where
    T: Send,
    B: Send,
{
    let asked_at = Instant::now();
    let mut short = Vec::new();
    for (place, (message, due)) in waiting.iter_mut().enumerate() {
        let emitted_at = shared.clock.start_time() + Duration::from_nanos(message.emitted_at);
        let Some(lease) = message.envelope.as_mut().and_then(|envelope| envelope.lease.as_mut()) else { continue };
        let length = *lease.length.get_or_insert_with(|| lease.until.saturating_duration_since(emitted_at));
        if *due + length / LEFT > lease.until {
            short.push((place, (*due - asked_at) + length));
        }
    }
    let mut held: Vec<Held> = waiting.iter().map(|(_, due)| Held::Until(*due)).collect();
    if short.is_empty() {
        return held;
    }
    let leases: Vec<(AckRef, &AckData)> =
        short.iter().map(|(place, _)| (waiting[*place].0.ticket.ack_ref(), waiting[*place].0.ticket.data())).collect();
    let by = short.iter().map(|(_, by)| *by).max().unwrap_or_default();
    let renewed = extend(shared, &leases, by).await;
    drop(leases);
    let now = Instant::now();
    for ((place, _), renewed) in short.into_iter().zip(renewed) {
        let (message, due) = &mut waiting[place];
        let Some(lease) = message.envelope.as_mut().and_then(|envelope| envelope.lease.as_mut()) else { continue };
        if renewed {
            lease.until = asked_at + by;
            continue;
        }
        let last = lease.until.checked_sub(lease.length.unwrap_or_default() / LEFT).unwrap_or(now);
        held[place] = if last <= now { Held::Over } else { Held::Until(last.min(*due)) };
    }
    held
}

/// Asks for leases to end `by` from now, in one call for each acknowledger; says whose were renewed.
async fn extend(shared: &Shared, leases: &[(AckRef, &AckData)], by: Duration) -> Vec<bool> {
    let mut renewed = vec![false; leases.len()];
    let mut ack_refs: Vec<AckRef> = leases.iter().map(|(ack_ref, _)| *ack_ref).collect();
    ack_refs.sort_unstable();
    ack_refs.dedup();
    for ack_ref in ack_refs {
        let Some(acknowledger) = shared.acknowledger(ack_ref) else { continue };
        let (places, data): (Vec<usize>, Vec<&AckData>) =
            leases.iter().enumerate().filter(|(_, lease)| lease.0 == ack_ref).map(|(at, lease)| (at, lease.1)).unzip();
        let report = AssertUnwindSafe(acknowledger.extend(ack_ref, &data, by)).catch_unwind().await;
        let report = report.unwrap_or_else(|panic| {
            events::extend_panicked(shared.name(), &panic_text(&*panic));
            AckReport::not_renewed(&data)
        });
        if let Some((_, reason)) = report.undelivered.first() {
            events::not_extended(shared.name(), report.undelivered.len(), &reason.to_string());
        }
        places.iter().for_each(|place| renewed[*place] = true);
        for (at, _) in &report.undelivered {
            places.get(*at).into_iter().for_each(|place| renewed[*place] = false);
        }
    }
    renewed
}
