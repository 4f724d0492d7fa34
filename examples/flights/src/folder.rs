//! The folder with the queue's and the database's files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use broadway::Result;

/// A folder that is there, and whose files are this job's.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder; with `fresh` it forgets what earlier runs put there.
    pub(crate) fn open(path: &Path, fresh: bool) -> Result<Self> {
        let folder = Self(path.into());
        fs::create_dir_all(path).map_err(|error| format!("cannot make the folder `{}`: {error}", path.display()))?;
        if fresh {
            for file in [folder.queue(), folder.database()] {
                // The logs first: a file without its log is whole, a log without its file is not.
                for suffix in ["-wal", "-shm", ""] {
                    remove(&file, suffix)
                        .map_err(|error| format!("cannot remove `{}{suffix}`: {error}", file.display()))?;
                }
            }
        }
        Ok(folder)
    }

    pub(crate) fn queue(&self) -> PathBuf {
        self.0.join("flights.queue")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("flights.db")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

fn remove(file: &Path, suffix: &str) -> io::Result<()> {
    let mut file = file.as_os_str().to_owned();
    file.push(suffix);
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
