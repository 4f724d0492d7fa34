//! The catalogue: the mistakes that are looked for, numbered. Rows 1 to 100 are those that the attribute was designed with,
//! the others came with options and callbacks that were built later.

/// One kind of mistake.
pub(crate) struct Row {
    pub(crate) number: u16,
    pub(crate) mistake: &'static str,
    pub(crate) answer: Answer,
}

/// What becomes of it.
pub(crate) enum Answer {
    /// Rules, each with a fixture that breaks it so.
    Rules(&'static [(&'static str, &'static str)]),
    /// A rule that no fixture can break alone, and the test that shows its words.
    Unit(&'static str, &'static str),
    /// It cannot happen, or it is allowed, for this reason.
    Void(&'static str),
}

use Answer::{Rules, Unit, Void};

const fn row(number: u16, mistake: &'static str, answer: Answer) -> Row {
    Row { number, mistake, answer }
}

pub(crate) const ROWS: &[Row] = &[
    // Where the attribute stands
    row(1, "on a type", Rules(&[("on-a-type", "attribute/on_a_struct")])),
    row(
        2,
        "on a function, a module, a trait",
        Rules(&[
            ("on-another-item", "attribute/on_a_function"),
            ("on-another-item", "attribute/on_a_trait"),
            ("on-another-item", "attribute/on_a_method"),
            ("on-another-item", "attribute/on_a_macro_call"),
        ]),
    ),
    row(3, "on an impl of a trait", Rules(&[("trait-impl", "attribute/on_a_trait_impl")])),
    row(
        4,
        "on `unsafe impl`, `impl !T`",
        Rules(&[("unsafe-impl", "types/unsafe_impl"), ("negative-impl", "types/negative_impl")]),
    ),
    row(5, "twice on an impl, on two impls of a type", Rules(&[("attribute-twice", "attribute/twice")])),
    row(6, "without arguments", Rules(&[("missing-topology", "attribute/empty")])),
    row(7, "on the impl of a nameless type", Rules(&[("not-a-named-type", "attribute/on_a_trait_object")])),
    row(
        8,
        "a pipeline that stages cannot share",
        Rules(&[
            ("borrowing-pipeline", "attribute/borrowing_pipeline"),
            ("unbounded-parameter", "attribute/unbounded_parameter"),
            ("not-send-or-sync", "types/generic_that_is_not_sync"),
        ]),
    ),
    row(9, "beside `#[async_trait]`", Rules(&[("async-trait", "attribute/beside_async_trait")])),
    // Sections
    row(10, "a section that is nearly one", Rules(&[("unknown-entry", "sections/unknown_near")])),
    row(11, "a section that is like none", Rules(&[("unknown-entry", "sections/unknown")])),
    row(12, "a section twice", Rules(&[("duplicate-section", "sections/duplicate")])),
    row(13, "no producers", Rules(&[("missing-section", "sections/missing_producers")])),
    row(14, "no processors", Rules(&[("missing-section", "sections/missing_processors")])),
    row(15, "two groups of producers", Rules(&[("second-group", "sections/two_producers")])),
    row(16, "two groups of processors", Rules(&[("second-group", "sections/two_processors")])),
    row(
        17,
        "an empty section",
        Rules(&[("empty-section", "sections/empty_batchers"), ("empty-section", "sections/empty_producers")]),
    ),
    row(
        18,
        "a section in another form",
        Rules(&[("wrong-delimiter", "sections/braces"), ("section-needs-parentheses", "sections/equals")]),
    ),
    row(
        19,
        "a comma that is missing, a stray token",
        Rules(&[
            ("expected-comma", "attribute/missing_comma"),
            ("stray-comma", "attribute/stray_comma"),
            ("expected-after-key", "attribute/colon"),
            ("expected-key", "attribute/stray_token"),
        ]),
    ),
    row(20, "the name of an option as a string", Rules(&[("key-is-a-string", "attribute/string_key")])),
    row(
        21,
        "a group without parentheses",
        Rules(&[
            ("group-needs-parentheses", "sections/group_without_parentheses"),
            ("group-needs-parentheses", "batchers/without_parentheses"),
            ("not-a-group", "batchers/equals"),
        ]),
    ),
    // Options
    row(
        22,
        "an unknown option",
        Rules(&[("unknown-option", "options/unknown_near"), ("unknown-option", "options/unknown")]),
    ),
    row(
        23,
        "a word from elsewhere",
        Rules(&[("foreign-name", "options/foreign"), ("foreign-name", "sections/foreign")]),
    ),
    row(24, "an option in another section", Rules(&[("belongs-elsewhere", "options/wrong_section")])),
    row(25, "an option twice", Rules(&[("duplicate-option", "options/duplicate")])),
    row(26, "no stages", Rules(&[("at-least", "options/zero_stages"), ("at-least", "constants/zero")])),
    row(27, "a negative number", Rules(&[("negative", "options/negative"), ("at-least", "constants/negative")])),
    row(28, "a number that is too large", Rules(&[("at-most", "options/beyond_every_integer")])),
    row(
        29,
        "a literal of another kind",
        Rules(&[
            ("wrong-literal", "options/string_for_a_number"),
            ("wrong-literal", "options/fraction"),
            ("wrong-literal", "options/boolean"),
        ]),
    ),
    row(
        30,
        "more stages than anybody means",
        Rules(&[("at-most", "options/too_large"), ("at-most", "constants/above_the_limit")]),
    ),
    row(31, "no `module`", Rules(&[("missing-module", "sections/missing_module")])),
    row(
        32,
        "a `module` that is no producer",
        Rules(&[
            ("not-a-producer", "types/not_a_producer"),
            ("not-a-producer", "types/producer_without_question_mark"),
            ("not-a-producer", "types/not_a_producer_to_transform"),
        ]),
    ),
    row(
        33,
        "a producer that cannot be cloned for its stages",
        Void("`module` is evaluated for each stage: nothing is cloned"),
    ),
    row(
        34,
        "no value",
        Rules(&[("missing-value", "attribute/missing_value"), ("option-needs-a-value", "options/needs_a_value")]),
    ),
    row(35, "`min_demand` at `max_demand`", Rules(&[("min-below-max", "options/min_demand_at_max_demand")])),
    row(
        36,
        "`min_demand` at the default of `max_demand`",
        Rules(&[("min-below-max", "options/min_demand_at_default_max_demand")]),
    ),
    row(37, "no demand", Rules(&[("at-least", "options/zero_max_demand")])),
    row(38, "empty batches", Rules(&[("at-least", "options/zero_batch_size"), ("at-least", "constants/associated")])),
    row(39, "batches that do not wait", Rules(&[("at-least-one-millisecond", "options/zero_batch_timeout")])),
    row(40, "`max_demand` below `batch_size`", Rules(&[("demand-below-batch", "options/max_demand_below_batch_size")])),
    row(
        41,
        "a source that can never fill a batch",
        Void(
            "no producer says at compile time what it may have in flight: it is an object, and a trait with constants makes none",
        ),
    ),
    row(
        42,
        "`batch_size` as a function, without `max_demand`",
        Void("a `splitter` stands beside `batch_size`, which stays a number that bounds the batch"),
    ),
    row(
        43,
        "a rate limit of nothing",
        Rules(&[
            ("at-least", "options/zero_allowed_messages"),
            ("at-least", "options/zero_allowed_batches"),
            ("at-least-one-millisecond", "options/zero_interval"),
        ]),
    ),
    row(
        44,
        "half a rate limit",
        Rules(&[
            ("rate-limiting-is-incomplete", "options/rate_limiting_incomplete"),
            ("rate-limiting-is-incomplete", "options/rate_limiting_of_batches_incomplete"),
        ]),
    ),
    row(
        45,
        "a rate limit of no layer, or of messages where batches count",
        Rules(&[
            ("belongs-elsewhere", "options/rate_limiting_at_the_top"),
            ("unknown-option", "options/rate_limiting_messages_of_batches"),
        ]),
    ),
    row(
        46,
        "`partition_by` with one stage",
        Rules(&[("partition-by-without-effect", "warnings/partition_by_with_one_stage")]),
    ),
    row(
        47,
        "`partition_by` on one layer only",
        Rules(&[("partition-by-in-one-layer", "warnings/partition_by_in_processors_only")]),
    ),
    row(
        48,
        "`partition_by` of another type",
        Rules(&[
            ("function-of-other-types", "types/partition_by_of_other_data"),
            ("function-returns-another-type", "types/partition_by_text"),
        ]),
    ),
    row(49, "no time to drain", Rules(&[("at-least-one-millisecond", "options/zero_shutdown")])),
    row(50, "no window of restarts", Rules(&[("at-least", "options/zero_max_seconds")])),
    row(
        51,
        "too many stages in all",
        Rules(&[("too-many-stages", "options/too_many_stages"), ("too-many-stages", "constants/too_many_stages")]),
    ),
    row(52, "a path of the runtime that is relative", Rules(&[("path-is-not-absolute", "attribute/relative_crate")])),
    row(53, "`#[cfg]` inside of the attribute", Rules(&[("attribute-inside", "attribute/cfg_inside")])),
    // Batchers and routes
    row(
        54,
        "a batcher's name that is no identifier",
        Rules(&[
            ("batcher-name-not-an-identifier", "batchers/dashed_name"),
            ("batcher-name-not-an-identifier", "batchers/string_name"),
        ]),
    ),
    row(
        55,
        "a batcher's name that is a keyword",
        Rules(&[
            ("batcher-name-is-no-variant", "batchers/keyword"),
            ("batcher-name-is-no-variant", "batchers/underscore"),
        ]),
    ),
    row(56, "two batchers of one name", Rules(&[("duplicate-batcher", "batchers/duplicate")])),
    row(
        57,
        "two batchers of one variant",
        Rules(&[
            ("same-variant", "batchers/same_variant"),
            ("same-variant", "batchers/same_variant_of_a_renamed_enum"),
        ]),
    ),
    row(58, "a route to an unknown batcher", Rules(&[("unknown-route", "types/unknown_route")])),
    row(59, "a `match` that misses a batcher", Rules(&[("match-is-not-exhaustive", "types/match_is_not_exhaustive")])),
    row(60, "a batcher that nothing is routed to", Rules(&[("never-routed-to", "types/never_routed_to")])),
    row(61, "no default among several batchers", Rules(&[("no-default-batcher", "batchers/no_default")])),
    row(62, "a generated name that the module has", Rules(&[("name-is-taken", "types/name_is_taken")])),
    row(
        63,
        "batchers without `handle_batch`",
        Rules(&[("batchers-without-handle-batch", "batchers/without_handle_batch")]),
    ),
    row(
        64,
        "`handle_batch` without batchers",
        Rules(&[("handle-batch-without-batchers", "batchers/handle_batch_without_batchers")]),
    ),
    row(65, "a handler of an unknown batcher", Void("there is one `handle_batch` for all batchers")),
    row(66, "a batcher with two handlers, or none", Void("there is one `handle_batch` for all batchers")),
    row(67, "`handle_batch` beside a batcher's own handler", Void("there is one `handle_batch` for all batchers")),
    // Callbacks
    row(68, "no `handle_message`", Rules(&[("missing-callback", "callbacks/missing_handle_message")])),
    row(
        69,
        "a callback's name misspelt",
        Rules(&[
            ("misspelt-callback", "callbacks/misspelt_handle_failed"),
            ("missing-callback", "callbacks/misspelt_handle_message"),
        ]),
    ),
    row(70, "a callback's name from elsewhere", Rules(&[("missing-callback", "callbacks/foreign_handle_message")])),
    row(71, "not `async`", Rules(&[("callback-is-not-async", "callbacks/not_async")])),
    row(72, "`impl Future` instead of `async`", Rules(&[("write-async-fn", "callbacks/returns_a_future")])),
    row(73, "no receiver", Rules(&[("no-receiver", "callbacks/no_receiver")])),
    row(74, "`&mut self`", Rules(&[("mutable-receiver", "callbacks/mutable_receiver")])),
    row(
        75,
        "`self`, or `self: Arc<Self>`",
        Rules(&[("wrong-receiver", "callbacks/receiver_by_value"), ("wrong-receiver", "callbacks/receiver_in_an_arc")]),
    ),
    row(
        76,
        "too few or too many parameters",
        Rules(&[
            ("too-many-parameters", "callbacks/elixir_handle_message"),
            ("too-many-parameters", "callbacks/elixir_handle_batch"),
            ("no-parameter", "callbacks/no_parameter"),
        ]),
    ),
    row(
        77,
        "data where a message is lent",
        Rules(&[
            ("not-a-message", "callbacks/data_for_a_message"),
            ("not-a-message", "callbacks/data_for_messages"),
            ("type-is-no-message", "types/not_a_message"),
        ]),
    ),
    row(
        78,
        "messages that are taken by value",
        Rules(&[
            ("parameter-by-value", "callbacks/message_by_value"),
            ("parameter-by-value", "callbacks/messages_as_a_vector"),
            ("parameter-of-other-mutability", "callbacks/message_by_shared_reference"),
        ]),
    ),
    row(79, "no return type", Void("a callback may return nothing")),
    row(
        80,
        "a return type that is no outcome",
        Rules(&[
            ("not-an-outcome", "callbacks/message_returned"),
            ("not-a-result", "types/no_outcome"),
            ("not-a-verdict", "types/verdict_with_an_output"),
        ]),
    ),
    row(81, "`handle_batch` of other outputs", Rules(&[("other-type", "types/batch_of_another_pipeline")])),
    row(82, "a producer of other data", Rules(&[("producer-of-other-data", "types/producer_of_other_data")])),
    row(83, "a message that changes its type, without batchers", Void("it is allowed: the output is dropped")),
    row(84, "an error that cannot fail a message", Rules(&[("not-an-error", "types/error_that_is_none")])),
    row(
        85,
        "a generic callback",
        Rules(&[("generic-callback", "callbacks/generic"), ("generic-callback", "callbacks/opaque_message")]),
    ),
    row(86, "an `unsafe` callback", Rules(&[("callback-cannot-be", "callbacks/unsafe")])),
    row(
        87,
        "a future that is not `Send`",
        Rules(&[
            ("future-is-not-send", "types/future_is_not_send"),
            ("future-is-not-send", "types/module_future_is_not_send"),
        ]),
    ),
    row(88, "an output that is not `Send + Sync`", Rules(&[("not-send-or-sync", "types/output_is_not_sync")])),
    row(89, "a callback twice", Rules(&[("duplicate-callback", "types/duplicate_callback")])),
    row(90, "a generated method that the impl has", Rules(&[("name-is-generated", "attribute/generated_name")])),
    row(
        91,
        "`handle_failed` of other messages",
        Rules(&[
            ("other-type", "types/failed_messages_of_other_data"),
            ("not-a-message", "callbacks/data_for_messages"),
        ]),
    ),
    row(92, "`handle_message` under a `#[cfg]` that is off", Rules(&[("removed-callback", "types/removed_callback")])),
    row(93, "a syntax error in a body", Rules(&[("syntax-error-in-a-body", "recovery/half_typed_body")])),
    row(
        94,
        "a panic of the macro",
        Unit("internal", "macros/src/tests/robustness.rs::a_panic_is_an_error_beside_the_impl"),
    ),
    // Amendments
    row(95, "an output or data that is private", Rules(&[("private-type", "types/private_output")])),
    row(96, "an output that borrows", Rules(&[("borrowing-output", "callbacks/borrowing_output")])),
    row(97, "`impl Trait` as the output", Rules(&[("opaque-output", "callbacks/opaque_output")])),
    row(98, "the data of the pipeline itself", Rules(&[("circular-data", "callbacks/circular_data")])),
    row(
        99,
        "`timeout` and `retry` of nothing, or in contradiction",
        Rules(&[
            ("at-least-one-millisecond", "options/zero_timeout"),
            ("at-least", "options/zero_attempts"),
            ("within-below-wait", "options/within_below_first_wait"),
            ("min-above-max", "options/backoff_min_above_max"),
        ]),
    ),
    row(
        100,
        "`max_pending` below `batch_size`",
        Rules(&[("pending-below-batch", "options/max_pending_below_batch_size")]),
    ),
    // What came later
    row(101, "a value that is no expression", Rules(&[("not-an-expression", "attribute/no_expression")])),
    row(102, "parentheses where a value belongs", Rules(&[("option-takes-a-value", "options/in_parentheses")])),
    row(
        103,
        "a value where parentheses belong",
        Rules(&[("option-is-a-group", "options/retry_equals"), ("option-is-a-group", "options/rate_limiting_equals")]),
    ),
    row(104, "a time beyond all times", Rules(&[("too-long", "options/endless_time")])),
    row(105, "a number outside of its bounds", Rules(&[("between", "options/jitter_above_one")])),
    row(106, "an empty name", Rules(&[("empty-name", "options/empty_name")])),
    row(107, "`vis` of no visibility", Rules(&[("not-a-visibility", "attribute/wrong_vis")])),
    row(108, "a group of another name", Rules(&[("group-is-called-default", "sections/group_of_another_name")])),
    row(109, "an option beside its group", Rules(&[("option-outside-of-group", "sections/option_without_group")])),
    row(
        110,
        "an option of `batchers` in a batcher",
        Rules(&[("option-of-the-section", "batchers/unrouted_in_a_batcher")]),
    ),
    row(111, "`batchers` with options and no batcher", Rules(&[("no-batcher", "batchers/without_batcher")])),
    row(112, "`default` that is no name", Rules(&[("default-names-a-batcher", "batchers/default_is_a_string")])),
    row(113, "`default` that names no batcher", Rules(&[("unknown-default-batcher", "batchers/unknown_default")])),
    row(114, "`unrouted` that does not fail", Rules(&[("unrouted-can-only-fail", "batchers/unrouted_drop")])),
    row(115, "`unrouted` beside `default`", Rules(&[("default-and-unrouted", "batchers/default_and_unrouted")])),
    row(116, "`splitter` beside `max_bytes`", Rules(&[("splitter-and", "options/splitter_and_max_bytes")])),
    row(
        117,
        "`size_by` without `max_bytes`",
        Rules(&[("size-by-without-max-bytes", "options/size_by_without_max_bytes")]),
    ),
    row(118, "`max_bytes` of what has no length", Rules(&[("length-is-not-known", "types/length_is_not_known")])),
    row(119, "a `splitter` that is none", Rules(&[("not-a-splitter", "types/not_a_splitter")])),
    row(120, "a hook with a parameter", Rules(&[("takes-nothing", "callbacks/hook_with_a_parameter")])),
    row(
        121,
        "a callback with another one's parameter",
        Rules(&[("wrong-parameter", "callbacks/one_message_for_many")]),
    ),
    row(122, "data that borrows", Rules(&[("borrowing-data", "callbacks/borrowing_data")])),
    row(
        123,
        "a message of another pipeline",
        Rules(&[("message-of-another-pipeline", "types/message_without_batchers")]),
    ),
    row(
        124,
        "a value of another type",
        Rules(&[
            ("not-a-count", "types/stages_of_another_type"),
            ("not-a-time", "types/timeout_of_another_type"),
            ("not-a-number", "types/factor_of_another_type"),
        ]),
    ),
    row(125, "a value that there is not", Rules(&[("unknown-value", "types/unknown_value")])),
    row(126, "lent items in a stream", Rules(&[("borrowed-items-in-a-stream", "types/buffered_over_lent_items")])),
    row(127, "`self` in a task of its own", Rules(&[("borrow-escapes", "first_mistakes/spawn_with_self")])),
    row(
        128,
        "a pipeline that is dropped as soon as it runs",
        Rules(&[("unused-pipeline", "first_mistakes/pipeline_is_dropped")]),
    ),
    row(
        129,
        "a signature that cannot be parsed",
        Unit("unreadable-callback", "macros/src/tests/errors.rs::a_signature_that_cannot_be_parsed_is_an_error"),
    ),
    row(
        130,
        "a batcher that there is not, in what is set after the declaration",
        Unit(
            "unknown-batcher",
            "tests/tests/overrides.rs::a_setup_that_names_a_batcher_that_is_not_there_does_not_start",
        ),
    ),
    row(131, "a name for the enum that is none", Rules(&[("enum-is-a-name", "batchers/enum_is_a_string")])),
    row(132, "two impls of one type", Rules(&[("name-is-taken", "types/two_impls")])),
    row(
        133,
        "what else the compiler says of two impls of one type",
        Unit("second-impl", "ui-tests/tests/catalogue/main.rs::every_fixture_gets_the_errors_that_it_expects"),
    ),
    row(134, "documentation of an option", Rules(&[("documentation-inside", "attribute/documentation_inside")])),
    row(135, "a text in place of the topology", Rules(&[("missing-topology", "attribute/a_text")])),
    row(136, "a visibility of another module", Rules(&[("vis-of-another-module", "types/vis_of_another_module")])),
    row(
        137,
        "parameters of the type that are missing, or have defaults",
        Rules(&[
            ("missing-type-parameter", "types/missing_type_parameter"),
            ("default-of-a-parameter", "types/default_of_a_parameter"),
            ("unbounded-parameter", "attribute/unbounded_parameter_and_where"),
        ]),
    ),
    row(138, "a `default` callback", Rules(&[("default-callback", "types/default_callback")])),
    row(
        139,
        "a mistake in what a macro passes on",
        Rules(&[("unknown-option", "options/slip_in_a_macro"), ("at-least", "options/zero_in_a_macro")]),
    ),
    row(140, "a value that is half typed", Rules(&[("not-an-expression", "attribute/half_typed_path")])),
    row(
        141,
        "a route to what is no batcher of the pipeline",
        Rules(&[("not-a-route", "first_mistakes/route_by_name"), ("not-a-route", "types/route_to_another_pipeline")]),
    ),
];
