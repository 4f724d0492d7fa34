//! Every event, with its level, its name and its fields. `docs/telemetry.md` lists them; a test compares.

use std::{error::Error, time::Duration};

use broadway_topology::Topology;
use tracing::{debug, error, info, trace, warn};

use super::Place;
use crate::{
    batch::Trigger,
    error::Chain,
    failure::Failure,
    report::{Report, StopError},
    stage::Reason,
};

pub(crate) fn pipeline_start(topology: &Topology) {
    info!(name: "pipeline_start", target: "broadway", pipeline = topology.name, "pipeline started\n{}", topology.diagram());
}

pub(crate) fn pipeline_end(pipeline: &str, ending: Result<&Report, &StopError>) {
    match ending {
        Ok(report) => info!(name: "pipeline_end", target: "broadway", pipeline, %report, "pipeline ended"),
        Err(error) => error!(name: "pipeline_failure", target: "broadway", pipeline, %error, "pipeline ended"),
    }
}

pub(crate) fn deadline(pipeline: &str, in_flight: u64) {
    warn!(name: "deadline", target: "broadway", pipeline, in_flight, "the drain's time is up, what is left is released");
}

pub(crate) fn hook_failed(pipeline: &str, hook: &str, reason: &str) {
    error!(name: "hook_failed", target: "broadway", pipeline, hook, reason, "hook failed");
}

pub(crate) fn signal(pipeline: &str) {
    info!(name: "signal", target: "broadway", pipeline, "signal received, draining");
}

pub(crate) fn no_signals(pipeline: &str, error: &std::io::Error) {
    error!(
        name: "no_signals", target: "broadway", pipeline, %error,
        "cannot listen for signals, running until the pipeline ends by itself"
    );
}

pub(crate) fn owner_dropped(pipeline: &str) {
    warn!(
        name: "owner_dropped", target: "broadway", pipeline,
        "the owner was dropped: the pipeline drains, and nobody waits for it"
    );
}

pub(crate) fn channel_lost(messages: usize) {
    error!(
        name: "channel_lost", target: "broadway", messages,
        "messages that waited in a channel are lost: its pipeline never took them"
    );
}

pub(crate) fn crashed(pipeline: &str, supervisor: &str, child: &str, reason: &str) {
    error!(name: "crashed", target: "broadway", pipeline, supervisor, child, reason, "crashed");
}

pub(crate) fn stage_started(stage: &str) {
    debug!(name: "stage_start", target: "broadway::stage", stage, "stage started");
}

pub(crate) fn stage_ended(stage: &str, reason: &Reason) {
    if reason.is_failure() {
        error!(name: "stage_failure", target: "broadway::stage", stage, %reason, "stage ended");
    } else {
        debug!(name: "stage_end", target: "broadway::stage", stage, %reason, "stage ended");
    }
}

pub(crate) fn stage_crashed(stage: &str, reason: &str) {
    error!(name: "stage_crash", target: "broadway::stage", stage, reason, "crashed, going on with a new instance");
}

pub(crate) fn function_panicked(stage: &str, function: &str, reason: &str) {
    error!(name: "function_panicked", target: "broadway::stage", stage, function, reason, "panicked, going on");
}

pub(crate) fn child_failed(stage: &str, reason: &str, again: bool) {
    error!(name: "child_failed", target: "broadway::stage", stage, reason, again, "child failed");
}

