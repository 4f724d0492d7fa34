//! What `prepare_messages` and `handle_failed` do, and what they are lent.

use broadway::{MessageOf, Result, ack_immediately};
use tokio::time::Instant;

use super::{Book, Dice, early, entry::Due, fault::Fault, pipeline::Simulated};

const PREPARE: u64 = 41;
const FAILED: u64 = 43;

/// `prepare_messages`.
pub(super) async fn prepare(book: &Book, messages: &mut [MessageOf<Simulated>]) -> Result<()> {
    let (plan, mut dice) = {
        let mut entries = book.open();
        let Some(first) = messages.first() else {
            entries.check(false, || "prepare_messages is lent nothing".into());
            return Ok(());
        };
        for message in messages.iter() {
            let (number, attempt) = (message.data.number, u64::from(message.attempt()));
            let entry = entries.sees(number).clone();
            let failing = message.failure().is_some() == (entry.due == Due::Failed);
            entries.check(failing, || format!("{number} is prepared with {:?}: {entry:?}", message.failure()));
            let over = attempt > 1 && entry.lease.is_some_and(|(until, _)| until <= Instant::now());
            entries.check(!over, || format!("{number} is tried again, and its lease is over: {entry:?}"));
        }
        let number = first.data.number;
        (entries.scenario.callbacks, Dice::of(entries.scenario.seed, PREPARE, number).again(first.attempt().into()))
    };
    if messages.iter().all(|message| message.failure().is_none()) && dice.percent(plan.early / 4) {
        let early = early::begin(book, messages);
        early.ends(ack_immediately(messages).await);
    }
    if !dice.percent(plan.prepare) {
        return Ok(());
    }
    let panics = dice.percent(50);
    let fault = if panics { Fault::PANIC } else { Fault::error(&mut dice, &plan) };
    let mut entries = book.open();
    let partitioned = entries.scenario.shape.partitioned;
    let mut tried_again = Vec::new();
    for message in messages.iter() {
        entries.leaves(message.data.number);
        // What may not overtake one that is tried again waits behind it, and is prepared again.
        if !tried_again.contains(&message.data.partition) && entries.message(message.data.number).due != Due::Failed {
            entries.fails(message.data.number, fault);
            if partitioned && entries.message(message.data.number).due == Due::Again {
                tried_again.push(message.data.partition);
            }
        }
    }
    entries.tally.fault("prepare_messages");
    drop(entries);
    assert!(!panics, "told to panic");
    Err(fault.reason())
}

/// `handle_failed`.
pub(super) fn failed(book: &Book, messages: &mut [MessageOf<Simulated>]) -> Result<()> {
    let mut entries = book.open();
    let Some(first) = messages.first() else {
        entries.check(false, || "handle_failed is lent nothing".into());
        return Ok(());
    };
    let plan = entries.scenario.callbacks;
    let mut dice = Dice::of(entries.scenario.seed, FAILED, first.data.number);
    let fails = dice.percent(plan.failed);
    for message in messages.iter_mut() {
        let number = message.data.number;
        entries.leaves(number);
        let entry = entries.sees(number);
        entry.failed += 1;
        let entry = entry.clone();
        let why = message.failure().map(|failure| (failure.kind(), u64::from(failure.attempts())));
        entries.check(why == entry.failure && entry.due == Due::Failed, || {
            format!("isolated: handle_failed sees {number} with {why:?}: {entry:?}")
        });
        entries.check(entry.failed == 1, || format!("handle_failed sees {number} again"));
        let decided = if fails {
            Due::Released
        } else if dice.percent(plan.discard) {
            message.discard();
            Due::Discarded
        } else if dice.percent(plan.later) {
            message.release_after(crate::ms(5));
            Due::Later
        } else {
            Due::Failed
        };
        let entry = entries.message(number);
        entry.due = match (decided, entry.decided) {
            (Due::Released, _) => Due::Released,
            (Due::Discarded, _) | (_, Some(Due::Discarded)) => Due::Discarded,
            (_, Some(earlier)) => earlier,
            (decided, None) => decided,
        };
        entry.back = fails;
    }
    if fails {
        entries.tally.fault("handle_failed");
        drop(entries);
        assert!(dice.percent(50), "told to panic");
        return Err("told to fail".into());
    }
    Ok(())
}
