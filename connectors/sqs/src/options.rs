//! The options of receives, and their rules.

use std::time::Duration;

use aws_sdk_sqs::{
    operation::receive_message::builders::ReceiveMessageFluentBuilder, types::MessageSystemAttributeName,
};

use crate::{
    Action,
    acknowledger::RELEASE_RULE,
    address::Address,
    error::{ErrorKind, SqsError},
};

/// Twelve hours: the longest that SQS keeps a message from others.
pub(crate) const LONGEST_VISIBILITY: Duration = Duration::from_secs(43_200);

/// What the envelope is filled from; asked for always.
const ENVELOPE: [MessageSystemAttributeName; 3] = [
    MessageSystemAttributeName::ApproximateReceiveCount,
    MessageSystemAttributeName::MessageGroupId,
    MessageSystemAttributeName::SentTimestamp,
];

#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) max_number_of_messages: usize,
    pub(crate) wait_time_seconds: Option<u32>,
    pub(crate) receive_interval: Option<Duration>,
    pub(crate) visibility_timeout: Option<u32>,
    pub(crate) attribute_names: Vec<MessageSystemAttributeName>,
    pub(crate) message_attribute_names: Vec<String>,
    pub(crate) on_success: Action,
    pub(crate) on_failure: Action,
    pub(crate) stop_when_empty: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_number_of_messages: 10,
            wait_time_seconds: None,
            receive_interval: None,
            visibility_timeout: None,
            attribute_names: Vec::new(),
            message_attribute_names: vec!["All".into()],
            on_success: Action::Ack,
            on_failure: Action::Noop,
            stop_when_empty: false,
        }
    }
}

impl Options {
    /// The long poll: the longest, or a second where an empty queue is what is waited for.
    pub(crate) fn wait_time(&self) -> Duration {
        let default = if self.stop_when_empty { 1 } else { 20 };
        Duration::from_secs(self.wait_time_seconds.unwrap_or(default).into())
    }

    /// The pause after an empty receive: none where the queue itself waits, else five seconds.
    pub(crate) fn receive_interval(&self) -> Duration {
        let polls_long = !self.wait_time().is_zero();
        self.receive_interval.unwrap_or(Duration::from_secs(if polls_long { 0 } else { 5 }))
    }

    pub(crate) fn apply(&self, request: ReceiveMessageFluentBuilder, count: usize) -> ReceiveMessageFluentBuilder {
        let mut names = self.attribute_names.clone();
        if !names.contains(&MessageSystemAttributeName::All) {
            names.extend(ENVELOPE);
            names.sort_unstable();
            names.dedup();
        }
        request
            .max_number_of_messages(i32::try_from(count).unwrap_or(10))
            .wait_time_seconds(self.wait_time().as_secs() as i32)
            .set_visibility_timeout(self.visibility_timeout.and_then(|seconds| i32::try_from(seconds).ok()))
            .set_message_system_attribute_names(Some(names))
            .set_message_attribute_names(Some(self.message_attribute_names.clone()))
    }

    /// Says which option is wrong, what it is and what it may be.
    pub(crate) fn check(&self, queue: &Address) -> Result<(), SqsError> {
        let refuse = |option: &str, value: String, rule: &str| {
            let detail = format!("`{option}` is {value}; it must be {rule}");
            Err(SqsError::new(queue, "use", ErrorKind::Option, detail))
        };
        if !(1..=10).contains(&self.max_number_of_messages) {
            return refuse("max_number_of_messages", self.max_number_of_messages.to_string(), "from 1 to 10");
        }
        if let Some(seconds @ 21..) = self.wait_time_seconds {
            return refuse("wait_time_seconds", seconds.to_string(), "from 0 to 20 seconds");
        }
        if let Some(seconds @ 43_201..) = self.visibility_timeout {
            return refuse("visibility_timeout", seconds.to_string(), "from 0 to 43200 seconds");
        }
        for name in &self.attribute_names {
            if MessageSystemAttributeName::try_parse(name.as_str()).is_err() {
                let known = MessageSystemAttributeName::values().join("`, `");
                return refuse("attribute_names", format!("`{name}`"), &format!("one of `{known}`"));
            }
        }
        if self.message_attribute_names.iter().any(String::is_empty) {
            return refuse("message_attribute_names", "\"\"".into(), "a list of names that are not empty");
        }
        for (option, action) in [("on_success", self.on_success), ("on_failure", self.on_failure)] {
            if let Some(delay) = action.too_long() {
                let detail = format!("`{option}` is release after {delay:?}; {RELEASE_RULE}");
                return Err(SqsError::new(queue, "use", ErrorKind::Option, detail));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Set = fn(&mut Options);

    #[test]
    fn a_value_out_of_range_is_named_with_its_option_and_its_range() {
        let cases: [(Set, [&str; 3]); 9] = [
            (|o| o.max_number_of_messages = 0, ["max_number_of_messages", "is 0", "from 1 to 10"]),
            (|o| o.max_number_of_messages = 11, ["max_number_of_messages", "is 11", "from 1 to 10"]),
            (|o| o.wait_time_seconds = Some(21), ["wait_time_seconds", "is 21", "from 0 to 20"]),
            (|o| o.visibility_timeout = Some(43_201), ["visibility_timeout", "is 43201", "from 0 to 43200"]),
            (|o| o.attribute_names = vec!["Sender".into()], ["attribute_names", "`Sender`", "`SenderId`"]),
            (|o| o.message_attribute_names = vec![String::new()], ["message_attribute_names", "\"\"", "not empty"]),
            (|o| o.on_success = Action::ReleaseAfter(Duration::MAX), ["on_success", "release after", "43200"]),
            (|o| o.on_failure = Action::ReleaseAfter(Duration::from_secs(43_201)), ["on_failure", "43201s", "43200"]),
            (|o| o.wait_time_seconds = Some(u32::MAX), ["wait_time_seconds", "is 4294967295", "from 0 to 20"]),
        ];
        for (set, words) in cases {
            let mut options = Options::default();
            set(&mut options);
            let error = options.check(&Address::new("orders".into())).expect_err(words[0]);
            assert!(error.is_permanent());
            for word in words.into_iter().chain(["`orders`"]) {
                assert!(error.to_string().contains(word), "`{error}` lacks `{word}`");
            }
        }
    }

    #[test]
    fn the_edges_of_the_ranges_are_taken() {
        let set: [Set; 6] = [
            |_| {},
            |o| o.max_number_of_messages = 1,
            |o| o.wait_time_seconds = Some(0),
            |o| o.wait_time_seconds = Some(20),
            |o| o.visibility_timeout = Some(43_200),
            |o| o.on_failure = Action::ReleaseAfter(LONGEST_VISIBILITY),
        ];
        for set in set {
            let mut options = Options::default();
            set(&mut options);
            options.check(&Address::new("orders".into())).unwrap();
        }
    }

    #[test]
    fn short_polls_pause_after_an_empty_receive_and_long_polls_do_not() {
        let mut options = Options::default();
        assert_eq!((options.wait_time().as_secs(), options.receive_interval().as_secs()), (20, 0));
        options.wait_time_seconds = Some(0);
        assert_eq!((options.wait_time().as_secs(), options.receive_interval().as_secs()), (0, 5));
        options.receive_interval = Some(Duration::from_secs(1));
        assert_eq!(options.receive_interval().as_secs(), 1);
    }
}
