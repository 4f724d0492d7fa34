//! Whatever is given as a queue: it is refused or used, and nobody is shown the user info or the query of a URL.

use broadway_sqs::SqsQueue;

use crate::server::with_answers;

const SECRET: &str = "hunter2";

/// The address is text with the secret in the place of each `*`; a line behind it is what the server answers.
pub(crate) fn check(data: &[u8]) {
    let (address, answer) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    let Ok(address) = std::str::from_utf8(address) else { return };
    let address = address.replace('*', SECRET);
    with_answers(&[b"2", answer].concat(), |client| async {
        let queue = SqsQueue::with_client(client, address.as_str());
        let url = queue.url().await;
        if let Err(error) = &url {
            assert!(!error.to_string().is_empty());
        }
        if !address.contains("://") {
            return;
        }
        if address.contains('@') {
            assert!(url.as_ref().is_err_and(|error| error.is_permanent()), "{url:?}");
        }
        let shown = address.split(['?', '#']).next().filter(|_| !address.contains('@')).unwrap_or_default();
        if !shown.contains(SECRET) {
            let said = url.err().map(|error| format!("{error} {error:?} {}", error.queue())).unwrap_or_default();
            let debug = format!("{queue:?}");
            assert!(!said.contains(SECRET) && !debug.contains(SECRET), "{address}: {said} {debug}");
        }
        assert!(queue.name().len() <= address.len());
    });
}
