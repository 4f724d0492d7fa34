//! One supervisor: a task that owns its children. A child that returns has ended for good; one that panics has crashed. A
//! supervisor that gives up stops its children, last first, and crashes in its turn.

use std::{future::poll_fn, pin::Pin, sync::Arc, task::Poll};

use broadway_topology::{Intensity, Layer, Node, Role, Tree};
use futures::future::BoxFuture;
use tokio::task::{JoinError, JoinHandle};

use super::{Kill, intensity::Restarts, strategy::affected};
use crate::{failure::panic_text, spawn::spawn};

/// What a tree is made of: the stages to start, and who wants to know when a layer has ended.
pub(crate) trait Staff: Send + Sync + 'static {
    /// The stage's whole life, from here to its end.
    fn start(&self, name: &str, role: Role) -> BoxFuture<'static, ()>;

    /// A stage has ended and will not be started again.
    fn stage_ended(&self, role: Role);

    /// All stages of a layer have ended.
    fn layer_ended(&self, layer: Layer);

    /// A stage or a supervisor is started, and ends when `kill` says so.
    #[cfg(feature = "testing")]
    fn exposed(&self, _name: &str, _kill: &Kill) {}

    /// A stage or a supervisor crashed.
    fn crashed(&self, _supervisor: &str, _child: &str, _reason: &str) {}

    /// The tree was stopped before its end: what waits between the stages is let go of.
    fn abandon(&self);
}

/// How a stage or a supervisor ended: for good, or with a crash and its reason.
pub(crate) type Ending = Result<(), String>;

struct Child {
    node: Node,
    running: Option<Running>,
}

struct Running {
    kill: Kill,
    task: JoinHandle<Ending>,
}

/// Runs a tree until all its stages have ended, it gave up, or it is killed.
pub(crate) fn supervise(tree: Tree, staff: Arc<dyn Staff>, kill: Kill) -> BoxFuture<'static, Ending> {
    Box::pin(async move {
        let Tree { name, layer, strategy, intensity, children } = tree;
        let children = children.into_iter().map(|node| Child { node, running: None }).collect();
        let mut supervisor = Supervisor { name, staff, kill, children };
        let mut restarts = Restarts::new(intensity);
        (0..supervisor.children.len()).for_each(|index| supervisor.start(index));
        loop {
            let (index, ending) = match supervisor.next_end().await {
                Next::Ended(index, ending) => (index, ending),
                Next::Killed(ending) => {
                    supervisor.stop(0..supervisor.children.len()).await;
                    return ending.map_err(|reason| format!("`{}` was {reason}", supervisor.name));
                }
            };
            let Err(reason) = ending else {
                if let Node::Stage { role, .. } = supervisor.children[index].node {
                    supervisor.staff.stage_ended(role);
                }
                if supervisor.children.iter().all(|child| child.running.is_none()) {
                    supervisor.staff.layer_ended(layer);
                    return Ok(());
                }
                continue;
            };
            let child = supervisor.children[index].name().to_owned();
            supervisor.staff.crashed(&supervisor.name, &child, &reason);
            let affected = affected(strategy, index, supervisor.children.len());
            // What has ended for good is not started again.
            let again: Vec<usize> = affected
                .clone()
                .filter(|other| *other == index || supervisor.children[*other].running.is_some())
                .collect();
            if !restarts.accept() {
                supervisor.stop(0..supervisor.children.len()).await;
                return Err(gave_up(&supervisor.name, intensity, &child, &reason));
            }
            supervisor.stop(affected).await;
            again.into_iter().for_each(|index| supervisor.start(index));
        }
    })
}

/// Why a supervisor crashes: one more crash of a child than it may answer with a restart.
fn gave_up(supervisor: &str, intensity: Intensity, child: &str, reason: &str) -> String {
    match intensity {
        Intensity { max_restarts: 0, .. } => format!("`{child}` crashed: {reason}"),
        Intensity { max_restarts, max_seconds } => {
            let restarts = if max_restarts == 1 { "one restart".into() } else { format!("{max_restarts} restarts") };
            format!("`{child}` crashed when `{supervisor}` had used up its {restarts} in {max_seconds} s: {reason}")
        }
    }
}

struct Supervisor {
    name: String,
    staff: Arc<dyn Staff>,
    kill: Kill,
    children: Vec<Child>,
}

impl Supervisor {
    fn start(&mut self, index: usize) {
        let kill = Kill::default();
        #[cfg(feature = "testing")]
        self.staff.exposed(self.children[index].name(), &kill);
        let task = match &self.children[index].node {
            Node::Stage { name, role } => {
                let (life, killed) = (self.staff.start(name, *role), kill.clone());
                spawn(name, async move {
                    // The stage first: the signal is only looked at when the stage has nothing to do.
                    tokio::select! {
                        biased;
                        () = life => Ok(()),
                        ending = killed.killed() => ending,
                    }
                })
            }
            Node::Supervisor(tree) => spawn(&tree.name, supervise(tree.clone(), self.staff.clone(), kill.clone())),
        };
        self.children[index].running = Some(Running { kill, task });
    }

    /// The next child that ends, unless this supervisor is killed.
    async fn next_end(&mut self) -> Next {
        let children = &mut self.children;
        let next = poll_fn(|cx| {
            for (index, child) in children.iter_mut().enumerate() {
                if let Some(running) = &mut child.running
                    && let Poll::Ready(ending) = Pin::new(&mut running.task).poll(cx)
                {
                    child.running = None;
                    return Poll::Ready(Next::Ended(index, ended(ending)));
                }
            }
            Poll::Pending
        });
        tokio::select! {
            biased;
            ending = self.kill.killed() => Next::Killed(ending),
            next = next => next,
        }
    }

    /// Stops children, last first. All are told before one is waited for, so that one that does not yield keeps no other
    /// running.
    async fn stop(&mut self, range: std::ops::Range<usize>) {
        let children = &mut self.children[range];
        children.iter().rev().filter_map(|child| child.running.as_ref()).for_each(|running| running.kill.kill());
        for child in children.iter_mut().rev() {
            if let Some(running) = child.running.take() {
                // It was told to stop: how it ends makes no difference.
                let _ = running.task.await;
            }
        }
    }
}

impl Child {
    fn name(&self) -> &str {
        match &self.node {
            Node::Stage { name, .. } => name,
            Node::Supervisor(tree) => &tree.name,
        }
    }
}

enum Next {
    Ended(usize, Ending),
    Killed(Ending),
}

fn ended(ending: Result<Ending, JoinError>) -> Ending {
    match ending {
        Ok(ending) => ending,
        Err(error) => Err(match error.try_into_panic() {
            Ok(panic) => panic_text(&*panic),
            Err(error) => error.to_string(),
        }),
    }
}
