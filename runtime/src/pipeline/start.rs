//! The start of a pipeline: checks what can be checked, makes what can fail, and only then starts the tree. After an error
//! nothing runs.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc};

use broadway_topology::{Topology, Tree, Violation, check};
use futures::{FutureExt, future::join_all};

use super::{
    Core, Pipeline, Setup, Shared,
    entry::Door,
    hooks,
    pending::Splits,
    plan::{INIT_PATIENCE, Plan},
    processor::caught,
    registry::Name,
    run::run,
};
use crate::{
    error::{Chain, Error, is_permanent},
    failure::panic_text,
    handler::{Batcher, Broadway, Declared},
    overrides::Origin,
    spawn::spawn,
    stage::StageIndex,
    telemetry::{Counters, events},
};

/// Why a pipeline did not start. Nothing runs.
///
/// ```
/// # use broadway::{Builder, StartError, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let error = Builder::<u64, ()>::new("stageless", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
///     .topology(|topology| {
///         topology.processors.stages(0);
///     })
///     .start_link()
///     .await
///     .unwrap_err();
/// assert!(matches!(&error, StartError::Topology { violations, .. } if violations.len() == 1));
/// println!("{error}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The topology breaks rules; all violations are listed.
    Topology {
        /// The pipeline's name.
        pipeline: String,
        /// Which rules, at which options, with which values.
        violations: Vec<Violation>,
        /// Where those of the values came from that were not in the program.
        origins: Vec<Origin>,
        /// Where the pipeline is declared.
        declared: Option<Declared>,
    },
    /// The callbacks and the topology do not fit together.
    ///
    /// ```
    /// # use broadway::{Builder, StartError, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let pipeline = Builder::<u64, ()>::new("batchless", |_| from_iter(0..3), |_| Box::pin(async { Ok(()) }))
    ///     .topology(|topology| { topology.batcher("default"); });
    /// let error = pipeline.start_link().await.unwrap_err();
    /// assert!(matches!(error, StartError::Callbacks { problem, .. } if problem.contains("no `handle_batch`")));
    /// # }
    /// ```
    Callbacks {
        /// The pipeline's name.
        pipeline: String,
        /// What is missing, or contradicts what.
        problem: String,
        /// Where the pipeline is declared.
        declared: Option<Declared>,
    },
    /// A running pipeline of this process has that name, and it was asked for.
    ///
    /// ```
    /// # use broadway::{Builder, StartError, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let orders = || Builder::<u64, ()>::new("orders", |_| from_iter(0..), |_| Box::pin(async { Ok(()) }));
    /// let first = orders().start_link().await?;
    /// let error = orders().configure().name("orders").start_link().await.unwrap_err();
    /// assert!(matches!(error, StartError::NameInUse { .. }));
    ///
    /// let second = orders().start_link().await?; // a name that is only the default gets a number
    /// assert_eq!(second.name(), "orders-2");
    /// # first.stop().await?;
    /// # second.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    NameInUse {
        /// The name.
        name: String,
    },
    /// A producer could not be made, or can never connect.
    ///
    /// ```
    /// # use broadway::{Builder, Next, Outbox, Producer, ProducerContext, Result, ResultExt, StartError, async_trait};
    /// struct Unknown;
    ///
    /// #[async_trait]
    /// impl Producer for Unknown {
    ///     type Data = u64;
    ///
    ///     async fn init(&mut self, _: &mut ProducerContext) -> Result<()> {
    ///         Ok(Err("no such queue").permanent()?)
    ///     }
    /// #
    /// #   async fn handle_demand(&mut self, _: usize, _: &mut Outbox<u64>) -> Result<Next> { Ok(Next::Finished) }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let pipeline = Builder::<u64, ()>::new("orders", |_| Unknown, |_| Box::pin(async { Ok(()) }));
    /// let error = pipeline.start_link().await.unwrap_err();
    /// assert_eq!(error.to_string(), "producer 0 cannot start: no such queue");
    /// assert!(matches!(error, StartError::Producer { .. }));
    /// # }
    /// ```
    Producer {
        /// Which producer stage.
        stage: StageIndex,
        /// Why.
        error: Error,
        /// Where the pipeline is declared.
        declared: Option<Declared>,
    },
    /// `on_start` failed, or panicked. Nothing has run.
    ///
    /// ```
    /// # use broadway::{Builder, StartError, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let pipeline = Builder::<u64, ()>::new("orders", |_| from_iter(0..3), |_| Box::pin(async { Ok(()) }))
    ///     .on_start(|| Box::pin(async { Err("no table".into()) }));
    /// assert!(matches!(pipeline.start_link().await, Err(StartError::OnStart { error, .. }) if error.to_string() == "no table"));
    /// # }
    /// ```
    OnStart {
        /// The pipeline's name.
        pipeline: String,
        /// Why.
        error: Error,
        /// Where the pipeline is declared.
        declared: Option<Declared>,
    },
    /// There is no tokio runtime here.
    ///
    /// ```
    /// # use broadway::{Builder, StartError, stage::from_iter};
    /// # use futures::FutureExt;
    /// let pipeline = Builder::<u64, ()>::new("orders", |_| from_iter(0..3), |_| Box::pin(async { Ok(()) }));
    /// let started = pipeline.start_link().now_or_never().unwrap(); // polled outside of tokio
    /// assert!(matches!(started, Err(StartError::NoRuntime)));
    /// ```
    NoRuntime,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topology { pipeline, violations, origins, declared } => {
                write!(f, "the topology of `{pipeline}`{} cannot start", At(declared))?;
                for violation in violations {
                    let Violation { rule, at, value, .. } = violation;
                    write!(f, "\n  {at} = {value}: {rule}")?;
                    if let Some(help) = rule.help() {
                        write!(f, "; {help}")?;
                    }
                    for Origin { at, from } in origins.iter().filter(|origin| violation.concerns(&origin.at)) {
                        write!(f, " (`{}` comes from {from})", at.option)?;
                    }
                }
                Ok(())
            }
            Self::Callbacks { pipeline, problem, declared } => {
                write!(f, "`{pipeline}`{} cannot start: {problem}", At(declared))
            }
            Self::NameInUse { name } => {
                write!(f, "a pipeline named `{name}` is running; stop it first, or leave `name` out to get a free one")
            }
            Self::Producer { stage, error, declared } => {
                write!(f, "producer {stage}{} cannot start: {}", At(declared), Chain::of(&**error))
            }
            Self::OnStart { pipeline, error, declared } => {
                write!(f, "`{pipeline}`{} cannot start: `on_start` failed: {}", At(declared), Chain::of(&**error))
            }
            Self::NoRuntime => f.write_str("no tokio runtime: call `start_link` inside `#[tokio::main]` or `block_on`"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        None
    }
}

