//! What can go wrong with a queue: each error names the queue, says what to check, and is either permanent (it will not
//! go away by trying again) or not. No error holds a secret: of the server's words only those are shown that cannot.

use std::{error::Error as StdError, fmt};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

use crate::address::Address;

/// What kind of error it is.
///
/// ```
/// # use broadway_sqs::{ErrorKind, SqsQueue};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = SqsQueue::new("an order").depth().await.unwrap_err(); // no queue has such a name
/// assert_eq!(error.kind(), ErrorKind::Address);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An option has a value that SQS does not take.
    Option,
    /// The queue's name, URL or endpoint is malformed, or no region is known.
    Address,
    /// The queue does not exist.
    NoQueue,
    /// There are no credentials.
    NoCredentials,
    /// The credentials were refused, or do not allow the call.
    Denied,
    /// SQS does not take this message, receipt handle or request.
    Refused,
    /// Nothing answered: refused, name not resolved, timed out.
    Unreachable,
    /// Too many requests.
    Throttled,
    /// SQS answered with something else: usually a fault of its own.
    Service,
}

/// An error of a queue. It names the queue and what to check, and never holds a secret.
///
/// ```
/// # use broadway_sqs::SqsQueue;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = SqsQueue::new("arn:aws:sqs:eu-west-1:1:orders").depth().await.unwrap_err();
/// assert_eq!(error.queue(), "arn:aws:sqs:eu-west-1:1:orders");
/// assert!(error.is_permanent());
/// assert_eq!(
///     error.to_string(),
///     "cannot use the SQS queue `arn:aws:sqs:eu-west-1:1:orders`: this is an ARN; write the queue's name (its last part) or its URL"
/// );
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SqsError {
    queue: Box<str>,
    action: &'static str,
    kind: ErrorKind,
    detail: Box<str>,
}

impl SqsError {
    pub(crate) fn new(queue: &Address, action: &'static str, kind: ErrorKind, detail: impl Into<Box<str>>) -> Self {
        Self { queue: queue.to_string().into(), action, kind, detail: detail.into() }
    }

    /// Says what part of a larger whole it is about.
    pub(crate) fn about(mut self, part: &str) -> Self {
        self.detail = format!("{part}: {}", self.detail).into();
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The queue's name or URL.
    pub fn queue(&self) -> &str {
        &self.queue
    }

    /// Whether it will not go away by trying again: all but [`Unreachable`](ErrorKind::Unreachable),
    /// [`Throttled`](ErrorKind::Throttled) and [`Service`](ErrorKind::Service). [`SqsError`] has an example.
    pub fn is_permanent(&self) -> bool {
        !matches!(self.kind, ErrorKind::Unreachable | ErrorKind::Throttled | ErrorKind::Service)
    }
}

impl fmt::Display for SqsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} the SQS queue `{}`: {}", self.action, self.queue, self.detail)
    }
}

impl StdError for SqsError {}

/// What an error of the SDK means for the queue. `place` is where the request went: an endpoint, or a region.
pub(crate) fn from_sdk<E>(
    queue: &Address,
    action: &'static str,
    place: &str,
    error: &SdkError<E, HttpResponse>,
) -> SqsError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let (kind, detail) = match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            from_service(error.code().unwrap_or_default(), error.message().unwrap_or_default(), status, place)
        }
        SdkError::ResponseError(answer) => (
            ErrorKind::Service,
            format!("{place} answered {} with something that is no SQS; check the endpoint", answer.raw().status()),
        ),
        SdkError::TimeoutError(_) => (ErrorKind::Unreachable, format!("no answer in time; check that {place} is up")),
        error => match find::<CredentialsError>(error) {
            Some(error) => from_credentials(error),
            None => from_dispatch(error, place),
        },
    };
    SqsError::new(queue, action, kind, detail)
}

fn from_dispatch<E: StdError + 'static>(error: &SdkError<E, HttpResponse>, place: &str) -> (ErrorKind, String) {
    let root = root(error).to_string();
    match error {
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (ErrorKind::Unreachable, format!("no connection in time; check that {place} is up and reachable"))
        }
        SdkError::DispatchFailure(failure) if failure.is_io() => {
            (ErrorKind::Unreachable, format!("{}; check that {place} is up and reachable", lower(&root)))
        }
        SdkError::ConstructionFailure(_) => {
            (ErrorKind::Address, format!("{}; check the queue, the endpoint and the region", lower(&root)))
        }
        _ => (ErrorKind::Service, format!("{}; check {place}", lower(&root))),
    }
}

