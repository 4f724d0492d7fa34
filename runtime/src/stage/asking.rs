//! Who asks on a subscription.

/// Whether a consumer's demand is asked for by the stage or by itself.
///
/// [`Consumer::handle_subscribe`](super::Consumer::handle_subscribe) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// `max_demand` at once, and again what was handled whenever no more than `min_demand` is left. Events come in
    /// chunks of at most `max_demand - min_demand`.
    Automatic,
    /// Only by [`Subscription::ask`](super::Subscription::ask). Events come as the producer sends them.
    Manual,
}
