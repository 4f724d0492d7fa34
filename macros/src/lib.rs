//! The attribute macro of Broadway for Rust; see [`macro@broadway`].
//!
//! An expansion reads as its stages: parse, resolve, check, expand. Every stage reports what it finds and goes on; the
//! impl is always emitted again as it was written.

mod check;
mod diagnostics;
mod entry;
mod errors;
mod expand;
mod model;
mod resolve;
mod shadow;
mod suggest;
mod syntax;
#[cfg(test)]
mod tests;

/// Makes a pipeline of an `impl` with callbacks.
///
/// ```ignore
/// #[broadway(
///     producers(default(module = SqsProducer::new("my_queue"), stages = 4)),
///     processors(default(stages = self.config.stages, timeout = 30_000)),
///     batchers(default(batch_size = 10, batch_timeout = 1500), archive(batch_size = 500)),
/// )]
/// impl Orders {
///     async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> { .. }
///     async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<()> { .. }
/// }
/// ```
///
/// # What it generates
///
/// - `OrdersBatcher`, an enum of the batchers, and `OrdersMessage<T = Payload>`, the message type of this pipeline
/// - `impl Broadway for Orders`
/// - `topology(&self)`, `configure(self)` and `start_link(self)`
///
/// # Callbacks
///
/// All are `async`, take `&self`, are lent what they work on, and return nothing or a `Result` with any error that
/// converts into `Box<dyn Error + Send + Sync>`.
///
/// - `handle_message(&self, message: &mut OrdersMessage) -> Result<Output>`: required
/// - `handle_batch(&self, batch: &mut Batch<Self>) -> Result<()>`: required if, and only if, there are batchers
/// - `prepare_messages(&self, messages: &mut [OrdersMessage]) -> Result<()>`
/// - `handle_failed(&self, messages: &mut [OrdersMessage]) -> Result<()>`
/// - `on_start(&self) -> Result<()>`: runs once, before the producers are asked for anything. Its error or panic fails
///   `start_link`, and nothing runs. It has no deadline: `start_link` waits for it
/// - `on_drained(&self, report: &Report) -> Result<()>`: runs once, after the last callback of a message or a batch
/// - `on_stop(&self) -> Result<()>`: runs once, last of all, also after a deadline, a give-up or a crash
///
/// What goes wrong in the last two is logged, and in `Report::hook_errors`. They are cut at the deadline of the drain;
/// `on_stop` has 100 ms where less is left of it.
///
/// # Errors
///
/// All mistakes are reported together, each at what it is about, and the impl is compiled all the same. Under a renamed
/// dependency, or through a re-export, say where the runtime is: `crate = ::renamed`.
///
/// # Options
///
/// A value may be any expression, and may use `self`. Literals and constants are checked when the crate is compiled, other
/// expressions when the pipeline starts. Times are milliseconds, or a `Duration`.
///
/// | where | option | default | what it is for |
/// |---|---|---|---|
/// | the top | `name` | the type's name | what the pipeline is called; unique in the process when given |
/// | the top | `shutdown` | 25_000 | the one deadline of a drain, in milliseconds |
/// | the top | `max_restarts` | 3 | restarts of a layer that are accepted within `max_seconds` |
/// | the top | `max_seconds` | 5 | the window of `max_restarts`, in seconds |
/// | the top | `partition_by` |  | a function `&Message -> u64` for both layers: messages of one value stay in order |
/// | the top | `vis` | pub | the visibility of the generated items |
/// | the top | `crate` | ::broadway | the path of the `broadway` crate |
/// | `producers(default(..))` | `module` |  | an expression that gives a `Producer`, evaluated for each stage; may use `self`, `stage`, `.await` and `?` |
/// | `producers(default(..))` | `stages` | 1 | how many producer stages run |
/// | `producers(default(..))` | `transformer` |  | a function that makes what `handle_message` takes of what the producer emits |
/// | `producers(default(..))` | `max_deliveries` | no limit | a message that its source has delivered more often goes to `handle_failed` without being handled |
/// | `producers(default(..))` | `rate_limiting` | off | how many messages may leave all producers together in an interval |
/// | `producers(default(..))` | `give_up_after` | never | how long a producer may fail without a success before the pipeline ends, in milliseconds |
/// | its `rate_limiting(..)` | `allowed_messages` |  | messages that leave the producers in each interval |
/// | its `rate_limiting(..)` | `interval` |  | the length of the interval, in milliseconds |
/// | `processors(default(..))` | `stages` | 2 for each core | how many processor stages run |
/// | `processors(default(..))` | `min_demand` | half of `max_demand` | a chunk is at most `max_demand - min_demand` messages |
/// | `processors(default(..))` | `max_demand` | 10 | how many messages each stage adds to what may be in flight |
/// | `processors(default(..))` | `partition_by` |  | a function `&Message -> u64`: messages of one value go to the same stage |
/// | `processors(default(..))` | `timeout` | none | how long `handle_message` may take, in milliseconds |
/// | `processors(default(..))` | `rate_limiting` | off | how many messages all processors together may handle in an interval; each attempt counts |
/// | `processors(default(..))` | `retry` | off | how messages that failed are tried again in the process |
/// | its `rate_limiting(..)` | `allowed_messages` |  | calls of `handle_message` in each interval |
/// | its `rate_limiting(..)` | `interval` |  | the length of the interval, in milliseconds |
/// | a group of `batchers(..)` | `stages` | 1 | how many batch processor stages run |
/// | a group of `batchers(..)` | `batch_size` | 100 | messages in a full batch |
/// | a group of `batchers(..)` | `max_bytes` | none | bytes in a batch at most, as `size_by` counts them; a larger message is a batch alone |
/// | a group of `batchers(..)` | `size_by` | the length of the output, or of the data | a function `(&Message, &Output) -> usize`: how many bytes a message counts towards `max_bytes` |
/// | a group of `batchers(..)` | `splitter` | none | a `Splitter` that says where batches end, besides `batch_size`; each batch starts with a clone of it |
/// | a group of `batchers(..)` | `batch_timeout` | 1000 | how long a batch may wait for its last message, in milliseconds |
/// | a group of `batchers(..)` | `max_pending` | 100 full batches | messages that may wait in batches; at the limit the oldest batch leaves early |
/// | a group of `batchers(..)` | `max_demand` | what the processors hold, at least `batch_size` | messages that may wait for the batcher, besides those in batches |
/// | a group of `batchers(..)` | `partition_by` |  | a function `&Message -> u64`: batches of one value go to the same stage, in order |
/// | a group of `batchers(..)` | `timeout` | none | how long `handle_batch` may take, in milliseconds |
/// | a group of `batchers(..)` | `rate_limiting` | off | how many of its batches may be handled in an interval; each attempt counts |
/// | a group of `batchers(..)` | `retry` | off | how batches that failed are tried again, with what is left |
/// | a group of `batchers(..)` | `split` | false | whether a batch that failed for good is halved until the guilty messages are alone |
/// | its `rate_limiting(..)` | `allowed_batches` |  | calls of `handle_batch` for this batcher in each interval |
/// | its `rate_limiting(..)` | `interval` |  | the length of the interval, in milliseconds |
/// | `batchers(..)` | `default` | the batcher named `default` | which batcher takes messages that were not routed |
/// | `batchers(..)` | `unrouted` |  | `unrouted = fail` fails messages that were not routed |
/// | `batchers(..)` | `enum` | the type's name and `Batcher` | the name of the generated enum of the batchers |
/// | `retry(..)` | `attempts` | 5 | how often it is tried in all, the first time included; or `unlimited` |
/// | `retry(..)` | `backoff` | 100 ms to 30 s | how long to wait before each further attempt |
/// | `retry(..)` | `within` | none | how long after its first failure it may still be tried, in milliseconds |
/// | `retry(..)` | `when` | all that are not permanent | a function `&Failure -> bool`: which failures are tried again, of those that are not permanent |
/// | `retry(..)` | `max_waiting` | 1000 | messages of the layer that may wait; at the limit the stages wait, and take nothing new |
/// | `backoff(..)` | `min` | 100 | the wait before the second attempt, in milliseconds |
/// | `backoff(..)` | `max` | 30_000 | the longest wait, in milliseconds |
/// | `backoff(..)` | `factor` | 2 | how much longer each wait is than the one before |
/// | `backoff(..)` | `jitter` | 0.5 | up to which share a wait is shortened at random |
#[proc_macro_attribute]
pub fn broadway(attribute: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let (attribute, item) = (attribute.into(), item.into());
    entry::caught(&item, || entry::expand(attribute, item.clone())).into()
}
