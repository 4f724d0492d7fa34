//! Lets a simulation choose what tokio and chance choose otherwise: which task runs next, when the clock moves, what is
//! random. A choice depends on the set of tasks that can run, never on the order in which they were woken, so the same
//! choices lead to the same run.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

thread_local! {
    static CURRENT: RefCell<Option<Arc<Schedule>>> = const { RefCell::new(None) };
}

/// What happens next.
pub enum Step {
    /// The task at that place of those that can run is polled once.
    Run(usize),
    /// This comes first, say the clock moves on although tasks can run: they were slow.
    First(Pin<Box<dyn Future<Output = ()> + Send>>),
}

/// Makes the choices of a simulation.
pub trait Choose: Send + 'static {
    /// Chooses among the tasks that can run, by number, in the order in which they were spawned. Never called with none.
    fn choose(&mut self, runnable: &[u32]) -> Step;

    /// Any number.
    fn random(&mut self) -> u64;
}

/// The tasks of one simulation.
pub struct Schedule {
    state: Mutex<State>,
}

struct State {
    choose: Box<dyn Choose>,
    tasks: Vec<Task>,
    runnable: BTreeSet<u32>,
    /// Which task is to be polled, or is being polled.
    chosen: Option<u32>,
    director: Option<Waker>,
}

struct Task {
    waker: Option<Waker>,
    ended: bool,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(place) => write!(f, "Run({place})"),
            Self::First(_) => f.write_str("First(..)"),
        }
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule").finish_non_exhaustive()
    }
}

impl Schedule {
    /// Runs `main`, and all that is spawned on this thread meanwhile, as `choose` says. Needs a runtime of one thread
    /// with paused time.
    pub async fn run<F>(choose: impl Choose, main: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let choose = Box::new(choose);
        let (tasks, runnable) = (Vec::new(), BTreeSet::new());
        let state = State { choose, tasks, runnable, chosen: None, director: None };
        let schedule = Arc::new(Self { state: Mutex::new(state) });
        let _current = Current::set(schedule.clone());
        let mut main = tokio::spawn(schedule.directed(main));
        let mut first: Option<Pin<Box<dyn Future<Output = ()> + Send>>> = None;
        let output = poll_fn(|cx| {
            loop {
                if let Some(comes) = &mut first {
                    if comes.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    first = None;
                }
                if let Poll::Ready(output) = Pin::new(&mut main).poll(cx) {
                    return Poll::Ready(output);
                }
                first = schedule.direct(cx);
                if first.is_none() {
                    return Poll::Pending;
                }
            }
        });
        output.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("{error}"),
        })
    }

    /// Wakes the task that is chosen next, unless something comes first.
    fn direct(&self, cx: &Context<'_>) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let mut state = self.lock();
        state.director = Some(cx.waker().clone());
        if state.chosen.is_some() || state.runnable.is_empty() {
            return None;
        }
        let runnable: Vec<u32> = state.runnable.iter().copied().collect();
        match state.choose.choose(&runnable) {
            Step::First(comes) => return Some(comes),
            Step::Run(place) => {
                let id = runnable[place];
                state.chosen = Some(id);
                let waker = state.tasks[id as usize].waker.clone();
                drop(state);
                waker.into_iter().for_each(Waker::wake);
            }
        }
        None
    }

    fn directed<F: Future>(self: &Arc<Self>, future: F) -> Directed<F> {
        let mut state = self.lock();
        let id = state.tasks.len() as u32;
        state.tasks.push(Task { waker: None, ended: false });
        state.runnable.insert(id);
        let director = state.director.take();
        drop(state);
        director.into_iter().for_each(Waker::wake);
        let waker = Waker::from(Arc::new(Turn { schedule: self.clone(), id }));
        Directed { turn: End(Turn { schedule: self.clone(), id }), waker, future: Box::pin(future) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Current;

impl Current {
    fn set(schedule: Arc<Schedule>) -> Self {
        CURRENT.set(Some(schedule));
        Self
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

/// The task that waits for its turn instead of running when it is woken.
pub(crate) struct Directed<F> {
    // Dropped last: a task has ended when all that it held is dropped.
    future: Pin<Box<F>>,
    waker: Waker,
    turn: End,
}

struct Turn {
    schedule: Arc<Schedule>,
    id: u32,
}

impl Turn {
    /// Makes a change, and has the next choice made.
    fn change<R>(&self, change: impl FnOnce(&mut State, u32) -> R) -> R {
        let mut state = self.schedule.lock();
        let result = change(&mut state, self.id);
        let director = state.director.take();
        drop(state);
        director.into_iter().for_each(Waker::wake);
        result
    }
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.change(|state, id| {
            if !state.tasks[id as usize].ended {
                state.runnable.insert(id);
            }
        });
    }
}

/// Ends a task however it ends, and the turn that it had.
struct End(Turn);

impl Drop for End {
    fn drop(&mut self) {
        self.0.change(|state, id| {
            state.tasks[id as usize].ended = true;
            state.tasks[id as usize].waker = None;
            state.runnable.remove(&id);
            if state.chosen == Some(id) {
                state.chosen = None;
            }
        });
    }
}

impl<F: Future> Future for Directed<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let turn = &self.turn.0;
        let mut state = turn.schedule.lock();
        let id = turn.id as usize;
        if state.chosen != Some(turn.id) {
            state.tasks[id].waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.tasks[id].waker = Some(cx.waker().clone());
        state.runnable.remove(&turn.id);
        drop(state);
        let waker = self.waker.clone();
        let poll = self.future.as_mut().poll(&mut Context::from_waker(&waker));
        if poll.is_pending() {
            self.turn.0.change(|state, _| state.chosen = None);
        }
        poll
    }
}

/// The future as a task of this thread's simulation, if there is one.
pub(crate) fn directed<F: Future>(future: F) -> Result<Directed<F>, F> {
    match CURRENT.with_borrow(Clone::clone) {
        Some(schedule) => Ok(schedule.directed(future)),
        None => Err(future),
    }
}

/// What a simulation has in place of chance.
pub(crate) fn random() -> Option<u64> {
    CURRENT.with_borrow(|current| current.as_ref().map(|schedule| schedule.lock().choose.random()))
}
