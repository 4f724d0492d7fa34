//! What connectors yield: bytes that are cheap to clone, with ways to decode them. Every connector yields the same type,
//! so that changing the `module` expression is all it takes to move between them.

use std::{fmt, ops::Deref};

use bytes::Bytes;

use crate::{error::Error, failure::DecodeError};

/// Bytes as they came from a queue or a stream.
///
/// ```
/// use broadway::Payload;
///
/// let payload = Payload::from("42");
/// assert_eq!(payload.text()?, "42");
/// assert_eq!(payload.decode_with(|bytes| std::str::from_utf8(bytes)?.parse::<u8>().map_err(broadway::Error::from))?, 42);
/// assert_eq!(payload.len(), 2); // a payload is a slice of bytes
/// assert_eq!(format!("{payload:?}"), "Payload(2 bytes)"); // and prints none of them
/// assert_eq!(payload.into_bytes(), "42");
///
/// assert_eq!(Payload::from(vec![0xff]).text().unwrap_err().to_string(), "payload is not UTF-8");
/// # broadway::Result::<()>::Ok(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Payload(Bytes);

impl Payload {
    /// The bytes as text.
    ///
    /// # Errors
    /// [`DecodeError`] when they are not UTF-8; the message then fails for good.
    ///
    /// ```
    /// # use broadway::Payload;
    /// assert_eq!(Payload::from("an order").text()?, "an order");
    /// assert!(Payload::from(vec![0xff]).text().is_err());
    /// # broadway::Result::<()>::Ok(())
    /// ```
    pub fn text(&self) -> Result<&str, DecodeError> {
        std::str::from_utf8(&self.0).map_err(|error| DecodeError::new("UTF-8", error))
    }

    /// The bytes as JSON.
    ///
    /// # Errors
    /// [`DecodeError`] when they are no JSON, or JSON of another shape.
    ///
    /// ```
    /// # use broadway::Payload;
    /// let payload = Payload::from("[1, 2]");
    /// assert_eq!(payload.json::<Vec<u8>>()?, [1, 2]);
    /// assert!(payload.json::<String>().is_err());
    /// # broadway::Result::<()>::Ok(())
    /// ```
    #[cfg(feature = "json")]
    pub fn json<'de, T: serde::Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        serde_json::from_slice(&self.0).map_err(|error| DecodeError::new("the JSON that was expected", error))
    }

    /// The bytes through a decoder of yours.
    ///
    /// # Errors
    /// [`DecodeError`] with the decoder's error as its source.
    ///
    /// ```
    /// # use broadway::Payload;
    /// let number = |bytes: &[u8]| bytes.try_into().map(u16::from_be_bytes);
    /// assert_eq!(Payload::from(vec![1, 0]).decode_with(number)?, 256);
    /// assert!(Payload::from(vec![1]).decode_with(number).is_err());
    /// # broadway::Result::<()>::Ok(())
    /// ```
    pub fn decode_with<T, E: Into<Error>>(&self, decode: impl FnOnce(&[u8]) -> Result<T, E>) -> Result<T, DecodeError> {
        decode(&self.0).map_err(|error| DecodeError::new("what its decoder expects", error))
    }

    /// The bytes, without a copy.
    ///
    /// ```
    /// # use broadway::Payload;
    /// let payload = Payload::from("an order");
    /// assert_eq!(payload.clone().into_bytes().as_ptr(), payload.as_ptr());
    /// ```
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Payloads hold users' data: only the length is printed.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}

impl<T: Into<Bytes>> From<T> for Payload {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}
