//! What is known about a server that was started: `target/servers/NAME.json`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Result, process};

pub(super) struct Record {
    pub(super) pid: u32,
    pub(super) port: u16,
    /// What the process runs: a process id that was given to something else is not ours.
    pub(super) command: String,
}

fn path(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.json"))
}

impl Record {
    pub(super) fn is_running(&self) -> bool {
        process::runs(self.pid, &self.command)
    }

    pub(super) fn read(directory: &Path, name: &str) -> Option<Self> {
        let text = fs::read_to_string(path(directory, name)).ok()?;
        let field = |key: &str| {
            let (_, rest) = text.split_once(&format!("\"{key}\": "))?;
            Some(rest.lines().next()?.trim_end_matches(',').trim_matches('"').to_owned())
        };
        Some(Self { pid: field("pid")?.parse().ok()?, port: field("port")?.parse().ok()?, command: field("command")? })
    }

    pub(super) fn write(&self, directory: &Path, name: &str, package: &str, endpoint: &str) -> Result {
        let Self { pid, port, command } = self;
        let text = format!(
            "{{\n  \"name\": \"{name}\",\n  \"package\": \"{package}\",\n  \"pid\": {pid},\n  \"port\": {port},\n  \
             \"endpoint\": \"{endpoint}\",\n  \"command\": \"{command}\"\n}}\n"
        );
        let path = path(directory, name);
        fs::write(&path, text).map_err(|error| format!("cannot write `{}`: {error}", path.display()))
    }

    pub(super) fn remove(directory: &Path, name: &str) -> Result {
        let path = path(directory, name);
        fs::remove_file(&path).map_err(|error| format!("cannot remove `{}`: {error}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let directory = std::env::temp_dir().join(format!("broadway-record-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let record = Record { pid: 4711, port: 24566, command: "/a b/ministack".into() };
        record.write(&directory, "ministack", "ministack==1", "http://127.0.0.1:24566").unwrap();
        let read = Record::read(&directory, "ministack").unwrap();
        assert_eq!((read.pid, read.port, &*read.command), (4711, 24566, "/a b/ministack"));
        Record::remove(&directory, "ministack").unwrap();
        assert!(Record::read(&directory, "ministack").is_none());
        fs::remove_dir(directory).unwrap();
    }
}
