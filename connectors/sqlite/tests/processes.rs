//! Several processes share one file: each message goes to one of them, and what a killed one held comes back.
//!
//! The other processes are this very test program, which runs one of the tests at the end as its main function.

mod support;

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use broadway_sqlite::{Entry, SqliteQueue};
use support::{Place, text};

const TIMEOUT: Duration = Duration::from_secs(120);
const FILE: &str = "BROADWAY_SQLITE_TEST_FILE";

/// A process that is killed with the test.
struct Process(Child);

impl Process {
    fn run(main: &str, place: &Place) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", main, "--nocapture", "--test-threads=1"]).env(FILE, place.path());
        Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// What it says, without what the test harness says; ends when the process does.
    fn says(&mut self) -> impl Iterator<Item = String> + use<> {
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        lines.map_while(Result::ok).filter_map(|line| Some(line.split_once("say ")?.1.to_owned()))
    }

    /// `kill -9`.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn queue(path: impl Into<std::path::PathBuf>) -> SqliteQueue {
    SqliteQueue::options().visibility_timeout(TIMEOUT).open(path).await.unwrap()
}

#[tokio::test]
async fn leases_of_a_killed_process_end_by_the_clock() {
    let place = Place::new();
    let queue = queue(place.path()).await;
    queue.send_batch((0..5).map(|n| n.to_string())).await.unwrap();
    let mut process = Process::run("holds_leases", &place);
    let held: Vec<String> = process.says().take(3).collect();
    assert_eq!(held, ["0", "1", "2"]);
    process.kill();

    let rest = queue.receive(10).await.unwrap();
    assert_eq!(support::texts(&rest), ["3", "4"]);
    place.time_passes(TIMEOUT);
    let again = queue.receive(10).await.unwrap();
    assert_eq!(again.iter().map(text).collect::<BTreeSet<_>>(), BTreeSet::from(["0", "1", "2", "3", "4"]));
    assert!(again.iter().all(|message| message.receive_count == 2));
}

#[tokio::test]
async fn what_was_sent_survives_kill_9() {
    let place = Place::new();
    let mut process = Process::run("sends_for_ever", &place);
    let mut said = process.says();
    let mut sent: Vec<String> = said.by_ref().take(25).collect();
    process.kill();
    // What it managed to say before it was gone.
    sent.extend(said);
    let queue = queue(place.path()).await;
    let received = queue.receive(1_000_000).await.unwrap();
    let stored: BTreeSet<&str> = received.iter().map(text).collect();
    assert!(sent.len() >= 25);
    for body in &sent {
        assert!(stored.contains(&**body), "{body} was sent and is gone");
    }
    // At most the one that was being sent is there and was not reported.
    assert!(stored.len() <= sent.len() + 1, "{} stored, {} sent", stored.len(), sent.len());
}

#[tokio::test]
async fn two_processes_share_the_messages() {
    let place = Place::new();
    let queue = queue(place.path()).await;
    queue.send_batch((0..1000).map(|n| format!("{n:04}"))).await.unwrap();
    let mut processes = [Process::run("receives_all", &place), Process::run("receives_all", &place)];
    let says: Vec<_> = processes
        .iter_mut()
        .map(|process| {
            std::thread::spawn({
                let says = process.says();
                move || says.collect::<Vec<_>>()
            })
        })
        .collect();
    // And this one sends meanwhile.
    for n in 1000..1100 {
        queue.send(format!("{n:04}")).await.unwrap();
    }
    // One for each: of a group, the second is delivered when the first is deleted.
    queue.send_batch(["end", "end"].map(|body| Entry::new(body).group("end"))).await.unwrap();
    let mut all: Vec<String> = says.into_iter().flat_map(|says| says.join().unwrap()).collect();
    all.sort();
    let expected: Vec<String> = (0..1100).map(|n| format!("{n:04}")).collect();
    assert_eq!(all, expected, "each message was received once");
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

/// The file, in a process that one of the tests above started; in a plain run of the tests these have nothing to do.
fn file() -> Option<std::path::PathBuf> {
    std::env::var_os(FILE).map(Into::into)
}

#[tokio::test]
async fn holds_leases() {
    let Some(file) = file() else { return };
    let queue = queue(file).await;
    for message in queue.receive(3).await.unwrap() {
        println!("say {}", text(&message));
    }
    // Until it is killed, or the test is.
    drop(std::io::stdin().lines().next());
}

#[tokio::test]
async fn sends_for_ever() {
    let Some(file) = file() else { return };
    let queue = queue(file).await;
    for n in 0u64.. {
        queue.send(n.to_string()).await.unwrap();
        println!("say {n}");
    }
}

/// Until it receives an `end`.
#[tokio::test]
async fn receives_all() {
    let Some(file) = file() else { return };
    let queue = queue(file).await;
    let mut ended = false;
    while !ended {
        for message in queue.receive(7).await.unwrap() {
            queue.delete([message.receipt]).await.unwrap().remove(0).unwrap();
            if text(&message) == "end" {
                ended = true;
            } else {
                println!("say {}", text(&message));
            }
        }
    }
}
