//! Messages that are settled when others are. A message that sent others on keeps its place in its source until it is through
//! its own pipeline and each of the others is settled; the worst verdict counts. Whatever is dropped on the way counts as not
//! judged, so a chain cannot end in silence.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    acknowledger::{AckData, Settlement},
    failure::Failure,
    message::Message,
    pipeline::{ACK_REF, Waiter},
    stage::Incoming,
    ticket::{Ticket, Verdict},
};

/// The duty to settle one message, shared by all whose verdicts it waits for.
struct Chain {
    ticket: Option<Ticket>,
    worst: Mutex<Judgement>,
}

struct Judgement {
    verdict: Verdict,
    failure: Option<Box<Failure>>,
    release_after: Option<Duration>,
}

impl Judgement {
    /// What was not judged goes before what asks for a later try, a failure, a success.
    fn rank(&self) -> u8 {
        match (self.verdict, &self.failure) {
            (Verdict::Successful, _) => 0,
            (Verdict::Failed, _) => 1,
            (Verdict::Released, Some(_)) => 2,
            (Verdict::Released, None) => 3,
        }
    }
}

/// One of those that a [`Chain`] waits for: the message itself, or one that it sent on. Dropped unsettled it says that its
/// message was not judged.
pub(crate) struct Link {
    chain: Arc<Chain>,
    settled: AtomicBool,
}

impl Link {
    /// A link for a message that the upstream one sent on; `None` where there is nothing to settle, or no more.
    fn to(upstream: &mut Ticket) -> Option<Self> {
        if let Some(own) = upstream.data().get::<Self>().filter(|_| upstream.is_told()) {
            return Some(Self::of(own.chain.clone()));
        }
        if !upstream.is_live() || upstream.is_told() {
            return None;
        }
        let worst = Judgement { verdict: Verdict::Successful, failure: None, release_after: None };
        let chain = Arc::new(Chain { ticket: Some(upstream.hand_over()), worst: Mutex::new(worst) });
        *upstream.data_mut() = AckData::any(Self::of(chain.clone()));
        Some(Self::of(chain))
    }

    fn of(chain: Arc<Chain>) -> Self {
        Self { chain, settled: AtomicBool::new(false) }
    }

    /// Notes the verdict on the link's message.
    pub(crate) fn settle(&self, verdict: Verdict, failure: Option<Box<Failure>>, release_after: Option<Duration>) {
        self.settled.store(true, Ordering::Relaxed);
        self.note(Judgement { verdict, failure, release_after });
    }

    fn note(&self, judgement: Judgement) {
        let mut worst = self.chain.worst.lock().unwrap_or_else(PoisonError::into_inner);
        if judgement.rank() > worst.rank() || worst.failure.is_none() && judgement.rank() == worst.rank() {
            *worst = judgement;
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if !*self.settled.get_mut() {
            self.note(Judgement { verdict: Verdict::Released, failure: None, release_after: None });
        }
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let worst = self.worst.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(ticket) = self.ticket.take() {
            let (failure, release_after) = (worst.failure.take(), worst.release_after);
            ticket.post(worst.verdict, Settlement { failure, release_after, ..Settlement::default() });
        }
    }
}

impl<T> Incoming<T> {
    /// Ties a message to the one because of which it is sent, usually from one pipeline to the next: the upstream message is
    /// settled when it is through its own pipeline and each message that was chained to it is settled. The worst verdict
    /// counts: released if one was not judged, else failed if one failed (with its failure), else successful. So its source
    /// keeps it until all that followed from it is done, and delivers it again after a crash.
    ///
    /// Until then it counts as in flight in its own pipeline, and a drain waits for it, up to its deadline; after that it is left
    /// to the source's redelivery. Its lease is not renewed meanwhile. What an upstream message was acknowledged for
    /// already ([`ack_immediately`](Message::ack_immediately)), and one made for a test, is not tied to anything.
    ///
    /// ```
    /// use broadway::{Incoming, channel, prelude::*, stage::from_iter};
    ///
    /// struct Parse { lines: channel::Sender<u64> }
    ///
    /// #[broadway(producers(default(module = from_iter(["1 2", "3 4"]))), processors(default()))]
    /// impl Parse {
    ///     async fn handle_message(&self, message: &mut ParseMessage<&'static str>) -> Result<()> {
    ///         for number in message.data.split(' ') {
    ///             self.lines.send(Incoming::new(number.parse()?).chained(message)).await?;
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// struct Store { lines: channel::Receiver<u64> }
    ///
    /// #[broadway(producers(default(module = self.lines.clone())), processors(default()))]
    /// impl Store {
    ///     async fn handle_message(&self, message: &mut StoreMessage<u64>) -> Result<()> {
    ///         if message.data == 3 { Err("no threes".into()) } else { Ok(()) }
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let (sender, lines) = broadway::channel(10);
    /// let store = Store { lines }.start_link().await?;
    /// let parse = Parse { lines: sender }.start_link().await?.wait().await?;
    /// assert_eq!((parse.acknowledged, parse.failed), (1, 1)); // the line with the 3
    /// let store = store.stop().await?;
    /// assert_eq!((store.acknowledged, store.failed), (3, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn chained<U, B>(mut self, upstream: &mut Message<U, B>) -> Self {
        if let Some(link) = Link::to(&mut upstream.ticket) {
            if let Some(envelope) = &mut upstream.envelope {
                // Its source is told by the chain: nothing here could renew the lease.
                envelope.lease = None;
            }
            self = self.ack(AckData::any(Waiter::linked(link))).ack_ref(ACK_REF);
        }
        self
    }
}
