//! Which name was meant: the nearest one by edit distance, or the word that is used here for one known from elsewhere.

/// The nearest of `names`, if it is near enough to be a slip: one edit in short names, two in longer ones.
pub(crate) fn nearest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = if given.chars().count() <= 4 { 1 } else { 2 };
    let distance = |name: &&str| strsim::osa_distance(&given.to_lowercase(), name);
    names.into_iter().filter(|name| distance(name) <= limit).min_by_key(distance)
}

/// The word that is used here for one that users of Elixir's Broadway, tokio, Kafka and the like know.
pub(crate) fn foreign(given: &str) -> Option<&'static str> {
    Some(match given {
        "source" | "sources" | "input" | "consumer" | "consumers" => "producers",
        "handlers" | "mappers" | "workers_group" => "processors",
        "batch" | "batching" | "sinks" | "outputs" => "batchers",
        "concurrency" | "parallelism" | "workers" | "threads" | "tasks" | "instances" => "stages",
        "size" | "max_batch_size" | "batch_max_size" => "batch_size",
        "max_batch_bytes" | "batch_bytes" | "batch_size_bytes" => "max_bytes",
        "linger" | "linger_ms" | "batch_timeout_ms" | "max_wait" | "flush_interval" => "batch_timeout",
        "timeout_ms" | "deadline" => "timeout",
        "shutdown_timeout" | "shutdown_ms" | "drain_timeout" | "grace_period" => "shutdown",
        "rate_limit" | "throttle" => "rate_limiting",
        "allowed" | "limit" => "allowed_messages",
        "interval_ms" | "per" => "interval",
        "partition" | "partition_key" | "key_by" => "partition_by",
        "prefetch" | "prefetch_count" | "buffer_size" => "max_demand",
        "visibility" => "vis",
        "producer_module" | "connector" => "module",
        "transform" | "map" => "transformer",
        "buffer" => "max_pending",
        "max_attempts" | "retries" | "max_retries" | "tries" => "attempts",
        "delay" | "wait" | "back_off" => "backoff",
        "multiplier" | "exponent" | "base" => "factor",
        "initial" | "min_delay" | "initial_delay" => "min",
        "max_delay" | "cap" => "max",
        "max_elapsed" | "max_elapsed_time" | "total" => "within",
        "predicate" | "retry_if" | "on" | "only" => "when",
        "bisect" | "halve" | "split_on_error" => "split",
        "max_receives" | "max_receive_count" | "delivery_limit" => "max_deliveries",
        _ => return None,
    })
}

/// The callback that is called otherwise elsewhere.
pub(crate) fn foreign_callback(given: &str) -> Option<&'static str> {
    Some(match given {
        "handle" | "process" | "process_message" | "call" | "on_message" | "consume" | "handle_data" => {
            "handle_message"
        }
        "process_batch" | "on_batch" | "flush" => "handle_batch",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        assert_eq!(nearest("producer", ["producers", "processors"]), Some("producers"));
        assert_eq!(nearest("stagse", ["stages", "module"]), Some("stages"));
        assert_eq!(nearest("vsi", ["vis", "crate"]), Some("vis"));
        assert_eq!(nearest("sinks", ["stages", "crate"]), None);
    }

    #[test]
    fn every_foreign_word_leads_to_a_word_that_exists() {
        use broadway_topology::options::OPTIONS;
        let known = |name: &str| {
            ["producers", "processors", "batchers"].contains(&name) || OPTIONS.iter().any(|option| option.name == name)
        };
        for word in [
            "source",
            "handlers",
            "sinks",
            "concurrency",
            "size",
            "linger",
            "timeout_ms",
            "grace_period",
            "throttle",
            "allowed",
            "per",
            "key_by",
            "prefetch",
            "visibility",
            "connector",
            "map",
            "buffer",
            "retries",
            "delay",
            "multiplier",
            "initial",
            "cap",
            "total",
            "predicate",
            "bisect",
            "delivery_limit",
        ] {
            assert!(known(foreign(word).expect(word)), "{word}");
            assert!(!known(word), "{word} is a word of ours");
        }
    }
}
