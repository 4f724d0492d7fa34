//! Pushes messages into a running pipeline past its producers: for tests, and for work that comes from the same process.
//! Pushed messages skip the transformer and the rate limit, wait for demand that nobody uses (so there are at most as many
//! again in flight as without them), and are settled like all others.

use std::{any::Any, sync::Arc, sync::atomic::Ordering};

use futures::future::BoxFuture;
use tokio::sync::Mutex;

use super::{
    core::{Entry, PushError},
    outcome::{self, Waiter},
    plan::Plan,
};
use crate::{
    acknowledger::AckData,
    batch::MessageOf,
    handler::Broadway,
    message::{BatchMode, Message},
    stage::edge::Feeder,
    telemetry::QueueStats,
    ticket::Ticket,
};

pub(crate) struct Door<P: Broadway> {
    plan: Arc<Plan<P>>,
    outlet: Arc<Mutex<Feeder<Vec<MessageOf<P>>>>>,
}

impl<P: Broadway> Door<P> {
    pub(crate) fn new(plan: Arc<Plan<P>>) -> Self {
        let outlet = Arc::new(Mutex::new(plan.to_processors.feeder()));
        Self { plan, outlet }
    }
}

impl<P: Broadway> Entry for Door<P> {
    fn push(
        &self,
        messages: Box<dyn Any + Send>,
        mode: BatchMode,
        waiters: Vec<Waiter>,
    ) -> BoxFuture<'static, Result<(), PushError>> {
        let Ok(messages) = messages.downcast::<Vec<P::Data>>() else {
            let takes = std::any::type_name::<P::Data>();
            return Box::pin(std::future::ready(Err(PushError::WrongType { takes })));
        };
        let (plan, outlet) = (self.plan.clone(), self.outlet.clone());
        Box::pin(async move {
            let shared = &plan.shared;
            let mut outlet = outlet.lock_owned().await;
            let mut waiters = waiters.into_iter();
            let mut messages = messages.into_iter().peekable();
            while messages.peek().is_some() {
                let most = plan.topology.processor_demand() as usize;
                // Not behind a producer that has reserved all demand for an ask that may last for ever.
                let room = outlet.pass().await.min(most);
                // The edge is closed when all producers have finished.
                if shared.draining().is_raised() || outlet.is_closed() {
                    return Err(PushError::Draining);
                }
                let emitted_at = shared.now();
                let mut pushed: Vec<MessageOf<P>> = Vec::with_capacity(room);
                for data in messages.by_ref().take(room) {
                    let sequence = shared.pushed.fetch_add(1, Ordering::Relaxed);
                    let ack_data = waiters.next().map_or(AckData::None, AckData::any);
                    let ticket = Ticket::new(&shared.lane, outcome::ACK_REF, sequence, ack_data);
                    let mut message: MessageOf<P> = Message::new(data, ticket, None);
                    message.emitted_at = emitted_at;
                    message.put_batch_mode(mode);
                    pushed.push(message);
                }
                shared.counters.lane.emitted.fetch_add(pushed.len() as u64, Ordering::Relaxed);
                let open = if plan.topology.processors.partitioned {
                    let mut pieces = plan.partitions();
                    for mut message in pushed {
                        pieces[plan.partition(&mut message)].push(message);
                    }
                    outlet.fill_partitions(&mut pieces, plan.topology.processors.chunk() as usize)
                } else {
                    outlet.fill(&mut vec![pushed])
                };
                if !open {
                    return Err(PushError::Draining);
                }
            }
            Ok(())
        })
    }

    fn queues(&self) -> Vec<QueueStats> {
        self.plan.queues()
    }

    #[cfg(feature = "testing")]
    fn waiting(&self) -> Vec<u64> {
        self.plan.waiting()
    }
}
