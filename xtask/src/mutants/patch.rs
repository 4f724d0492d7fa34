//! A deliberate bug: a patch of `tests/mutants/` whose head says what is broken, and what has to find it.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use super::finder::Finder;
use crate::command::{quiet, workspace};

/// Where the patches are.
const FOLDER: &str = "tests/mutants";

pub(super) struct Patch {
    pub(super) name: String,
    /// What is broken, in one line.
    pub(super) bug: String,
    /// Each of them has to find it.
    pub(super) finders: Vec<Finder>,
    path: PathBuf,
}

impl Patch {
    /// All whose name contains `only`, by name.
    pub(super) fn all(only: &str) -> Result<Vec<Self>, String> {
        let folder = workspace().join(FOLDER);
        let files = fs::read_dir(&folder).map_err(|error| format!("cannot read `{FOLDER}`: {error}"))?;
        let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "patch"));
        paths.sort();
        let patches = paths.into_iter().map(Self::read).collect::<Result<Vec<_>, _>>()?;
        let patches: Vec<Self> = patches.into_iter().filter(|patch| patch.name.contains(only)).collect();
        if patches.is_empty() { Err(format!("no patch of `{FOLDER}` has `{only}` in its name")) } else { Ok(patches) }
    }

    fn read(path: PathBuf) -> Result<Self, String> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).map_err(|error| format!("cannot read `{name}`: {error}"))?;
        let head = || text.lines().take_while(|line| !line.starts_with("diff "));
        let bug = head().find_map(|line| line.strip_prefix("Bug: "));
        let bug = bug.ok_or_else(|| format!("the head of `{name}` must have a line `Bug: WHAT IS BROKEN`"))?.to_owned();
        let finders = head().filter_map(|line| line.strip_prefix("Found by: "));
        let finders = finders.map(Finder::parse).collect::<Result<Vec<_>, _>>();
        let finders = finders.map_err(|error| format!("the head of `{name}`: {error}"))?;
        if finders.is_empty() {
            return Err(format!("the head of `{name}` must have a line `Found by: FINDER`"));
        }
        Ok(Self { name, bug, finders, path })
    }

    /// Changes the files below `folder`, which is one of the workspace's, or the workspace itself.
    pub(super) fn apply(&self, folder: &str) -> Result<(), String> {
        self.git_apply(&[&format!("--directory={folder}")])
    }

    pub(super) fn take_back(&self, folder: &str) -> Result<(), String> {
        self.git_apply(&["--reverse", &format!("--directory={folder}")])
    }

    fn git_apply(&self, arguments: &[&str]) -> Result<(), String> {
        let mut git = Command::new("git");
        git.current_dir(workspace()).args(["apply", "--recount"]).args(arguments).arg(&self.path);
        quiet(&mut git).map_err(|error| format!("`{}` must be made anew, the code has changed: {error}", self.name))
    }

    /// Its row in docs/reliability.md.
    #[cfg(test)]
    fn row(&self) -> String {
        let finders: Vec<String> = self.finders.iter().map(|finder| finder.to_string()).collect();
        format!("| {} | `{}` | {} |", self.bug, self.name, finders.join(", "))
    }
}

/// Copies what git knows, or would, and removes what is no longer there. What has not changed need not be built again.
pub(super) fn copy_workspace(folder: &Path) -> Result<(), String> {
    let mut git = Command::new("git");
    git.current_dir(workspace()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = git.output().map_err(|error| format!("cannot run git: {error}"))?;
    let mut copied = BTreeSet::new();
    for file in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
        let (from, to) = (workspace().join(file), folder.join(file));
        // One that was deleted is listed until that is committed.
        let Ok(text) = fs::read(&from) else { continue };
        if fs::read(&to).is_ok_and(|before| before == text) {
            copied.insert(to);
            continue;
        }
        let parent = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&to, text))
            .map_err(|error| format!("cannot write `{}`: {error}", to.display()))?;
        copied.insert(to);
    }
    keep(&copied, folder, &folder.join("target"))
        .map_err(|error| format!("cannot clear `{}`: {error}", folder.display()))
}

/// Removes all other files of a folder, but for those of `target`.
fn keep(copied: &BTreeSet<PathBuf>, folder: &Path, target: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && path != target {
            keep(copied, &path, target)?;
        } else if path.is_file() && !copied.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_patch_says_what_finds_it_and_applies() {
        let faults: Vec<String> = Patch::all("")
            .expect("heads that can be read")
            .iter()
            .filter_map(|patch| patch.git_apply(&["--check"]).err())
            .collect();
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }

    #[test]
    fn the_page_has_the_rows_of_all_patches() {
        let page = fs::read_to_string(workspace().join("docs/reliability.md")).expect("the page");
        let table = page.split_once("| bug | patch | found by |\n|---|---|---|\n").expect("the table of the bugs").1;
        let written: Vec<&str> = table.lines().take_while(|line| !line.is_empty()).collect();
        let rows: Vec<String> = Patch::all("").expect("heads that can be read").iter().map(Patch::row).collect();
        assert_eq!(written, rows, "docs/reliability.md should have\n{}\n", rows.join("\n"));
    }
}
