//! A queue's name or URL. What is shown of a URL never holds user info or a query: one with an `@` in it is refused, and
//! not shown at all, because a secret with a `/` or a `?` in it leaves no telling where it ends.

use std::fmt;

use crate::error::{ErrorKind, SqsError};

/// Where a queue is, as it was given.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    Name(String),
    Url(String),
}

impl Address {
    pub(crate) fn new(queue: String) -> Self {
        if queue.contains("://") { Self::Url(queue) } else { Self::Name(queue) }
    }

    /// The queue's name: a URL's last part.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Url(url) => {
                let url = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
                url.rsplit('/').next().unwrap_or_default()
            }
        }
    }

    pub(crate) fn is_fifo(&self) -> bool {
        self.name().ends_with(".fifo")
    }

    /// Scheme and authority of a URL.
    fn origin(&self) -> Option<String> {
        let Self::Url(url) = self else { return None };
        origin(url)
    }

    /// The endpoint that a URL implies. URLs of AWS's own hosts imply a region instead.
    pub(crate) fn endpoint(&self) -> Option<String> {
        if self.aws_region().is_some() { None } else { self.origin() }
    }

    /// The region of `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
    pub(crate) fn aws_region(&self) -> Option<&str> {
        let Self::Url(url) = self else { return None };
        let host = url.strip_prefix("https://")?.split('/').next()?;
        let (region, domain) = host.strip_prefix("sqs.")?.split_once('.')?;
        matches!(domain, "amazonaws.com" | "amazonaws.com.cn").then_some(region)
    }

    /// Refuses what cannot be a queue, before anything is sent.
    pub(crate) fn check(&self) -> Result<(), SqsError> {
        let refuse = |why: &str| Err(SqsError::new(self, "use", ErrorKind::Address, why));
        match self {
            Self::Name(name) if name.starts_with("arn:") => {
                refuse("this is an ARN; write the queue's name (its last part) or its URL")
            }
            Self::Name(name) => {
                let stem = name.strip_suffix(".fifo").unwrap_or(name);
                let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                if stem.is_empty() || name.len() > 80 || !stem.chars().all(allowed) {
                    return refuse(
                        "a queue's name has 1 to 80 letters, digits, `-` and `_`, and may end in `.fifo`; \
                         write such a name, or a URL that starts with `http://` or `https://`",
                    );
                }
                Ok(())
            }
            Self::Url(url) => {
                if url.contains('@') {
                    return refuse("a queue's URL holds no user info; set credentials with `.credentials(..)`");
                }
                if !(url.starts_with("http://") || url.starts_with("https://")) {
                    return refuse("a queue's URL starts with `http://` or `https://`");
                }
                match origin(url) {
                    Some(origin) if !self.name().is_empty() && !origin.ends_with(self.name()) => Ok(()),
                    _ => refuse("a queue's URL has a host, and ends in the queue's name: `https://HOST/ACCOUNT/NAME`"),
                }
            }
        }
    }
}

/// Scheme and authority of a URL: `None` if there is no host, or user info.
pub(crate) fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://").filter(|_| !url.contains('@'))?;
    let host = rest.split(['/', '?', '#']).next()?;
    (!host.is_empty() && !host.starts_with(':')).then(|| format!("{scheme}://{host}"))
}

/// Whether an endpoint is on this machine: no proxy stands in between.
pub(crate) fn is_loopback(endpoint: &str) -> bool {
    let origin = origin(endpoint).unwrap_or_default();
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]")
}

/// The name, or the URL without its query; nothing of a URL with user info.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Url(url) if url.contains('@') => f.write_str("(a URL with user info)"),
            Self::Url(url) => f.write_str(url.split(['?', '#']).next().unwrap_or_default()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Address {
        Address::new(text.into())
    }

    #[test]
    fn user_info_and_queries_are_never_shown() {
        let address = url("http://127.0.0.1:4566/000000000000/orders?key=hunter2#hunter2");
        assert_eq!(address.to_string(), "http://127.0.0.1:4566/000000000000/orders");
        assert_eq!(address.name(), "orders");
        assert_eq!(address.endpoint().as_deref(), Some("http://127.0.0.1:4566"));
        assert!(!format!("{address:?}").contains("hunter2"));
        for planted in ["http://user:hunter2@host/q", "ftp://u:hunter2/a?b@host/q", "http://host/q?key=a@hunter2/b"] {
            let error = url(planted).check().expect_err(planted);
            assert!(error.is_permanent() && !format!("{error} {error:?}").contains("hunter2"), "{error:?}");
            assert_eq!(origin(planted), None);
        }
    }

    #[test]
    fn an_aws_url_names_its_region_and_no_endpoint() {
        let address = url("https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo");
        assert_eq!(address.aws_region(), Some("eu-west-1"));
        assert_eq!(address.endpoint(), None);
        assert!(address.is_fifo());
        assert!(address.check().is_ok());
    }

    #[test]
    fn what_is_no_queue_is_refused_with_its_name() {
        let long = "x".repeat(81);
        for bad in
            ["", "a b", ".fifo", "arn:aws:sqs:eu-west-1:1:orders", "https://", "https://host", "http:///q", &long]
        {
            let error = url(bad).check().expect_err(bad);
            assert!(error.is_permanent(), "{bad}");
            assert!(error.to_string().contains(bad), "{error}");
        }
        for good in ["orders", "orders.fifo", "a-b_C9", "http://localhost:4566/000000000000/orders"] {
            assert!(url(good).check().is_ok(), "{good}");
        }
    }

    #[test]
    fn loopback_is_told_from_the_network() {
        assert!(
            is_loopback("http://127.0.0.1:4566") && is_loopback("http://localhost:1") && is_loopback("http://[::1]:1")
        );
        assert!(!is_loopback("https://sqs.eu-west-1.amazonaws.com") && !is_loopback("http://10.0.0.1"));
    }
}
