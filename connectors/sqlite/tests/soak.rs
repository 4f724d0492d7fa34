//! Three processes work on one queue, and one of them is killed every moment: every message is stored, and where it is
//! stored under its own id, once. `cargo xtask soak processes --minutes N` goes on for longer than the test does.
//!
//! The processes are this very test program, which runs [`stores`] as its main function.

mod support;

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use broadway::{Builder, EndReason};
use broadway_sqlite::{SqliteQueue, Synchronous};
use rusqlite::Connection;
use support::Place;

const PLACE: &str = "BROADWAY_SQLITE_SOAK_PLACE";
const PROCESSES: usize = 3;
/// Of a process that was killed: its messages come back after that.
const LEASE: Duration = Duration::from_millis(1500);

async fn queue(path: impl AsRef<Path>) -> SqliteQueue {
    let options = SqliteQueue::options().visibility_timeout(LEASE).synchronous(Synchronous::Normal);
    // Whoever is killed may hold the lock, and the machine may be busy.
    options.busy_timeout(Duration::from_secs(60)).open(path.as_ref()).await.unwrap()
}

fn store(place: &Path) -> Connection {
    let store = Connection::open(place.with_extension("store")).unwrap();
    store.busy_timeout(Duration::from_secs(60)).unwrap();
    store.pragma_update(None, "journal_mode", "WAL").unwrap();
    store.pragma_update(None, "synchronous", "NORMAL").unwrap();
    store
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS every_time (number INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS keyed (id TEXT PRIMARY KEY, number INTEGER NOT NULL)",
        )
        .unwrap();
    store
}

/// A process, which is killed with the test.
struct Process(Child);

impl Process {
    fn start(place: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "stores", "--nocapture", "--test-threads=1"]).env(PLACE, place);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }

    /// `kill -9`; false if it had ended by itself, as it may when it finds the queue empty.
    fn kill(&mut self) -> bool {
        if let Some(status) = self.0.try_wait().unwrap() {
            assert!(status.success(), "a process failed: {status}");
            return false;
        }
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        true
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test]
async fn every_message_is_stored_whoever_is_killed() {
    let time = std::env::var("BROADWAY_SOAK_SECONDS").map_or(4, |seconds| seconds.parse().unwrap());
    let (place, begun) = (Place::new(), Instant::now());
    let (queue, store) = (queue(place.path()).await, store(&place.path()));
    let mut seed = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 | 1;
    let mut random = |end: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % end
    };
    let (mut sent, mut kills) = (0_i64, 0);
    let mut processes: Vec<_> = (0..PROCESSES).map(|_| Process::start(&place.path())).collect();
    // A quick machine may work off everything before a kill: then there was none, and the test goes on.
    while begun.elapsed() < Duration::from_secs(time) || kills == 0 {
        // As many as are worked off meanwhile, so that there is always something in somebody's hands.
        while queue.depth().await.unwrap().total() < 5000 {
            queue.send_batch((sent..sent + 500).map(|number| number.to_string())).await.unwrap();
            sent += 500;
        }
        // The moment of the kill is what is random.
        tokio::time::sleep(Duration::from_millis(random(300))).await;
        let victim = random(PROCESSES as u64) as usize;
        kills += u64::from(processes[victim].kill());
        processes[victim] = Process::start(&place.path());
    }
    // Those that are left work off the rest, also what the killed ones held, and end.
    for process in &mut processes {
        let ends = Instant::now() + Duration::from_secs(120);
        let status = loop {
            if let Some(status) = process.0.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < ends, "it does not end: {:?}", queue.depth().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(status.success(), "a process failed: {status}");
    }
    let count = |what: &str| store.query_row(what, (), |row| row.get::<_, i64>(0)).unwrap();
    let every_time = count("SELECT count(*) FROM every_time");
    println!(
        "{sent} messages, {kills} processes killed, {} stored twice or more often, {} s",
        every_time - sent,
        begun.elapsed().as_secs()
    );
    assert_eq!(count("SELECT count(DISTINCT number) FROM every_time"), sent, "lost");
    assert_eq!((count("SELECT count(*) FROM keyed"), count("SELECT count(DISTINCT number) FROM keyed")), (sent, sent));
    assert_eq!((count("SELECT min(number) FROM keyed"), count("SELECT max(number) FROM keyed")), (0, sent - 1));
    assert_eq!(queue.depth().await.unwrap().total(), 0);
    assert!(kills >= 1 && sent >= 1000, "{kills} kills and {sent} messages show nothing");
    // A few kills need not come between what was stored and what was acknowledged.
    assert!(kills < 100 || every_time > sent, "no kill came where it could have harmed");
}

/// The other processes' main function.
#[tokio::test]
async fn stores() {
    let Some(place) = std::env::var_os(PLACE) else { return };
    let place = Path::new(&place);
    let (queue, store) = (queue(place).await, Arc::new(Mutex::new(store(place))));
    let report = Builder::new(
        "stores",
        move |_| queue.producer().stop_when_drained(),
        |message| Box::pin(async { Ok((message.id().unwrap().to_owned(), message.text()?.parse::<i64>()?)) }),
    )
    .topology(|topology| {
        topology.processors.stages(2);
        topology.batcher("default").batch_size(20).batch_timeout(20).stages(2);
    })
    .handle_batch(move |batch| {
        let store = store.clone();
        Box::pin(async move {
            let mut store = store.lock().unwrap();
            let transaction = store.transaction()?;
            for (id, number) in batch.outputs() {
                transaction.execute("INSERT INTO every_time VALUES (?1)", [number])?;
                transaction.execute("INSERT OR IGNORE INTO keyed VALUES (?1, ?2)", (id, number))?;
            }
            Ok(transaction.commit()?)
        })
    })
    .start_link()
    .await
    .unwrap()
    .wait()
    .await
    .unwrap();
    assert_eq!((report.reason, report.failed), (EndReason::Finished, 0), "{report:?}");
}
