//! What every stage that takes has: subscriptions from its start on. Invariant: a start that fails or is dropped leaves no
//! stage behind.

use std::sync::Arc;

use futures::future::try_join_all;
use tokio::sync::watch;

use super::{ConsumerBuilder, ProducerConsumerBuilder, common::Common, giving::Giving};
use crate::{
    spawn::spawn,
    stage::{
        Consumer, NotStarted, ProducerConsumer, Reason, StageContext, To,
        counts::Counters,
        flow::Flow,
        handle::request,
        inbox::Inbox,
        inlet::Inlet,
        port::{Order, Port, Standing},
    },
};

macro_rules! taking {
    ($($builder:ident<$of:ident: $bound:ident>;)+) => {$(
        impl<$of: $bound> $builder<$of> {
            /// Subscribes to a producer when it starts. May be called several times.
            ///
            /// [`Consumer`] has an example.
            pub fn subscribe_to(mut self, producer: impl Into<To<$of::Event>>) -> Self {
                self.subscribe_to.push(producer.into());
                self
            }
        }
    )+};
}

taking! {
    ProducerConsumerBuilder<H: ProducerConsumer>;
    ConsumerBuilder<C: Consumer>;
}

/// What the handle of a stage is made of.
pub(super) struct Started<I, O> {
    pub(super) inbox: Arc<Inbox<I>>,
    pub(super) port: Arc<Port<O>>,
    pub(super) name: Arc<str>,
    pub(super) counters: Arc<Counters>,
    pub(super) ended: watch::Receiver<Option<Reason>>,
}

/// Starts a stage that takes.
pub(super) async fn start<H: ProducerConsumer>(
    mut common: Common<H>,
    giving: Giving<H::Data>,
    subscribe_to: Vec<To<H::Event>>,
) -> Result<Started<H::Event, H::Data>, NotStarted> {
    let (on_discard, counters) = (common.teller(), Arc::<Counters>::default());
    let Common { name, instance, again, .. } = common;
    let (port, outlet) = giving.outlet(counters.clone(), on_discard, Standing::default());
    let inbox = Arc::new(Inbox::new());
    let context = StageContext::new(name.clone(), port.clone());
    let inlet = Inlet::new(inbox.clone());
    let mut flow = Flow::new(name.clone(), instance, again, context, inlet, outlet, counters.clone());
    let not_started = |reason| NotStarted { stage: name.clone(), reason };
    flow.start().await.map_err(not_started)?;
    let (told, ended) = watch::channel(None);
    // The requests come before anything else.
    let answers: Vec<_> = subscribe_to.into_iter().map(|to| request(&inbox, to, None)).collect();
    drop(spawn(&name, flow.run(told)));
    let starting = Starting(Some(port.clone()));
    try_join_all(answers).await.map_err(|error| not_started(error.into()))?;
    starting.done();
    Ok(Started { inbox, port, name, counters, ended })
}

/// A stage that runs and is not known to have started: unless that comes, it is stopped. It may have subscribed to others.
struct Starting<T: Send + 'static>(Option<Arc<Port<T>>>);

impl<T: Send + 'static> Starting<T> {
    fn done(mut self) {
        self.0 = None;
    }
}

impl<T: Send + 'static> Drop for Starting<T> {
    fn drop(&mut self) {
        if let Some(port) = &self.0 {
            port.order(Order::End(Reason::Stopped));
        }
    }
}
