//! Headers as one blob: for each, the length of its name (u32, little endian), the name, the length of its value, the value.

use broadway::Payload;

/// `None` for no headers, which costs nothing in the file.
pub(crate) fn encode(headers: &[(String, Payload)]) -> Option<Vec<u8>> {
    if headers.is_empty() {
        return None;
    }
    let mut blob = Vec::with_capacity(encoded_len(headers));
    for part in headers.iter().flat_map(|(name, value)| [name.as_bytes(), value]) {
        blob.extend_from_slice(&(part.len() as u32).to_le_bytes());
        blob.extend_from_slice(part);
    }
    Some(blob)
}

pub(crate) fn encoded_len(headers: &[(String, Payload)]) -> usize {
    headers.iter().map(|(name, value)| 8 + name.len() + value.len()).sum()
}

/// `None` if the blob was not made by [`encode`].
pub(crate) fn decode(mut blob: &[u8]) -> Option<Vec<(String, Payload)>> {
    let mut headers = Vec::new();
    while !blob.is_empty() {
        let name = String::from_utf8(part(&mut blob)?.to_vec()).ok()?;
        headers.push((name, Payload::from(part(&mut blob)?.to_vec())));
    }
    Some(headers)
}

fn part<'a>(blob: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, rest) = blob.split_first_chunk::<4>()?;
    let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    *blob = rest;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_in_order_and_a_cut_blob_is_noticed() {
        let headers = vec![
            ("trace".to_owned(), Payload::from(vec![0, 159, 146])),
            (String::new(), Payload::from("")),
            ("trace".to_owned(), Payload::from("again")),
        ];
        let blob = encode(&headers).unwrap();
        assert_eq!(blob.len(), encoded_len(&headers));
        assert_eq!(decode(&blob).as_ref(), Some(&headers));
        // Cuts between two headers give fewer headers; every other cut is noticed.
        let whole = [0, 16, 24, blob.len()];
        for cut in 0..blob.len() {
            assert_eq!(decode(&blob[..cut]).is_some(), whole.contains(&cut), "cut at {cut}");
        }
        assert_eq!(encode(&[]), None);
    }
}
