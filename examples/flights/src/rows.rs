//! The input: a file of rows, each of which becomes a message that begins with its row number.

use std::{fs, io::Read, path::Path};

use broadway::Result;
use flate2::{Crc, read::MultiGzDecoder};

use crate::columns::COLUMNS;

/// All flights that left New York in January 2013.
const JANUARY: &[u8] = include_bytes!("../data/flights-2013-01.csv.gz");

/// How a gzip file begins.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// The rows of a file.
#[derive(Debug)]
pub(crate) struct Rows {
    content: Vec<u8>,
    count: u64,
    checksum: u32,
}

impl Rows {
    /// The rows of a CSV file, which may be compressed by gzip; without a file, January 2013.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Self::read(JANUARY.into()) };
        let named = |error: &dyn std::fmt::Display| format!("cannot read the rows of `{}`: {error}", path.display());
        let content = fs::read(path).map_err(|error| named(&error))?;
        Self::read(content).map_err(|error| named(&error).into())
    }

    fn read(mut content: Vec<u8>) -> Result<Self> {
        if content.starts_with(GZIP) {
            let mut decompressed = Vec::new();
            MultiGzDecoder::new(&*content).read_to_end(&mut decompressed)?;
            content = decompressed;
        }
        let header = COLUMNS.join(",");
        if lines(&content).next() != Some(header.as_bytes()) {
            return Err(format!("its first line must be `{header}`").into());
        }
        let mut crc = Crc::new();
        crc.update(&content);
        Ok(Self { count: lines(&content).skip(1).count() as u64, checksum: crc.sum(), content })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// What tells these rows from others.
    pub(crate) fn checksum(&self) -> u32 {
        self.checksum
    }

    /// A message for each row: its number, counted from 1, a comma, and the line.
    pub(crate) fn into_messages(self) -> impl Iterator<Item = Vec<u8>> + Send + 'static {
        let (mut at, mut row) = (0, 0);
        std::iter::from_fn(move || {
            if row == 0 {
                at += line(self.content.get(at..)?)?.1;
            }
            let (line, length) = line(self.content.get(at..)?)?;
            at += length;
            row += 1;
            Some([format!("{row},").as_bytes(), line].concat())
        })
    }
}

/// The row number of a message, and the line; `None` for a message that is none of ours.
pub(crate) fn split(message: &[u8]) -> Option<(u64, &[u8])> {
    let comma = message.iter().position(|byte| *byte == b',')?;
    let (row, line) = (&message[..comma], &message[comma + 1..]);
    // What a database can hold.
    let row = std::str::from_utf8(row).ok()?.parse::<u32>().ok()?;
    Some((row.into(), line))
}

fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let (line, length) = line(rest)?;
        rest = &rest[length..];
        Some(line)
    })
}

/// The first line, without its end, and how many bytes it has with it; `None` if nothing is left.
fn line(rest: &[u8]) -> Option<(&[u8], usize)> {
    if rest.is_empty() {
        return None;
    }
    let end = rest.iter().position(|byte| *byte == b'\n');
    let line = &rest[..end.unwrap_or(rest.len())];
    Some((line.strip_suffix(b"\r").unwrap_or(line), end.map_or(rest.len(), |end| end + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_row_number_and_a_line_whatever_the_line_is() {
        let content = [COLUMNS.join(",").as_bytes(), b"\r\na,b\n\nno end \xff"].concat();
        let rows = Rows::read(content).unwrap();
        assert_eq!(rows.count(), 3);
        let messages: Vec<_> = rows.into_messages().collect();
        assert_eq!(messages, [b"1,a,b".as_slice(), b"2,", b"3,no end \xff"]);
        let split: Vec<_> = messages.iter().map(|message| split(message).unwrap()).collect();
        assert_eq!(split, [(1, b"a,b".as_slice()), (2, b""), (3, b"no end \xff")]);
    }

    #[test]
    fn a_header_alone_has_no_rows_and_a_file_without_one_is_refused() {
        let header = COLUMNS.join(",");
        let rows = Rows::read(header.clone().into_bytes()).unwrap();
        assert_eq!((rows.count(), rows.into_messages().count()), (0, 0));
        let error = |content: &[u8]| Rows::read(content.into()).unwrap_err().to_string();
        assert_eq!(error(b""), format!("its first line must be `{header}`"));
        assert_eq!(error(b"2013,1,1,517\n"), format!("its first line must be `{header}`"));
        // A download that was broken off.
        assert!(Rows::read(JANUARY[..1000].into()).unwrap_err().is::<std::io::Error>());
    }

    #[test]
    fn other_messages_have_no_row() {
        for message in [b"".as_slice(), b"7", b",7", b"-1,x", b"4294967296,x", b"\xff,x"] {
            assert_eq!(split(message), None);
        }
    }
}
