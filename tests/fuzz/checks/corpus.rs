//! Replays what the fuzzers keep, in an ordinary test.

use std::{fs, path::Path};

/// Runs the check on every file of `corpus/NAME`, and says which one it was that failed.
pub(crate) fn replay(name: &str, check: impl Fn(&[u8])) {
    let folder =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"))).ancestors().map(|folder| folder.join("tests/fuzz/corpus"));
    let folder = folder.into_iter().find(|folder| folder.exists()).expect("the corpus is in tests/fuzz").join(name);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        println!("{}", file.display());
        check(&fs::read(file).unwrap());
    }
    assert!(files.len() >= 5, "{} files in {}", files.len(), folder.display());
}
