//! The table itself. For each section there is also a module with a constant for each option: editors that expand the
//! attribute complete the options from there, and show what is said about them here.

use super::{OptionSpec, Section, Takes};

const STAGES: Takes = Takes::Count { min: 1, max: super::MAX_STAGES };
const AT_LEAST_ONE: Takes = Takes::Count { min: 1, max: super::MAX_COUNT };
const ANY_COUNT: Takes = Takes::Count { min: 0, max: super::MAX_COUNT };

/// `name: TAKES, "default" => "about";` for each option of `SECTION in MODULE with MORE { .. }`, where `MORE` is a module
/// of what may stand beside the options.
macro_rules! table {
    ($($section:ident in $module:ident $(with $more:ident)? {
        $($name:ident: $takes:expr $(, $default:literal)? => $about:literal;)*
    })*) => {
        pub(super) const OPTIONS: &[OptionSpec] = &[$($(OptionSpec {
            section: Section::$section,
            name: stringify!($name),
            takes: $takes,
            default: concat!($($default)?),
            about: $about,
        },)*)*];

        #[allow(missing_docs, non_upper_case_globals)]
        pub mod keys {
            $(pub mod $module {
                $(pub use super::$more::*;)?
                $(table! { @key $name, $about $(, $default)? })*
            })*

            pub mod sections {
                table! { @key producers, "where messages come from: `producers(default(module = ..))`" }
                table! { @key processors, "who handles messages: `processors(default(..))`" }
                table! { @key batchers, "how messages are put into batches: `batchers(default(..), archive(..))`" }
            }

            pub mod group {
                table! { @key default, "the one group of options" }
            }
        }
    };
    // No constant can have this name.
    (@key crate, $($rest:tt)*) => {};
    (@key enum, $about:literal, $default:literal) => {
        table! { @key r#enum, $about, $default }
    };
    (@key $name:ident, $about:literal $(, $default:literal)?) => {
        #[doc = $about]
        $(
            #[doc = ""]
            #[doc = "Default:"]
            #[doc = $default]
        )?
        pub const $name: () = ();
    };
}

table! {
    Root in root with sections {
        name: Takes::Text, "the type's name" => "what the pipeline is called; unique in the process when given";
        shutdown: Takes::Time, "25_000" => "the one deadline of a drain, in milliseconds";
        max_restarts: ANY_COUNT, "3" => "restarts of a layer that are accepted within `max_seconds`";
        max_seconds: AT_LEAST_ONE, "5" => "the window of `max_restarts`, in seconds";
        partition_by: Takes::Expression =>
            "a function `&Message -> u64` for both layers: messages of one value stay in order";
        vis: Takes::Word, "pub" => "the visibility of the generated items";
        crate: Takes::Word, "::broadway" => "the path of the `broadway` crate";
    }
    Producers in producers {
        module: Takes::Expression =>
            "an expression that gives a `Producer`, evaluated for each stage; may use `self`, `stage`, `.await` and `?`";
        stages: STAGES, "1" => "how many producer stages run";
        transformer: Takes::Expression =>
            "a function that makes what `handle_message` takes of what the producer emits";
        max_deliveries: AT_LEAST_ONE, "no limit" =>
            "a message that its source has delivered more often goes to `handle_failed` without being handled";
        rate_limiting: Takes::Group, "off" => "how many messages may leave all producers together in an interval";
        give_up_after: Takes::Time, "never" =>
            "how long a producer may fail without a success before the pipeline ends, in milliseconds";
    }
    ProducerLimit in producer_limit {
        allowed_messages: AT_LEAST_ONE => "messages that leave the producers in each interval";
        interval: Takes::Time => "the length of the interval, in milliseconds";
    }
    Processors in processors {
        stages: STAGES, "2 for each core" => "how many processor stages run";
        min_demand: ANY_COUNT, "half of `max_demand`" => "a chunk is at most `max_demand - min_demand` messages";
        max_demand: AT_LEAST_ONE, "10" => "how many messages each stage adds to what may be in flight";
        partition_by: Takes::Expression => "a function `&Message -> u64`: messages of one value go to the same stage";
        timeout: Takes::Time, "none" => "how long `handle_message` may take, in milliseconds";
        rate_limiting: Takes::Group, "off" =>
            "how many messages all processors together may handle in an interval; each attempt counts";
        retry: Takes::Group, "off" => "how messages that failed are tried again in the process";
    }
    ProcessorLimit in processor_limit {
        allowed_messages: AT_LEAST_ONE => "calls of `handle_message` in each interval";
        interval: Takes::Time => "the length of the interval, in milliseconds";
    }
    Batchers in batcher {
        stages: STAGES, "1" => "how many batch processor stages run";
        batch_size: AT_LEAST_ONE, "100" => "messages in a full batch";
        max_bytes: AT_LEAST_ONE, "none" =>
            "bytes in a batch at most, as `size_by` counts them; a larger message is a batch alone";
        size_by: Takes::Expression, "the length of the output, or of the data" =>
            "a function `(&Message, &Output) -> usize`: how many bytes a message counts towards `max_bytes`";
        splitter: Takes::Expression, "none" =>
            "a `Splitter` that says where batches end, besides `batch_size`; each batch starts with a clone of it";
        batch_timeout: Takes::Time, "1000" => "how long a batch may wait for its last message, in milliseconds";
        max_pending: AT_LEAST_ONE, "100 full batches" =>
            "messages that may wait in batches; at the limit the oldest batch leaves early";
        max_demand: AT_LEAST_ONE, "what the processors hold, at least `batch_size`" =>
            "messages that may wait for the batcher, besides those in batches";
        partition_by: Takes::Expression =>
            "a function `&Message -> u64`: batches of one value go to the same stage, in order";
        timeout: Takes::Time, "none" => "how long `handle_batch` may take, in milliseconds";
        rate_limiting: Takes::Group, "off" =>
            "how many of its batches may be handled in an interval; each attempt counts";
        retry: Takes::Group, "off" => "how batches that failed are tried again, with what is left";
        split: Takes::Flag, "false" =>
            "whether a batch that failed for good is halved until the guilty messages are alone";
    }
    BatcherLimit in batcher_limit {
        allowed_batches: AT_LEAST_ONE => "calls of `handle_batch` for this batcher in each interval";
        interval: Takes::Time => "the length of the interval, in milliseconds";
    }
    Batchers in batchers {
        default: Takes::Word, "the batcher named `default`" => "which batcher takes messages that were not routed";
        unrouted: Takes::Word => "`unrouted = fail` fails messages that were not routed";
        enum: Takes::Word, "the type's name and `Batcher`" => "the name of the generated enum of the batchers";
    }
    Retry in retry {
        attempts: AT_LEAST_ONE, "5" => "how often it is tried in all, the first time included; or `unlimited`";
        backoff: Takes::Group, "100 ms to 30 s" => "how long to wait before each further attempt";
        within: Takes::Time, "none" => "how long after its first failure it may still be tried, in milliseconds";
        when: Takes::Expression, "all that are not permanent" =>
            "a function `&Failure -> bool`: which failures are tried again, of those that are not permanent";
        max_waiting: AT_LEAST_ONE, "1000" =>
            "messages of the layer that may wait; at the limit the stages wait, and take nothing new";
    }
    Backoff in backoff {
        min: Takes::Time, "100" => "the wait before the second attempt, in milliseconds";
        max: Takes::Time, "30_000" => "the longest wait, in milliseconds";
        factor: Takes::Decimal { min: 1, max: 1000 }, "2" => "how much longer each wait is than the one before";
        jitter: Takes::Decimal { min: 0, max: 1 }, "0.5" => "up to which share a wait is shortened at random";
    }
}