struct At<'a>(&'a Option<Declared>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |declared| write!(f, " (declared at {declared})"))
    }
}

pub(crate) async fn start<P: Broadway>(setup: Setup<P>) -> Result<Pipeline, StartError> {
    let Setup { pipeline, mut topology, source, observer, mut origins, strangers: mut violations } = setup;
    let declared = P::DECLARED;
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(StartError::NoRuntime);
    }
    violations.extend(check(&topology));
    if !violations.is_empty() {
        origins.retain(|origin| violations.iter().any(|violation| violation.concerns(&origin.at)));
        return Err(StartError::Topology { pipeline: topology.name, violations, origins, declared });
    }
    let checked = contradiction(&*pipeline, &topology).map_or_else(|| splitters(&*pipeline, &topology), Err);
    let splitters = match checked {
        Ok(splitters) => splitters,
        Err(problem) => return Err(StartError::Callbacks { pipeline: topology.name, problem, declared }),
    };
    let name = Name::reserve(&topology.name, topology.explicit_name);
    let name = name.ok_or_else(|| StartError::NameInUse { name: topology.name.clone() })?;
    topology.name = name.as_str().to_owned();
    let topology = Arc::new(topology);
    let tree = Tree::of(&topology);
    let counters = Counters::new(tree.stages());
    let shared = Shared::observed(topology.name.clone(), counters, observer);

    let plan = Arc::new(Plan::new(pipeline, shared.clone(), topology.clone(), source, splitters));
    let stages = (0..topology.producers.stages as usize).map(StageIndex);
    for (stage, result) in join_all(stages.map(|stage| make(&plan, stage))).await {
        result.map_err(|error| StartError::Producer { stage, error, declared })?;
    }

    if let Err(error) = hooks::started(&plan.pipeline).await {
        return Err(StartError::OnStart { pipeline: topology.name.clone(), error, declared });
    }

    let core = Core::new(shared.clone(), topology.clone(), plan.limiters.clone(), Arc::new(Door::new(plan.clone())));
    name.give(&core);
    let worked = plan.worked.subscribe();
    events::pipeline_start(&topology);
    shared.observe(|observer| observer.pipeline_start(&topology));
    spawn(&topology.name, run(core.clone(), Arc::new(plan.clone()), plan, worked));
    Ok(Pipeline::new(core))
}

