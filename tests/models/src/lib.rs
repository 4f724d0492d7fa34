//! The edge, the release lane and the stage layer of the runtime under a model checker: the very files of `runtime/src`, compiled with a
//! `sync` of loom's, which runs each model in every order of its threads' lock operations (up to a number of
//! preemptions). Invariant: a model ends in every order, no message is lost or seen twice, and all demand comes back.
//!
//! `cargo test -p broadway-models --lib` fails: it runs the files' own tests, whose locks are then loom's, outside of a
//! model. `cargo test -p broadway-models` leaves them out.

#[allow(dead_code, missing_docs, reason = "the stand-in has what the lane needs")]
mod acknowledger;
#[allow(dead_code, reason = "a dispatcher names it")]
mod backoff;
mod bounds;
mod cancelled;
mod demand;
#[allow(dead_code, unused_imports, reason = "models use a part of it")]
#[path = "../../../runtime/src/stage/edge/mod.rs"]
mod edge;
mod ending;
mod lane;
#[cfg(test)]
mod pipeline {
    //! What the files' own tests name, so that they compile.
    pub(crate) use crate::lane::NoDesk as Shared;
}
mod quick;
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    missing_docs,
    missing_debug_implementations,
    reason = "models use a part of it"
)]
mod stage;
mod subscribing;
mod sync;
#[allow(dead_code, reason = "a desk names it")]
mod telemetry;
#[allow(dead_code, reason = "models use a part of it")]
#[path = "../../../runtime/src/ticket.rs"]
mod ticket;
mod waiting;

pub use bounds::{Explored, Size, explore};

/// What is run in every order.
#[derive(Debug)]
pub struct Model {
    /// What it shows.
    pub name: &'static str,
    /// How often an execution of the small model may change from a thread that could go on; in the deep one once more.
    preemptions: usize,
    run: fn(Size),
}

/// All models.
pub const MODELS: &[Model] = &[
    model("every_message_arrives_once_and_all_demand_comes_back", 1, demand::filled),
    model("unhurried_feeders_are_woken", 1, demand::unhurried),
    model("chunks_that_are_sent_arrive", 2, demand::sent),
    model("messages_of_a_partition_arrive_at_its_consumer", 2, demand::partitioned),
    model("one_who_passes_is_let_through", 2, demand::passed),
    model("what_is_sent_ahead_of_demand_is_worked_off", 2, demand::sent_ahead),
    model("a_feeder_is_told_that_its_consumer_stalls", 2, demand::stalled),
    model("a_dropped_take_leaves_its_messages_to_the_others", 2, cancelled::take),
    model("a_dropped_take_that_comes_again_is_served", 2, cancelled::take_again),
    model("a_dropped_reserve_leaves_its_demand_to_the_others", 2, cancelled::reserve),
    model("a_dropped_feeder_gives_its_demand_back", 2, cancelled::feeder),
    model("a_quick_consumer_that_slows_down_rouses_another", 2, quick::roused),
    model("a_closed_edge_is_emptied_and_ends_its_consumers", 2, ending::closed),
    model("an_abandoned_edge_releases_what_nobody_took", 2, ending::abandoned),
    model("every_dropped_ticket_is_posted_once", 2, lane::posted),
    model("a_consumer_that_cancels_while_it_asks_sees_one_end_and_loses_nothing", 1, subscribing::cancelled),
    model("a_consumer_that_ends_takes_along_what_it_was_sent_and_nothing_else", 2, subscribing::left),
    model("a_producer_that_ends_while_somebody_subscribes_leaves_nobody_waiting", 2, subscribing::ended),
    model("a_ticket_may_outlive_its_lane", 2, lane::outlived),
];

const fn model(name: &'static str, preemptions: usize, run: fn(Size)) -> Model {
    Model { name, preemptions, run }
}
