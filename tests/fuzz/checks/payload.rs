//! A payload is text or JSON when the standard library or `serde_json` says so, and else an error, never a panic.

use std::collections::BTreeMap;

use broadway::{Message, Payload, Result};

pub(crate) fn check(data: &[u8]) {
    let payload = Payload::from(data.to_vec());
    assert_eq!(payload.text().ok(), std::str::from_utf8(data).ok());
    assert_eq!(payload.json::<serde_json::Value>().ok(), serde_json::from_slice(data).ok());
    let typed = payload.json::<BTreeMap<String, Vec<Option<i64>>>>();
    assert_eq!(typed.as_ref().ok(), serde_json::from_slice(data).ok().as_ref());
    let message: Message<Payload> = Message::test(payload.clone());
    assert_eq!(message.json::<(u8, &str)>().ok(), serde_json::from_slice(data).ok());
    let refused: Result<(), _> = payload.decode_with(|bytes| Err(format!("{} bytes", bytes.len())));
    assert!(refused.unwrap_err().to_string().len() < 1000);
    assert_eq!(payload.into_bytes(), data);
}
