//! What `handle_batch` does, as the dice of its batch say.

use broadway::{Batch, Result, ack_immediately};

use super::{Book, Callbacks, Dice, batching::Batching, early, fault::Fault, pipeline::Simulated};

pub(super) async fn handle(book: &Book, batch: &mut Batch<Simulated>) -> Result<()> {
    let plan = book.open().scenario.callbacks;
    let (batching, mut dice) = Batching::begin(book, batch);
    let delay = dice.below(plan.batch_delay + 1);
    book.sleep(delay).await;
    if dice.percent(plan.early) {
        let early = early::begin(book, batch.messages());
        early.ends(ack_immediately(batch.messages_mut()).await);
    }
    if dice.percent(plan.batch_swap) {
        swap(batch);
    }
    if dice.percent(plan.batch_hang) {
        std::future::pending::<()>().await;
    }
    items(book, batch, &batching, &plan, &mut dice).await;
    if dice.percent(plan.take) {
        batching.outputs(false);
        let outputs = batch.take_outputs();
        book.open().tally.count("outputs taken", 1);
        if dice.percent(50) {
            batch.put_outputs(outputs);
            batching.outputs(true);
        }
    }
    if dice.percent(plan.batch_panic) {
        batching.ends("batch panics", Some(Fault::PANIC));
        panic!("told to panic");
    }
    if batch.messages().iter().any(|message| message.data.poison) {
        let fault = if dice.percent(80) { Fault::PERMANENT } else { Fault::PLAIN };
        batching.ends("poisoned batches", Some(fault));
        return Err(fault.reason());
    }
    if dice.percent(plan.batch_error) {
        let fault = Fault::error(&mut dice, &plan);
        batching.ends("batch errors", Some(fault));
        return Err(fault.reason());
    }
    batching.ends("batches", None);
    Ok(())
}

/// The first and the last message change places, with their outputs.
fn swap(batch: &mut Batch<Simulated>) {
    let last = batch.len() - 1;
    batch.messages_mut().swap(0, last);
    let mut outputs = batch.take_outputs();
    outputs.swap(0, last);
    batch.put_outputs(outputs);
}

/// Messages fail by themselves, in one of the ways that there are.
async fn items(book: &Book, batch: &mut Batch<Simulated>, batching: &Batching, plan: &Callbacks, dice: &mut Dice) {
    if dice.percent(plan.each) {
        let limit = dice.below(4) as usize;
        let (delay, dice) = (dice.below(plan.batch_delay + 1), &*dice);
        book.open().tally.count("for_each_concurrent", 1);
        batch
            .for_each_concurrent(limit, |message, output| async move {
                let number = message.data.number;
                let mut dice = dice.again(number + 2);
                let right = *output == number * 2 + 1;
                book.open().check(right, || format!("{number} is worked on with {output}"));
                book.sleep(dice.below(delay + 1)).await;
                match dice.below(100) {
                    0..=9 => {
                        batching.item(number, "item panics", Fault::PANIC);
                        panic!("told to panic");
                    }
                    10..=29 => {
                        let fault = Fault::error(&mut dice, plan);
                        batching.item(number, "item errors", fault);
                        Err(fault.reason())
                    }
                    _ => Ok(()),
                }
            })
            .await;
    } else if dice.percent(plan.settle) {
        book.open().tally.count("settle_each", 1);
        let wrong = dice.percent(10);
        let mut results = Vec::new();
        for message in batch.messages() {
            let fails = dice.percent(30);
            let fault = if fails { Fault::error(dice, plan) } else { Fault::PLAIN };
            if fails || wrong {
                batching.item(message.data.number, "settled as failed", fault);
            }
            results.push(if fails { Err(fault.reason()) } else { Ok(()) });
        }
        if wrong {
            results.push(Ok(()));
        }
        batch.settle_each(results);
    } else if dice.percent(plan.batch_fail) {
        for message in batch.messages_mut() {
            if !dice.percent(30) {
                continue;
            }
            let fault = Fault::error(dice, plan);
            message.fail(fault.reason());
            batching.item(message.data.number, "fail() in a batch", fault);
        }
    }
}
