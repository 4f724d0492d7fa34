//! The servers that connectors are tested against. Each is installed from a pinned version into `target/servers`,
//! listens on 127.0.0.1 alone, and is written down with its process id, so that only what was started here is stopped.

mod process;
mod ready;
mod record;
mod venv;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use record::Record;

/// From a cold start on a loaded machine.
const READY_WITHIN: Duration = Duration::from_secs(90);

type Result<T = ()> = std::result::Result<T, String>;

/// A server that comes as a Python package.
struct Server {
    name: &'static str,
    /// What pip installs.
    package: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    port: u16,
    /// What answers 200 once it is up.
    probe: &'static str,
    /// How tests find it if they are not told otherwise by this variable.
    variable: &'static str,
}

/// Ports that no server uses by default, the same in every test's code.
const SERVERS: [Server; 2] = [
    Server {
        name: "ministack",
        package: "ministack==1.5.33",
        program: "ministack",
        arguments: &[],
        environment: &[("BIND_HOST", "127.0.0.1"), ("GATEWAY_PORT", "24566"), ("IOT_MTLS_ENABLED", "0")],
        port: 24566,
        probe: "/_localstack/health",
        variable: "BROADWAY_SQS_ENDPOINT",
    },
    Server {
        name: "moto",
        package: "moto[server]==5.2.5",
        program: "moto_server",
        arguments: &["-H", "127.0.0.1", "-p", "24567"],
        environment: &[],
        port: 24567,
        probe: "/moto-api/",
        variable: "BROADWAY_SQS_MOTO_ENDPOINT",
    },
];

impl Server {
    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn answers(&self) -> bool {
        ready::answers(self.port, self.probe)
    }
}

/// Installs and starts what does not answer yet.
pub(crate) fn up() -> Result {
    let directory = directory();
    fs::create_dir_all(directory.join("tmp"))
        .map_err(|error| format!("cannot create `{}`: {error}", directory.display()))?;
    let missing: Vec<&Server> = SERVERS.iter().filter(|server| !server.answers()).collect();
    if !missing.is_empty() {
        venv::install(&directory, &SERVERS.map(|server| server.package))?;
    }
    for server in &SERVERS {
        let how = if missing.iter().any(|missing| missing.name == server.name) {
            start(&directory, server)?;
            "started"
        } else if Record::read(&directory, server.name).is_some_and(|record| record.is_running()) {
            "was up"
        } else {
            "was up, started by something else"
        };
        println!("{} at {} ({how}; tests look in {})", server.name, server.endpoint(), server.variable);
    }
    println!("{0} of {0} servers up", SERVERS.len());
    Ok(())
}

/// Stops what was started here.
pub(crate) fn down() -> Result {
    let directory = directory();
    let mut stopped = 0;
    for server in &SERVERS {
        let Some(record) = Record::read(&directory, server.name) else { continue };
        if record.is_running() {
            process::stop(record.pid).map_err(|error| format!("cannot stop {}: {error}", server.name))?;
            println!("{} stopped (process {})", server.name, record.pid);
            stopped += 1;
        }
        Record::remove(&directory, server.name)?;
    }
    println!("{stopped} servers stopped");
    Ok(())
}

/// Says what answers.
pub(crate) fn status() -> Result {
    let up = SERVERS.iter().filter(|server| {
        let answers = server.answers();
        println!("{} at {}: {}", server.name, server.endpoint(), if answers { "up" } else { "down" });
        answers
    });
    println!("{} of {} servers up", up.count(), SERVERS.len());
    Ok(())
}

/// The process of a server that was started here and runs.
pub(crate) fn pid(name: &str) -> Option<u32> {
    Record::read(&directory(), name).filter(Record::is_running).map(|record| record.pid)
}

fn start(directory: &Path, server: &Server) -> Result {
    // One that runs and does not answer is of no use, and holds the port.
    if let Some(old) = Record::read(directory, server.name).filter(Record::is_running) {
        process::stop(old.pid)?;
    }
    if ready::is_taken(server.port) {
        return Err(format!(
            "port {} is taken by something that is not {}; stop that, or set {} to an endpoint of your own",
            server.port, server.name, server.variable
        ));
    }
    let log = directory.join(format!("{}.log", server.name));
    let program = venv::program(directory, server.program);
    let mut command = Command::new(&program);
    let output = fs::File::create(&log).and_then(|file| Ok((file.try_clone()?, file)));
    let (stdout, stderr) = output.map_err(|error| format!("cannot write `{}`: {error}", log.display()))?;
    command
        .args(server.arguments)
        .envs(server.environment.iter().copied())
        .env("TMPDIR", directory.join("tmp"))
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr);
    process::detach(&mut command);
    let mut child = command.spawn().map_err(|error| format!("cannot start `{}`: {error}", program.display()))?;
    Record { pid: child.id(), port: server.port, command: program.display().to_string() }.write(
        directory,
        server.name,
        server.package,
        &server.endpoint(),
    )?;

    let deadline = Instant::now() + READY_WITHIN;
    while !server.answers() {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("{} ended at once ({status}); its last words:\n{}", server.name, tail(&log)));
        }
        if Instant::now() > deadline {
            process::stop(child.id())?;
            return Err(format!(
                "{} did not answer on port {} within {READY_WITHIN:?}; its last words:\n{}",
                server.name,
                server.port,
                tail(&log)
            ));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// `target/servers`, in the target directory that cargo uses.
fn directory() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).join("target"),
        PathBuf::from,
    );
    std::path::absolute(&target).unwrap_or(target).join("servers")
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
