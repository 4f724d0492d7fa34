//! Runs a pipeline from its start to its end: watches the tree, carries out orders to stop, and keeps the one deadline.

use std::sync::{Arc, atomic::Ordering};

use broadway_topology::Tree;
use futures::{
    FutureExt,
    future::{BoxFuture, join, ready},
};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use super::{
    Core,
    hooks::{Hooks, LEAST, NO_RESULT, failed},
    inside::InsideMark,
    order::Order,
    terminator::Terminator,
};
use crate::{
    report::{EndReason, Report, StopError, Stuck},
    spawn::spawn,
    supervision::{Kill, Staff, supervise},
    telemetry::events,
};

/// What a pipeline came to.
pub(crate) type Ending = Result<Report, StopError>;

type TreeTask = JoinHandle<crate::supervision::Ending>;

/// Watched from before its first poll: a runtime may end before it.
pub(crate) fn run(
    core: Arc<Core>,
    staff: Arc<dyn Staff>,
    hooks: Arc<dyn Hooks>,
    worked: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + 'static {
    run_to_the_end(Unfinished(core), staff, hooks, worked)
}

async fn run_to_the_end(core: Unfinished, staff: Arc<dyn Staff>, hooks: Arc<dyn Hooks>, worked: watch::Receiver<bool>) {
    // The pipeline's last callbacks are called from here.
    let _inside = InsideMark::new(core.shared.clone());
    let kill = Kill::default();
    #[cfg(feature = "testing")]
    core.shared.faults.expose("supervisor", &kill);
    let mut tree = spawn("supervisor", supervise(Tree::of(&core.topology), staff.clone(), kill.clone()));
    let mut last = Last { core: &core, hooks: &*hooks, running: None, called: false, errors: Vec::new() };
    let ended = watch_over(&core, &mut tree, &mut last, worked).await;
    let deadline;
    let mut ending = match ended {
        Ended::Tree(Ok(()), order) => {
            deadline = order.map_or_else(Instant::now, |order| order.deadline);
            Ok(core.report(order.map_or(EndReason::Finished, |order| order.reason)))
        }
        Ended::Tree(Err(reason), earlier) => {
            // Its stages are stopped, and what they held is in the lane.
            let order = Order::at_once(EndReason::Stopped).after(earlier);
            core.shared.fence();
            staff.abandon();
            deadline = order.deadline;
            release_what_is_left(&core, deadline, last.finish(order), ready(())).await;
            Err(StopError::GaveUp { reason, report: core.report(order.reason) })
        }
        Ended::Deadline(order) => {
            events::deadline(core.shared.name(), core.shared.in_flight());
            core.shared.fence();
            kill.kill();
            staff.abandon();
            deadline = order.deadline;
            let (tell, told) = oneshot::channel::<()>();
            let stopped = async {
                drop((&mut tree).await);
                drop(tell);
                if Instant::now() < deadline {
                    last.finish(order).await;
                }
            };
            // Where an order leaves no time, stages that yield have still to be polled: only those that do not are stuck.
            let yielded = timeout(LEAST, told).map(drop);
            release_what_is_left(&core, deadline, stopped, yielded).await;
            let report = core.report(order.reason);
            match stuck(&core) {
                stuck if stuck.is_empty() => Ok(report),
                stuck => Err(StopError::Stuck { stages: stuck, report }),
            }
        }
    };
    let gave_up = core.shared.gave_up().borrow().clone();
    ending = match (ending, gave_up) {
        (Ok(report), Some(reason)) => Err(StopError::GaveUp { reason, report }),
        (ending, _) => ending,
    };
    let mut errors = last.errors();
    errors.extend(stop(&core, &*hooks, deadline).await.err());
    if let Ok(report) | Err(StopError::Stuck { report, .. } | StopError::GaveUp { report, .. }) = &mut ending {
        report.hook_errors = errors;
        report.took = core.shared.took();
    }
    events::pipeline_end(core.shared.name(), ending.as_ref());
    core.shared.observe(|observer| observer.pipeline_end(core.shared.name(), ending.as_ref()));
    core.end(ending);
}

/// If the runtime ends first, those who wait are told.
struct Unfinished(Arc<Core>);

impl std::ops::Deref for Unfinished {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.end(Err(StopError::RuntimeEnded));
        }
    }
}

enum Ended {
    Tree(crate::supervision::Ending, Option<Order>),
    Deadline(Order),
}

/// `on_drained`, called once.
struct Last<'a> {
    core: &'a Core,
    hooks: &'a dyn Hooks,
    running: Option<BoxFuture<'static, Result<(), String>>>,
    called: bool,
    errors: Vec<String>,
}