fn from_credentials(error: &CredentialsError) -> (ErrorKind, String) {
    const CHECK: &str = "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE`, or run where a role is \
                         attached; an emulator takes any";
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            (ErrorKind::NoCredentials, format!("there are no AWS credentials; {CHECK}"))
        }
        CredentialsError::InvalidConfiguration(_) => {
            (ErrorKind::NoCredentials, format!("the AWS credentials are not configured properly; {CHECK}"))
        }
        // An instance's or a cluster's own service, or single sign-on, that may be back in a moment.
        error => (
            ErrorKind::Unreachable,
            format!("{error}; check the service that gives out the credentials (`aws sso login`)"),
        ),
    }
}

fn from_service(code: &str, message: &str, status: u16, place: &str) -> (ErrorKind, String) {
    let is = |codes: &[&str]| codes.iter().any(|known| code.contains(known));
    if is(&["QueueDoesNotExist", "NonExistentQueue", "QueueDeletedRecently"]) {
        return (
            ErrorKind::NoQueue,
            format!("it does not exist; check its name, the account, and that it is at {place}"),
        );
    }
    if is(&[
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "UnrecognizedClient",
        "InvalidAccessKeyId",
    ]) {
        // The text that comes with these may quote the request.
        return (
            ErrorKind::Denied,
            format!("the credentials were refused ({code}); check the access key and its secret"),
        );
    }
    if is(&["ExpiredToken"]) {
        return (ErrorKind::Denied, format!("the credentials have expired ({code}); renew them"));
    }
    if is(&["AccessDenied", "InvalidSecurity", "OptInRequired", "KmsInvalid", "KmsNotFound", "KmsDisabled"])
        || status == 403
    {
        return (
            ErrorKind::Denied,
            format!("{}; check the policies of the role and of the queue", words(code, message)),
        );
    }
    if is(&["InvalidAddress"]) {
        return (ErrorKind::Address, format!("{}; check the queue's URL", words(code, message)));
    }
    if is(&["Throttl", "TooManyRequests", "OverLimit"]) || status == 429 {
        return (ErrorKind::Throttled, words(code, message));
    }
    if (400..500).contains(&status) && !is(&["RequestTimeTooSkewed", "RequestExpired"]) {
        return (ErrorKind::Refused, words(code, message));
    }
    (ErrorKind::Service, format!("{} (status {status})", words(code, message)))
}

/// The server's own words: one line, not too long.
pub(crate) fn words(code: &str, message: &str) -> String {
    let line: String = message.lines().next().unwrap_or_default().chars().take(200).collect();
    match (code.is_empty(), line.is_empty()) {
        (true, true) => "no reason was given".into(),
        (true, false) => line,
        (false, true) => code.into(),
        (false, false) => format!("{code}: {line}"),
    }
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn root<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: &str, status: u16) -> ErrorKind {
        from_service(code, "", status, "here").0
    }

    #[test]
    fn what_never_succeeds_is_told_from_what_may_pass() {
        assert_eq!(kind("AWS.SimpleQueueService.NonExistentQueue", 400), ErrorKind::NoQueue);
        assert_eq!(kind("QueueDoesNotExist", 400), ErrorKind::NoQueue);
        assert_eq!(kind("InvalidClientTokenId", 403), ErrorKind::Denied);
        assert_eq!(kind("AccessDeniedException", 400), ErrorKind::Denied);
        assert_eq!(kind("RequestThrottled", 403 + 26), ErrorKind::Throttled);
        assert_eq!(kind("ThrottlingException", 400), ErrorKind::Throttled);
        assert_eq!(kind("InternalFailure", 500), ErrorKind::Service);
        assert_eq!(kind("", 503), ErrorKind::Service);
        assert_eq!(kind("RequestExpired", 400), ErrorKind::Service);
        assert_eq!(kind("InvalidParameterValue", 400), ErrorKind::Refused);
    }

    #[test]
    fn what_a_refused_signature_quotes_is_not_shown() {
        let quoted = "The canonical string should have been 'POST / x-amz-security-token:hunter2'";
        let (kind, detail) = from_service("SignatureDoesNotMatch", quoted, 403, "here");
        assert_eq!(kind, ErrorKind::Denied);
        assert!(!detail.contains("hunter2"), "{detail}");
        assert!(!words("X", "first\nhunter2").contains("hunter2"));
    }
}
