//! Whatever is stored as headers is headers or nothing; what was decoded is encoded to the same bytes.

use crate::headers::{decode, encode, encoded_len};

pub(crate) fn check(data: &[u8]) {
    let Some(headers) = decode(data) else { return };
    assert_eq!(encoded_len(&headers), data.len());
    assert_eq!(encode(&headers).unwrap_or_default(), data);
}
