//! Trees of fake stages, that crash and end when the test says so, and log what is done to them: `+a` started, `-a` stopped
//! or crashed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use broadway_topology::{Intensity, Layer, Node, Role, Strategy, Tree};
use futures::future::BoxFuture;
use tokio::{sync::oneshot, task::JoinHandle};

use super::*;

/// What a stage is told to do.
enum Command {
    Crash,
    End,
}

#[derive(Default)]
struct Fake {
    log: Mutex<Vec<String>>,
    stages: Mutex<HashMap<String, oneshot::Sender<Command>>>,
}

impl Fake {
    fn note(&self, entry: String) {
        self.log.lock().unwrap().push(entry);
    }
}

struct Life(Arc<Fake>, String);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.note(format!("-{}", self.1));
    }
}

impl Staff for Arc<Fake> {
    fn start(&self, name: &str, _role: Role) -> BoxFuture<'static, ()> {
        let (sender, command) = oneshot::channel();
        self.stages.lock().unwrap().insert(name.to_owned(), sender);
        let life = Life(self.clone(), name.to_owned());
        self.note(format!("+{name}"));
        Box::pin(async move {
            let _life = life;
            if let Ok(Command::Crash) = command.await {
                // No message, and no trace in the test's output.
                std::panic::resume_unwind(Box::new("told to crash"));
            }
        })
    }

    fn stage_ended(&self, role: Role) {
        self.note(format!("ended {role:?}"));
    }

    fn layer_ended(&self, layer: Layer) {
        self.note(format!("ended {layer:?}"));
    }

    fn abandon(&self) {}
}

struct Test {
    fake: Arc<Fake>,
    kill: Kill,
    task: JoinHandle<Ending>,
}

impl Test {
    async fn start(tree: Tree) -> Self {
        let (fake, kill) = (Arc::<Fake>::default(), Kill::default());
        let task = tokio::spawn(supervise(tree, Arc::new(fake.clone()), kill.clone()));
        let test = Self { fake, kill, task };
        test.settle().await;
        test
    }

    /// Lets everything run that can. Time is paused, so it moves on only when nothing else can.
    async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    async fn tell(&self, stage: &str, command: Command) {
        let sender = self.fake.stages.lock().unwrap().remove(stage).expect("the stage runs");
        assert!(sender.send(command).is_ok(), "`{stage}` is gone");
        self.settle().await;
    }

    /// What was done since the last look.
    fn log(&self) -> String {
        std::mem::take(&mut *self.fake.log.lock().unwrap()).join(" ")
    }
}

fn stage(name: &str, index: usize) -> Node {
    Node::Stage { name: name.into(), role: Role::Producer(index) }
}

fn tree(name: &str, strategy: Strategy, max_restarts: u64, children: Vec<Node>) -> Tree {
    let intensity = Intensity { max_restarts, max_seconds: 5 };
    Tree { name: name.into(), layer: Layer::Producers, strategy, intensity, children }
}

fn three(strategy: Strategy, max_restarts: u64) -> Tree {
    tree("three", strategy, max_restarts, vec![stage("a", 0), stage("b", 1), stage("c", 2)])
}

#[tokio::test(start_paused = true)]
async fn a_crash_restarts_what_the_strategy_says_and_stops_the_last_first() {
    for (strategy, log) in [
        (Strategy::OneForOne, "-b +b"),
        (Strategy::RestForOne, "-b -c +b +c"),
        (Strategy::OneForAll, "-b -c -a +a +b +c"),
    ] {
        let test = Test::start(three(strategy, 3)).await;
        assert_eq!(test.log(), "+a +b +c");
        test.tell("b", Command::Crash).await;
        assert_eq!(test.log(), log, "{strategy}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_not_started_again_and_the_layer_ends_with_its_last_stage() {
    let test = Test::start(three(Strategy::OneForAll, 3)).await;
    test.tell("a", Command::End).await;
    test.tell("b", Command::Crash).await;
    assert_eq!(test.log(), "+a +b +c -a ended Producer(0) -b -c +b +c");
    test.tell("c", Command::End).await;
    assert!(!test.task.is_finished());
    test.tell("b", Command::End).await;
    assert_eq!(test.log(), "-c ended Producer(2) -b ended Producer(1) ended Producers");
    assert!(test.task.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn one_crash_too_many_within_the_window_stops_everything() {
    let test = Test::start(three(Strategy::OneForOne, 2)).await;
    test.tell("a", Command::Crash).await;
    test.tell("b", Command::Crash).await;
    test.log();
    test.tell("c", Command::Crash).await;
    assert_eq!(test.log(), "-c -b -a");
    let gave_up = test.task.await.unwrap().unwrap_err();
    assert_eq!(gave_up, "`c` crashed when `three` had used up its 2 restarts in 5 s: told to crash");
}

#[tokio::test(start_paused = true)]
async fn crashes_outside_of_the_window_do_not_add_up() {
    let test = Test::start(three(Strategy::OneForOne, 2)).await;
    for _ in 0..20 {
        test.tell("a", Command::Crash).await;
        tokio::time::sleep(Duration::from_millis(2_600)).await;
    }
    assert!(!test.task.is_finished());
    // The last one was 2.6 s ago: with two more there are three within 5 s.
    test.tell("a", Command::Crash).await;
    assert!(!test.task.is_finished());
    test.tell("a", Command::Crash).await;
    assert!(test.task.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gives_up_is_a_crash_for_the_one_above() {
    let inner = tree("inner", Strategy::OneForAll, 0, vec![stage("b", 1), stage("c", 2)]);
    let outer = tree("outer", Strategy::RestForOne, 1, vec![stage("a", 0), Node::Supervisor(inner), stage("d", 3)]);
    let test = Test::start(outer).await;
    // `inner` starts its children when its own task runs.
    assert_eq!(test.log(), "+a +d +b +c");
    test.tell("c", Command::Crash).await;
    assert_eq!(test.log(), "-c -b -d +d +b +c");
    test.tell("b", Command::Crash).await;
    assert_eq!(test.log(), "-b -c -d -a");
    assert_eq!(
        test.task.await.unwrap().unwrap_err(),
        "`inner` crashed when `outer` had used up its one restart in 5 s: `b` crashed: told to crash"
    );
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_is_killed_stops_all_its_stages_and_counts_no_crash() {
    let inner = tree("inner", Strategy::OneForAll, 0, vec![stage("b", 1), stage("c", 2)]);
    let outer = tree("outer", Strategy::RestForOne, 1, vec![stage("a", 0), Node::Supervisor(inner), stage("d", 3)]);
    let test = Test::start(outer).await;
    test.log();
    test.kill.kill();
    test.settle().await;
    let mut stopped: Vec<String> = test.log().split(' ').map(str::to_owned).collect();
    stopped.sort();
    assert_eq!(stopped, ["-a", "-b", "-c", "-d"]);
    assert!(test.task.await.unwrap().is_ok());
}
