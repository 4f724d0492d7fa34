//! Subscribe, ask and cancel racing each other, and the end of either side.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use loom::thread;

use crate::{
    bounds::Size,
    stage::{
        Buffer, Counters, Demand, Happening, Inbox, Inlet, Keep, Order, Outlet, Port, Reason, Request, Standing,
        Subscription, To,
    },
    waiting::{all_once, wait_as_task},
};

/// A producer's stage: gives one number for each that is asked for, until it is told to end. Gives how many it emitted, and
/// how many of those were discarded.
fn producer(port: &Arc<Port<u32>>, messages: u32) -> thread::JoinHandle<(u32, usize)> {
    let port = port.clone();
    thread::spawn(move || {
        let discarded = Arc::new(AtomicUsize::new(0));
        let counted = discarded.clone();
        let on_discard = Box::new(move |events| {
            counted.fetch_add(events, Ordering::Relaxed);
        });
        let (buffer, counters) = (Buffer::new(10, Keep::Last), Arc::<Counters>::default());
        let mut outlet = Outlet::new(port, Box::new(Demand::new()), buffer, counters, on_discard, Standing::default());
        let mut emitted = 0;
        while wait_as_task(wanted(&mut outlet, emitted < messages)) {
            outlet.emit(vec![emitted]);
            emitted += 1;
        }
        outlet.close(&Reason::Finished);
        (emitted, discarded.load(Ordering::Relaxed))
    })
}

/// Waits for demand: false when the stage is to end.
fn wanted(outlet: &mut Outlet<u32>, has_more: bool) -> impl Future<Output = bool> {
    poll_fn(move |cx| {
        while outlet.poll_calls(cx).is_ready() {}
        match outlet.order() {
            Order::Run if has_more && outlet.demand() > 0 => Poll::Ready(true),
            Order::Run => Poll::Pending,
            _ => Poll::Ready(false),
        }
    })
}

/// Subscribes, and asks for one event at a time.
fn subscribe(inlet: &mut Inlet<u32>, port: &Arc<Port<u32>>) -> Subscription {
    let to = To::new(port.clone(), "producer".into(), Arc::new(())).max_demand(1);
    let subscription = inlet.join(Request { to, replaces: None, answer: Box::new(drop) }).expect("it makes sense");
    inlet.ask_automatically(&subscription);
    subscription
}

fn next(inlet: &mut Inlet<u32>) -> Happening<u32> {
    wait_as_task(poll_fn(|cx| inlet.poll(cx, true)))
}

fn inlet() -> Inlet<u32> {
    Inlet::new(Arc::new(Inbox::new()))
}

/// Handles the events of a subscription until it has ended, or `enough` are there.
fn handle(inlet: &mut Inlet<u32>, subscription: &Subscription, got: &mut Vec<u32>, enough: usize) {
    while got.len() < enough {
        match next(inlet) {
            Happening::Events(from, events) => {
                assert!(from == subscription.id(), "of a subscription that is no more");
                got.extend(events.iter().copied());
                inlet.handled(from, events.len());
            }
            Happening::Left(..) => return,
            Happening::Refused(..) | Happening::Request(_) | Happening::Mark(_) => {
                unreachable!("nobody asks, nor refuses")
            }
        }
    }
}

/// A consumer whose subscription is cancelled while it asks, and that subscribes again.
pub(crate) fn cancelled(size: Size) {
    let port = Arc::new(Port::new(Standing::default()));
    let producer = producer(&port, size.messages());
    let (mut inlet, mut got) = (inlet(), Vec::new());
    let subscription = subscribe(&mut inlet, &port);
    let teller = subscription.clone();
    let cancels = thread::spawn(move || teller.cancel(Reason::Stopped));
    handle(&mut inlet, &subscription, &mut got, usize::MAX);
    assert!(inlet.is_empty(), "nothing comes after the end");
    let subscription = subscribe(&mut inlet, &port);
    handle(&mut inlet, &subscription, &mut got, size.messages() as usize);
    cancels.join().unwrap();
    port.order(Order::End(Reason::Stopped));
    let (emitted, discarded) = producer.join().unwrap();
    assert_eq!((emitted, discarded), (size.messages(), 0));
    all_once([got], size.messages());
}

/// One consumer ends whatever it was sent, the other gets the rest: nothing is lost but what went with the first.
pub(crate) fn left(size: Size) {
    let port = Arc::new(Port::new(Standing::default()));
    let producer = producer(&port, size.messages());
    let goes = {
        let port = port.clone();
        thread::spawn(move || {
            let mut inlet = inlet();
            subscribe(&mut inlet, &port);
            inlet.close(&Reason::Stopped)
        })
    };
    let (mut stays, mut got) = (inlet(), Vec::new());
    let subscription = subscribe(&mut stays, &port);
    let unread = goes.join().unwrap();
    // At most one was sent to the other, whether it read it or not.
    while got.len() + 1 < size.messages() as usize {
        if let Happening::Events(_, events) = next(&mut stays) {
            got.extend(events.iter().copied());
            stays.handled(subscription.id(), events.len());
        }
    }
    port.order(Order::End(Reason::Stopped));
    let (emitted, discarded) = producer.join().unwrap();
    let rest = stays.close(&Reason::Stopped);
    assert_eq!(got.len() + rest + unread + discarded, emitted as usize, "an event was lost, or counted twice");
}

/// The producer ends while somebody subscribes: there is one end, and the consumer does not wait for ever.
pub(crate) fn ended(_: Size) {
    let port = Arc::new(Port::new(Standing::default()));
    let producer = producer(&port, 1);
    let ends = {
        let port = port.clone();
        thread::spawn(move || port.order(Order::End(Reason::Stopped)))
    };
    let (mut inlet, mut got) = (inlet(), 0);
    subscribe(&mut inlet, &port);
    loop {
        match next(&mut inlet) {
            Happening::Events(from, events) => {
                got += events.len();
                inlet.handled(from, events.len());
            }
            Happening::Left(_, _, reason) => {
                assert!(matches!(reason, Reason::Finished | Reason::NotRunning), "{reason}");
                break;
            }
            Happening::Refused(..) | Happening::Request(_) | Happening::Mark(_) => {
                unreachable!("nobody asks, nor refuses")
            }
        }
    }
    ends.join().unwrap();
    let (emitted, discarded) = producer.join().unwrap();
    assert_eq!((got, discarded), (emitted as usize, 0));
    assert!(inlet.is_empty());
}
