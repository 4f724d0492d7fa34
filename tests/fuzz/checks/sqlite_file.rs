//! Whatever was done to a queue's file: it is refused and not changed by a byte, or it is used and says what it cannot
//! read. No panic, no hang.

use std::fs;

use crate::input::{Input, options, run, sane, template, use_all};
use broadway_sqlite::Error;

/// The first byte: whether the file is verified, whether the rest is a file of its own, how the template is cut.
/// Then edits: a place, a length, the bytes.
fn spoil(input: &mut Input<'_>) -> (bool, Vec<u8>) {
    let how = input.byte();
    let verify = how & 1 == 1;
    if how & 2 == 2 {
        return (verify, input.bytes(usize::MAX).to_vec());
    }
    let mut file = template().to_vec();
    if how & 4 == 4 {
        let end = input.number() as usize % (file.len() + 1);
        file.truncate(end);
    }
    while !input.is_empty() {
        let (place, length) = (input.byte() as usize | (input.byte() as usize) << 8, input.byte());
        // Most of a page is cells at its end and a header at its beginning: places count from both.
        let place = if length & 128 == 0 { place } else { file.len().wrapping_sub(place) };
        for (offset, byte) in input.bytes(usize::from(length & 15) + 1).iter().enumerate() {
            if let Some(old) = file.get_mut(place.wrapping_add(offset)) {
                *old = *byte;
            }
        }
    }
    (verify, file)
}

pub(crate) fn check(data: &[u8]) {
    let (verify, file) = spoil(&mut Input(data));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spoiled.queue");
    fs::write(&path, &file).unwrap();
    run(async {
        match options().verify(verify).open(&path).await {
            Err(error @ Error::Refused { .. }) => {
                assert!(fs::read(&path).unwrap() == file, "it was changed: {error}");
                assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left beside it: {error}");
            }
            opened => {
                if let Some(queue) = sane(opened) {
                    use_all(&queue).await;
                }
            }
        }
    });
}