pub(crate) fn source_failed(stage: &str, error: &(dyn Error + 'static), wait: Duration) {
    warn!(
        name: "source_failed", target: "broadway::stage", stage, error = %Chain::of(error), ?wait,
        "producer failed, trying again"
    );
}

pub(crate) fn source_draining_failed(stage: &str, error: &(dyn Error + 'static)) {
    error!(
        name: "source_draining_failed", target: "broadway::stage", stage, error = %Chain::of(error),
        "prepare_for_draining failed"
    );
}

pub(crate) fn untransformed(stage: &str, failure: &Failure) {
    error!(name: "untransformed", target: "broadway::stage", stage, %failure, "an event could not be transformed");
}

pub(crate) fn discarded(stage: &str, events: usize) {
    warn!(name: "discarded", target: "broadway::stage", stage, events, "events are discarded");
}

pub(crate) fn spawned(task: &str) {
    trace!(name: "spawn", target: "broadway", task, "spawn");
}

pub(crate) fn not_ready(pipeline: &str, index: usize, error: &(dyn Error + 'static)) {
    warn!(
        name: "producer_not_ready", target: "broadway", pipeline, index, error = %Chain::of(error),
        "producer is not ready, trying again"
    );
}

pub(crate) fn not_ready_in_time(pipeline: &str, index: usize, patience: Duration) {
    warn!(
        name: "producer_slow", target: "broadway", pipeline, index, ?patience,
        "producer is not ready in time, going on without"
    );
}

pub(crate) fn producer_failed(at: &Place<'_>, what: &'static str, error: &(dyn Error + 'static), wait: Duration) {
    warn!(
        name: "producer_failed", target: "broadway", pipeline = at.pipeline, stage = at.stage, error = %Chain::of(error),
        ?wait, "{what}"
    );
}

pub(crate) fn draining_failed(at: &Place<'_>, error: &(dyn Error + 'static)) {
    error!(
        name: "draining_failed", target: "broadway", pipeline = at.pipeline, stage = at.stage, error = %Chain::of(error),
        "prepare_for_draining failed"
    );
}

pub(crate) fn producer_ended(at: &Place<'_>) {
    debug!(name: "producer_end", target: "broadway", pipeline = at.pipeline, stage = at.stage, "producer ended");
}

pub(crate) fn asked(at: &Place<'_>, demand: usize) {
    trace!(name: "ask", target: "broadway", pipeline = at.pipeline, stage = at.stage, demand, "ask");
}

pub(crate) fn rate_limited(at: &Place<'_>, messages: usize) {
    debug!(
        name: "rate_limited", target: "broadway", pipeline = at.pipeline, stage = at.stage, messages,
        "messages wait for the rate limit"
    );
}

pub(crate) fn message_stop(at: &Place<'_>, id: Option<&str>) {
    trace!(
        name: "message_stop", target: "broadway::message", pipeline = at.pipeline, stage = at.stage, id,
        "handle_message returned"
    );
}

pub(crate) fn message_exception(at: &Place<'_>, id: Option<&str>, failure: &Failure) {
    trace!(
        name: "message_exception", target: "broadway::message", pipeline = at.pipeline, stage = at.stage, id,
        kind = ?failure.kind(), %failure, "handle_message failed"
    );
}

/// A panic, or too much time.
pub(crate) fn message_crashed(at: &Place<'_>, id: Option<&str>, failure: &Failure) {
    error!(
        name: "message_crashed", target: "broadway", pipeline = at.pipeline, stage = at.stage, id,
        kind = ?failure.kind(), %failure, "handle_message failed"
    );
}

pub(crate) fn callback_failed(at: &Place<'_>, callback: &str, messages: usize, failure: &Failure) {
    error!(
        name: "callback_failed", target: "broadway", pipeline = at.pipeline, stage = at.stage, callback, messages,
        kind = ?failure.kind(), %failure, "{callback} failed"
    );
}

pub(crate) fn batch(at: &Place<'_>, messages: usize, trigger: Trigger) {
    debug!(
        name: "batch", target: "broadway", pipeline = at.pipeline, stage = at.stage, batcher = at.batcher, messages,
        %trigger, "a batch leaves"
    );
}

pub(crate) fn told_again(at: &Place<'_>, messages: usize, reason: &str, attempt: u32) {
    warn!(
        name: "ack_again", target: "broadway", pipeline = at.pipeline, stage = at.stage, messages, reason, attempt,
        "verdicts did not reach the source, trying again"
    );
}

pub(crate) fn undelivered(at: &Place<'_>, messages: usize, reason: &str) {
    error!(
        name: "undelivered", target: "broadway", pipeline = at.pipeline, stage = at.stage, messages, reason,
        "verdicts did not reach the source, which will deliver the messages again"
    );
}

pub(crate) fn violation(at: &Place<'_>, messages: usize) {
    error!(
        name: "violation", target: "broadway", pipeline = at.pipeline, stage = at.stage, messages,
        "a callback exchanged messages that it was lent; what was found instead is released"
    );
}

pub(crate) fn observer_panicked(reason: &str) {
    error!(name: "observer_panicked", target: "broadway", reason, "the observer panicked and is detached");
}

pub(crate) fn retry(at: &Place<'_>, messages: usize, attempt: u32, wait: Duration) {
    debug!(
        name: "retry", target: "broadway", pipeline = at.pipeline, stage = at.stage, messages, attempt, ?wait,
        "another attempt follows"
    );
}

pub(crate) fn incomplete(at: &Place<'_>, messages: usize) {
    warn!(
        name: "incomplete", target: "broadway", pipeline = at.pipeline, stage = at.stage, messages,
        "outputs were taken and not given back: what failed cannot be tried again"
    );
}

pub(crate) fn extend_panicked(pipeline: &str, reason: &str) {
    error!(
        name: "extend_panicked", target: "broadway", pipeline, reason,
        "the acknowledger panicked while it renewed leases"
    );
}

pub(crate) fn not_extended(pipeline: &str, messages: usize, reason: &str) {
    warn!(name: "not_extended", target: "broadway", pipeline, messages, reason, "leases were not renewed");
}
