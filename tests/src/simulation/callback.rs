//! What `handle_message` does, as the dice of its message say.

use broadway::{BatchMode, Message, MessageOf, Result};

use super::{
    Book, Callbacks, Dice, Item, early,
    entry::Due,
    fault::Fault,
    handling::Handling,
    pipeline::{Route, Simulated},
    teller::Note,
};

pub(super) async fn handle(book: &Book, message: &mut MessageOf<Simulated>) -> Result<u64> {
    let plan = book.open().scenario.callbacks;
    let mut dice = message.data.dice.again(message.attempt().into());
    let handling = Handling::begin(book, message);
    let delay = dice.below(plan.delay + 1);
    book.sleep(delay).await;
    message.put_batch_key(&dice.below(plan.keys));
    if dice.percent(plan.flush) {
        message.put_batch_mode(BatchMode::Flush);
    }
    configure(book, message, &plan, &mut dice);
    if dice.percent(plan.early) {
        let early = early::begin(book, std::slice::from_ref(message));
        early.ends(message.ack_immediately().await);
    }
    if dice.percent(plan.hang) {
        std::future::pending::<()>().await;
    }
    if dice.percent(plan.steal) {
        handling.stolen();
        drop(std::mem::replace(message, Message::test(Item::fake())));
        return Ok(0);
    }
    decide(book, message, &plan, &mut dice);
    if dice.percent(plan.panic) {
        handling.fails("panics", Fault::PANIC);
        panic!("told to panic");
    }
    if dice.percent(plan.fail) {
        let fault = Fault::error(&mut dice, &plan);
        message.fail(fault.reason());
        // What the callback returns is its failure, if it is one.
        let err = dice.percent(50).then_some(Fault::PERMANENT);
        handling.fails("fail()", err.unwrap_or(fault));
        return err.map_or(Ok(0), |fault| Err(fault.reason()));
    }
    if dice.percent(plan.error) {
        let fault = Fault::error(&mut dice, &plan);
        handling.fails("errors", fault);
        return Err(fault.reason());
    }
    let number = message.data.number;
    if dice.percent(plan.done) && book.open().message(number).decided.is_none() {
        handling.ends("done()", Due::Successful);
        return message.done();
    }
    let route = handling.route(&mut dice);
    if let Some(route) = route {
        message.put_batcher(Route(route));
    }
    Ok(number * 2 + 1)
}

/// `configure_ack`, with options that its acknowledger takes and others.
fn configure(book: &Book, message: &mut MessageOf<Simulated>, plan: &Callbacks, dice: &mut Dice) {
    if !dice.percent(plan.configure) {
        return;
    }
    let (number, option, wrong) = (message.data.number, dice.between(1, 1000), dice.percent(20));
    let configured = if wrong { message.configure_ack("text") } else { message.configure_ack(Note(option)) };
    let mut entries = book.open();
    entries.tally.count("acknowledgements configured", 1);
    let entry = entries.message(number);
    let (told, pushed) = (entry.early.is_some(), !entry.is_produced());
    if !wrong && !told {
        entry.option = option;
    }
    let as_it_should = configured.is_ok() == (!told && (!wrong || pushed));
    entries.check(as_it_should, || format!("{number} was configured: {configured:?}"));
}

/// `discard()` or `release_after(..)`, which count if the message fails, and rule out another attempt.
fn decide(book: &Book, message: &mut MessageOf<Simulated>, plan: &Callbacks, dice: &mut Dice) {
    if !dice.percent(plan.decide) {
        return;
    }
    let mut entries = book.open();
    entries.tally.count("decided before the end", 1);
    let decided = &mut entries.message(message.data.number).decided;
    if dice.percent(50) {
        message.discard();
        *decided = Some(Due::Discarded);
    } else {
        message.release_after(crate::ms(7));
        *decided = decided.or(Some(Due::Later));
    }
}
