//! What the end of a subscription means to its consumer.

/// What becomes of a consumer when one of its subscriptions ends.
///
/// [`To::cancel`](super::To::cancel) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cancel {
    /// The consumer ends with it, for the same reason. When the producer has [finished](super::Reason::Finished), the
    /// consumer ends when all the producers that it is subscribed to have.
    #[default]
    Permanent,
    /// As permanent if the reason is a [failure](super::Reason::is_failure); otherwise the consumer goes on.
    Transient,
    /// The consumer goes on.
    Temporary,
}
