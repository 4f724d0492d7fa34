//! Something that several may wait for, raised and lowered by the pipeline. Invariant: who waits is registered once, and
//! woken by the next change; until then a look is one load, so stages can wait for it beside all that they do.

use std::{
    fmt,
    future::{Future, poll_fn},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

/// Something that is either so or not so, and can be waited for.
///
/// ```
/// use std::sync::OnceLock;
///
/// # use broadway::{Builder, Next, Outbox, Producer, ProducerContext, Result, Signal, async_trait};
/// static PAUSED: OnceLock<Signal> = OnceLock::new();
///
/// struct Idle;
///
/// #[async_trait]
/// impl Producer for Idle {
///     type Data = u64;
///
///     async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
///         PAUSED.get_or_init(|| context.paused()); // to stop a subscription, say
///         Ok(())
///     }
///
///     async fn handle_demand(&mut self, _: usize, _: &mut Outbox<u64>) -> Result<Next> {
///         std::future::pending().await
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let pipeline = Builder::<_, ()>::new("idle", |_| Idle, |_| Box::pin(async { Ok(()) })).start_link().await?;
/// let paused = PAUSED.get().unwrap();
/// pipeline.pause();
/// paused.raised().await;
/// pipeline.resume();
/// paused.lowered().await;
/// assert!(!paused.is_raised());
/// # pipeline.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Signal(Arc<Flag>);

/// What [`Signal`]s look at.
#[derive(Default)]
pub(crate) struct Flag {
    /// How often it changed: raised if that is odd.
    changes: AtomicU64,
    waiting: Mutex<Waiting>,
}

/// A place for each who waits.
#[derive(Default)]
struct Waiting {
    places: Vec<Option<Waker>>,
    unused: Vec<usize>,
}

impl Flag {
    /// Raises or lowers it.
    pub(crate) fn set(&self, raised: bool) {
        let mut waiting = self.waiting();
        if is_raised(self.changes.load(SeqCst)) == raised {
            return;
        }
        self.changes.fetch_add(1, SeqCst);
        let wakers: Vec<Waker> = waiting.places.iter_mut().filter_map(Option::take).collect();
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_raised(changes: u64) -> bool {
    changes % 2 == 1
}

impl fmt::Debug for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flag").field("raised", &is_raised(self.changes.load(SeqCst))).finish_non_exhaustive()
    }
}

impl Signal {
    pub(crate) fn new(flag: Arc<Flag>) -> Self {
        Self(flag)
    }

    /// Whether it is raised right now.
    pub fn is_raised(&self) -> bool {
        is_raised(self.0.changes.load(SeqCst))
    }

    /// Waits until it is raised; at once if it is. A pipeline that is gone raises nothing any more. Cancel-safe.
    pub async fn raised(&self) {
        self.until(true).await;
    }

    /// Waits until it is not raised; at once if it is not. Cancel-safe.
    pub async fn lowered(&self) {
        self.until(false).await;
    }

    fn until(&self, raised: bool) -> impl Future<Output = ()> {
        let mut wait = Wait { flag: &self.0, registered: None };
        poll_fn(move |cx| wait.poll(cx, raised))
    }
}

/// One who waits.
struct Wait<'a> {
    flag: &'a Flag,
    registered: Option<Registered>,
}

struct Registered {
    place: usize,
    waker: Waker,
    /// The change after which it was registered: the next one takes its waker.
    after: u64,
}

impl Wait<'_> {
    #[inline]
    fn poll(&mut self, cx: &Context<'_>, raised: bool) -> Poll<()> {
        let changes = self.flag.changes.load(SeqCst);
        if is_raised(changes) == raised {
            return Poll::Ready(());
        }
        match &self.registered {
            Some(registered) if registered.after == changes && registered.waker.will_wake(cx.waker()) => Poll::Pending,
            _ => self.register(cx, raised),
        }
    }

    #[cold]
    fn register(&mut self, cx: &Context<'_>, raised: bool) -> Poll<()> {
        let mut waiting = self.flag.waiting();
        // It may have changed since the look; under the lock it does not.
        let after = self.flag.changes.load(SeqCst);
        if is_raised(after) == raised {
            return Poll::Ready(());
        }
        let place = match &self.registered {
            Some(registered) => registered.place,
            None => waiting.unused.pop().unwrap_or_else(|| {
                waiting.places.push(None);
                waiting.places.len() - 1
            }),
        };
        waiting.places[place] = Some(cx.waker().clone());
        self.registered = Some(Registered { place, waker: cx.waker().clone(), after });
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(Registered { place, .. }) = self.registered {
            let mut waiting = self.flag.waiting();
            let waker = waiting.places[place].take();
            waiting.unused.push(place);
            drop(waiting);
            drop(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        task::Wake,
    };

    use super::*;

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn a_wait_is_registered_once_woken_by_each_change_and_leaves_its_place() {
        let flag = Arc::new(Flag::default());
        let signal = Signal::new(flag.clone());
        let (bell, other) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let (first, second) = (Waker::from(bell.clone()), Waker::from(other.clone()));
        {
            let mut raised = pin!(signal.raised());
            for _ in 0..3 {
                assert!(raised.as_mut().poll(&mut Context::from_waker(&first)).is_pending());
            }
            assert_eq!(flag.waiting().places.len(), 1);
            // It was raised and lowered before anybody looked: woken, it waits for the next time.
            flag.set(true);
            flag.set(true);
            flag.set(false);
            assert_eq!(bell.0.load(SeqCst), 1);
            assert!(raised.as_mut().poll(&mut Context::from_waker(&first)).is_pending());
            // Another task waits in its place.
            assert!(raised.as_mut().poll(&mut Context::from_waker(&second)).is_pending());
            flag.set(true);
            assert_eq!((bell.0.load(SeqCst), other.0.load(SeqCst)), (1, 1));
            assert!(raised.as_mut().poll(&mut Context::from_waker(&second)).is_ready());
            assert!(signal.is_raised());
        }
        let mut lowered = pin!(signal.lowered());
        assert!(lowered.as_mut().poll(&mut Context::from_waker(&first)).is_pending());
        assert_eq!(flag.waiting().places.len(), 1, "the place is used again");
        flag.set(false);
        assert!(lowered.as_mut().poll(&mut Context::from_waker(&first)).is_ready());
    }
}