/// What only the pipeline and its topology together can get wrong. The attribute checks it when it compiles.
fn contradiction<P: Broadway>(pipeline: &P, topology: &Topology) -> Option<String> {
    if topology.batchers.is_empty() {
        return None;
    }
    if !pipeline.has_process_batch() {
        return Some("the pipeline has batchers and no `handle_batch`; give its builder one".into());
    }
    let (declared, routed) = (P::Batcher::DEFAULT, topology.default_batcher());
    // `unrouted = fail` may be set on a pipeline that has a default.
    if let Some(routed) = routed
        && declared.map(Batcher::index) != Some(routed)
    {
        let name = &topology.batchers[routed].name;
        let declared = declared.map_or_else(|| "none".to_owned(), |batcher| format!("`{batcher:?}`"));
        return Some(format!(
            "messages that are not routed go to batcher `{name}` by the topology, and `Batcher::DEFAULT` is {declared}; \
             make them agree"
        ));
    }
    None
}

/// The splitters of the batchers, asked for once.
fn splitters<P: Broadway>(pipeline: &P, topology: &Topology) -> Result<Vec<Option<Splits<P>>>, String> {
    let splitter = |batcher: &broadway_topology::Batcher| {
        let name = &batcher.name;
        let splitter = caught(|| pipeline.splitter(batcher))
            .map_err(|panic| format!("the splitter of batcher `{name}` panicked: {}", panic_text(&*panic)))?;
        if batcher.max_bytes.is_some() && splitter.is_none() {
            return Err(format!(
                "batcher `{name}` has `max_bytes`, and the pipeline cannot keep it: it has a `splitter`, or does not \
                 say how many bytes a message has; give it a `size_by`"
            ));
        }
        Ok(splitter)
    };
    topology.batchers.iter().map(splitter).collect()
}

/// A panic at start is an error like others: there is nothing to be restarted yet.
async fn make<P: Broadway>(plan: &Arc<Plan<P>>, stage: StageIndex) -> (StageIndex, Result<(), Error>) {
    let made = AssertUnwindSafe(connect(plan, stage)).catch_unwind().await;
    (stage, made.unwrap_or_else(|panic| Err(format!("panicked: {}", panic_text(&*panic)).into())))
}

/// Makes a producer, and connects it if that can be done soon. What may pass is left to the stage, which tries again.
async fn connect<P: Broadway>(plan: &Arc<Plan<P>>, stage: StageIndex) -> Result<(), Error> {
    let mut made = plan.make(stage).await?;
    match tokio::time::timeout(INIT_PATIENCE, made.init()).await {
        Ok(Err(error)) if is_permanent(&error) => return Err(error),
        Ok(Err(error)) => {
            events::not_ready(plan.shared.name(), stage.get(), &*error);
        }
        Err(_) => events::not_ready_in_time(plan.shared.name(), stage.get(), INIT_PATIENCE),
        Ok(Ok(())) => {}
    }
    plan.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[stage.get()] = Some(made);
    Ok(())
}