impl Last<'_> {
    fn call(&mut self, order: Order) {
        self.called = true;
        self.running = Some(self.hooks.drained(self.core.report(order.reason), order.deadline));
    }

    /// Runs what was called. Cancel-safe.
    async fn run(&mut self) {
        if let Some(running) = &mut self.running {
            self.errors.extend(running.await.err());
            self.running = None;
            self.hooks.go_on();
        }
    }

    /// Calls what was not called, and runs it.
    async fn finish(&mut self, order: Order) {
        if !self.called {
            self.call(order);
        }
        self.run().await;
    }

    /// What went wrong; if it still runs, it is cut.
    fn errors(&mut self) -> Vec<String> {
        let cut = self.running.take().map(|_| failed(self.core.shared.name(), "on_drained", NO_RESULT));
        self.errors.drain(..).chain(cut).collect()
    }
}

/// Waits for the tree's end, or for the moment at which callbacks must be cut.
async fn watch_over(core: &Core, tree: &mut TreeTask, last: &mut Last<'_>, mut worked: watch::Receiver<bool>) -> Ended {
    let mut orders = core.orders.subscribe();
    let mut gave_up = core.shared.gave_up();
    // An order that came before this task ran counts too.
    orders.mark_changed();
    let mut order: Option<Order> = None;
    loop {
        let cut_at = order.map_or_else(Instant::now, |order| order.cut_at);
        tokio::select! {
            biased;
            ending = &mut *tree => {
                let ending = ending.unwrap_or_else(|error| Err(format!("`supervisor` crashed: {error}")));
                return Ended::Tree(ending, order);
            }
            Ok(()) = orders.changed() => {
                order = *orders.borrow_and_update();
                if let Some(order) = order
                    && order.reason != EndReason::Finished
                {
                    core.shared.cut_callbacks(order.cut_at);
                    core.shared.drain();
                }
            }
            // The end that a stage asks for is a drain: the others are well.
            Ok(_) = gave_up.wait_for(Option::is_some), if order.is_none() => {
                core.order(Order::within(EndReason::Stopped, core.topology.shutdown));
            }
            // All layers have ended. `on_drained`, and what a callback took, have as long as a drain.
            Ok(true) = async { worked.wait_for(|worked| *worked).await.map(|worked| *worked) }, if !last.called => {
                last.call(*order.get_or_insert_with(|| Order::within(EndReason::Finished, core.topology.shutdown)));
            }
            () = last.run(), if last.running.is_some() => {}
            () = sleep_until(cut_at), if order.is_some() => {
                if let Some(order) = order {
                    return Ended::Deadline(order);
                }
            }
        }
    }
}

/// `on_stop`, which a later order cuts like an earlier one.
async fn stop(core: &Core, hooks: &dyn Hooks, deadline: Instant) -> Result<(), String> {
    let least = Instant::now() + LEAST;
    tokio::select! {
        biased;
        result = hooks.stopped(deadline.max(least)) => result,
        () = past(core, deadline, least) => Err(failed(core.shared.name(), "on_stop", NO_RESULT)),
    }
}

/// Waits until the deadline, which a later order can bring forward, but not before `least`.
async fn past(core: &Core, mut deadline: Instant, least: Instant) {
    let mut orders = core.orders.subscribe();
    // An order that came before counts too.
    orders.mark_changed();
    loop {
        tokio::select! {
            biased;
            Ok(()) = orders.changed() => {
                deadline = orders.borrow_and_update().map_or(deadline, |order| deadline.min(order.deadline));
            }
            () = sleep_until(deadline.max(least)) => return,
        }
    }
}

/// Serves the release lane until `stopped`, and all is settled, or until the deadline, which a later order can bring
/// forward, and `yielded`.
async fn release_what_is_left(
    core: &Core,
    deadline: Instant,
    stopped: impl Future<Output = ()>,
    yielded: impl Future<Output = ()>,
) {
    let done = watch::Sender::new(false);
    let terminator = Terminator::new(core.shared.clone(), core.shared.probe("terminator"), done.subscribe());
    let releasing = async {
        tokio::join!(terminator.run(), async {
            stopped.await;
            done.send_replace(true);
        });
    };
    // Past the deadline the sources' own redelivery takes over.
    tokio::select! {
        biased;
        () = releasing => {}
        _ = join(past(core, deadline, deadline.min(Instant::now())), yielded) => {}
    }
}

/// Stages whose callbacks have not yielded.
fn stuck(core: &Core) -> Vec<Stuck> {
    let running = core.shared.counters.stages().filter(|(.., counters)| counters.running.load(Ordering::SeqCst));
    running
        .map(|(stage, _, counters)| Stuck {
            stage: stage.to_owned(),
            messages: counters.in_hand.load(Ordering::Relaxed),
        })
        .collect()
}
