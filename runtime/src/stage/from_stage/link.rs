//! How the producer is connected to its stage, from the first subscription to the last.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::FromStage;
use crate::{
    error::{Error, GivesUp, Result},
    stage::{
        Cancel, Reason, SubscribeError, Subscription,
        inbox::Inbox,
        inlet::{Inlet, Request},
    },
};

/// Where the producer is with its stage.
pub(super) enum Link {
    /// It will subscribe if it knows to whom.
    Apart,
    /// It has subscribed, and the stage has not answered.
    Joining(oneshot::Receiver<Result<Subscription, SubscribeError>>),
    Subscribed(Subscription),
    /// Nothing more comes.
    Finished,
    Failed(GivesUp),
}

impl<T: Send + 'static, F> FromStage<T, F> {
    /// Subscribes, unless it has; false when nothing more comes. Cancel-safe.
    pub(super) async fn subscribe(&mut self) -> Result<bool> {
        loop {
            match &mut self.link {
                Link::Subscribed(_) => return Ok(true),
                Link::Finished => return Ok(false),
                Link::Failed(reason) => return Err(reason.clone().into_error()),
                Link::Apart => self.join()?,
                Link::Joining(answer) => {
                    let answer = answer.await;
                    // One that is dropped was never answered: the stage is gone with its runtime.
                    match answer {
                        Ok(Ok(subscription)) => self.link = Link::Subscribed(subscription),
                        Ok(Err(error)) => return Err(self.did_not_come_about(error.to_string())),
                        Err(_) => return Err(self.did_not_come_about("the stage's runtime has ended".into())),
                    }
                }
            }
        }
    }

    fn join(&mut self) -> Result<()> {
        let (first, next) = (self.to.take(), || self.resubscribe.as_mut().map(|next| next()));
        let is_first = first.is_some();
        let Some(to) = first.or_else(next) else {
            self.link = Link::Finished;
            return Ok(());
        };
        (self.cancel, self.max_demand) = (to.cancel, to.most());
        let problem = match to.asks_on_demand() {
            Err(error) => Some(error.to_string()),
            Ok(()) if is_first && self.resubscribe.is_some() && to.cancel == Cancel::Permanent => Some(format!(
                "subscription to `{}`: a permanent one takes its consumer along, so `resubscribe` would never be called; \
                 say `cancel(Cancel::Transient)` or `Temporary`, or leave it out",
                to.producer
            )),
            Ok(()) => None,
        };
        if let Some(problem) = problem {
            return Err(self.fail(problem));
        }
        let (answer, answered) = oneshot::channel();
        self.inlet.join(Request { to, replaces: None, answer: Box::new(move |said| drop(answer.send(said))) });
        self.link = Link::Joining(answered);
        Ok(())
    }

    /// What becomes of a subscription that was not accepted.
    fn did_not_come_about(&mut self, error: String) -> Error {
        // With the old one goes what it says of the end.
        self.inlet = Inlet::new(Arc::new(Inbox::new()));
        if self.resubscribe.is_none() {
            return self.fail(error);
        }
        self.link = Link::Apart;
        error.into()
    }

    fn fail(&mut self, reason: String) -> Error {
        let reason = GivesUp::new(reason);
        self.link = Link::Failed(reason.clone());
        reason.into_error()
    }

    /// The subscription has ended, and all that was sent on it is here.
    pub(super) fn left(&mut self, from: &Subscription, reason: &Reason) {
        self.open = 0;
        let goes_on = match self.cancel {
            Cancel::Temporary => true,
            Cancel::Transient => !reason.is_failure(),
            Cancel::Permanent => false,
        };
        self.link = match self.link {
            Link::Finished => Link::Finished,
            _ if goes_on => Link::Apart,
            _ if reason.is_failure() => {
                Link::Failed(GivesUp::new(format!("subscription to `{}`: {reason}", from.producer())))
            }
            _ => Link::Finished,
        };
    }
}
