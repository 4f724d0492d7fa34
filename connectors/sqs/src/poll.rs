//! One receive, as a task of its own, so that an ask that is dropped loses nothing: the next ask finds the result, and a
//! drain does not wait for it. The request itself is never broken off: the server may not notice, and would hand messages
//! to nobody until their visibility timeout. It ends by itself, and what nobody fetches it gives back.

use std::{sync::Arc, time::Duration};

use broadway::Signal;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    connection::Connection,
    delivery::Delivery,
    error::{ErrorKind, SqsError},
    options::Options,
};

/// On top of the long poll: longer than the attempts of the SDK, a stop for clients that have no time-outs.
const PATIENCE: Duration = Duration::from_secs(100);

/// An answer that arrives together with the drain is still dealt with before the process may end.
const JUST_NOW: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Poll {
    result: oneshot::Receiver<Result<Delivery, SqsError>>,
    task: JoinHandle<()>,
    connection: Arc<Connection>,
}

impl Poll {
    /// Asks for up to `count` messages.
    pub(crate) fn start(connection: Arc<Connection>, options: &Options, count: usize, paused: Signal) -> Self {
        let request = options.apply(connection.link.client.receive_message(), count).queue_url(&connection.link.url);
        let wait = options.wait_time() + PATIENCE;
        let (sender, result) = oneshot::channel();
        let task = tokio::spawn(run(connection.clone(), request, wait, sender, paused));
        Self { result, task, connection }
    }

    /// The result. Cancel-safe: a dropped wait leaves it for the next.
    pub(crate) async fn result(&mut self) -> Result<Delivery, SqsError> {
        let cut_off =
            |_| Err(self.connection.link.refusal("receive from", ErrorKind::Unreachable, "the receive was cut off"));
        (&mut self.result).await.unwrap_or_else(cut_off)
    }

    /// Ends the wait, and gives back what has come. What comes later gives itself back, as long as the process lives.
    pub(crate) async fn cut(mut self) {
        self.result.close();
        if let Ok(Ok(delivery)) = self.result.try_recv() {
            delivery.give_back().await;
        }
        let _ = tokio::time::timeout(JUST_NOW, self.task).await;
    }
}

type Request = aws_sdk_sqs::operation::receive_message::builders::ReceiveMessageFluentBuilder;

async fn run(
    connection: Arc<Connection>,
    request: Request,
    patience: Duration,
    sender: oneshot::Sender<Result<Delivery, SqsError>>,
    paused: Signal,
) {
    let mut result = match tokio::time::timeout(patience, request.send()).await {
        Ok(Ok(answer)) => Ok(Delivery::new(answer.messages.unwrap_or_default(), connection.clone())),
        Ok(Err(error)) => Err(connection.link.error("receive from", &error)),
        Err(_) => {
            Err(connection.link.refusal("receive from", ErrorKind::Unreachable, "no answer in time; check the queue"))
        }
    };
    if paused.is_raised() {
        // Others may have these while this pipeline sleeps.
        if let Ok(delivery) = result {
            delivery.give_back().await;
            result = Ok(Delivery::new(Vec::new(), connection));
        }
    }
    if let Err(Ok(delivery)) = sender.send(result) {
        delivery.give_back().await;
    }
}
