//! A pipeline before its start: its topology, to be changed by typed setters, and a producer to put in its place.

use std::{fmt, sync::Arc};

use broadway_topology::{Batcher, Place, Processors, Producers, Topology, Violation};

use super::{Pipeline, StartError, plan::Source, start::start};
use crate::{
    handler::{BoxProducer, Broadway},
    overrides::{Origin, Overrides},
    stage::{Producer, StageIndex},
    telemetry::Observer,
};

/// A pipeline that has not started. Whatever is set here goes through the same rules as the attribute.
///
/// ```
/// # use broadway::{Builder, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let setup = Builder::<u64, ()>::new("declared", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
///     .configure()
///     .name("configured")
///     .root(|topology| topology.shutdown(5_000))
///     .processors(|processors| processors.stages(2))
///     .producer(from_iter(0..5));
/// assert_eq!(setup.topology().processors.stages, 2);
///
/// let pipeline = setup.start_link().await?;
/// assert_eq!(pipeline.name(), "configured");
/// assert_eq!(pipeline.wait().await?.acknowledged, 5);
/// # Ok(())
/// # }
/// ```
#[must_use = "a setup does nothing until `start_link`"]
pub struct Setup<P: Broadway> {
    pub(super) pipeline: Arc<P>,
    pub(super) topology: Topology,
    pub(super) source: Option<Source<P>>,
    pub(super) observer: Option<Box<dyn Observer>>,
    /// Where values came from that were not in the program.
    pub(super) origins: Vec<Origin>,
    /// What was said of batchers that there are not.
    pub(super) strangers: Vec<Violation>,
}

impl<P: Broadway> Setup<P> {
    /// A pipeline as it is declared.
    pub fn new(pipeline: impl Into<Arc<P>>) -> Self {
        let pipeline = pipeline.into();
        let topology = pipeline.topology();
        Self { pipeline, topology, source: None, observer: None, origins: Vec::new(), strangers: Vec::new() }
    }

    /// The topology as it would start.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// What the pipeline is called; unique among those that run in the process.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.topology.name(name);
        self
    }

    /// Changes options at the top: `setup.root(|topology| topology.shutdown(5_000))`.
    pub fn root(mut self, change: impl FnOnce(&mut Topology) -> &mut Topology) -> Self {
        change(&mut self.topology);
        self
    }

    /// Changes the producers: `setup.producers(|producers| producers.stages(2))`.
    pub fn producers(mut self, change: impl FnOnce(&mut Producers) -> &mut Producers) -> Self {
        change(&mut self.topology.producers);
        self
    }

    /// Changes the processors: `setup.processors(|processors| processors.stages(2))`.
    pub fn processors(mut self, change: impl FnOnce(&mut Processors) -> &mut Processors) -> Self {
        change(&mut self.topology.processors);
        self
    }

    /// Changes a batcher that the pipeline has: `setup.batcher("archive", |batcher| batcher.batch_size(10))`. With a name that
    /// it does not have the start fails.
    ///
    /// ```
    /// # use broadway::{Builder, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let setup = Builder::<u64, ()>::new("batched", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
    ///     .topology(|topology| {
    ///         topology.batcher("default").batch_size(100);
    ///     })
    ///     .handle_batch(|_| Box::pin(async { Ok(()) }))
    ///     .configure()
    ///     .batcher("default", |batcher| batcher.batch_size(10));
    /// assert_eq!(setup.start_link().await?.wait().await?.batches, 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn batcher(mut self, name: &str, change: impl FnOnce(&mut Batcher) -> &mut Batcher) -> Self {
        match self.topology.batchers.iter_mut().find(|batcher| batcher.name == name) {
            Some(batcher) => drop(change(batcher)),
            None => self.strangers.push(Violation::unknown_batcher(Place::batcher(name, ""), &self.topology)),
        }
        self
    }

    /// Sets what a file or the environment says. What is set later wins, here and in [`root`](Self::root) and the like.
    ///
    /// ```
    /// # use broadway::{Builder, Overrides, stage::from_iter};
    /// # fn main() -> broadway::Result<()> {
    /// # let orders = Builder::<u64, ()>::new("orders", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }));
    /// let setup = orders
    ///     .configure()
    ///     .processors(|processors| processors.stages(2))
    ///     .overrides(Overrides::from_env("ORDERS")?)
    ///     .overrides(Overrides::default().set("processors.stages", "8", "--stages")?);
    /// assert_eq!(setup.topology().processors.stages, 8);
    /// # Ok(())
    /// # }
    /// ```
    pub fn overrides(mut self, overrides: Overrides) -> Self {
        let (origins, strangers) = overrides.apply(&mut self.topology);
        let unknown = strangers.iter().map(|stranger| Violation::unknown_batcher(stranger.at.clone(), &self.topology));
        self.strangers.extend(unknown);
        for origin in origins.into_iter().chain(strangers) {
            self.origins.retain(|earlier| earlier.at != origin.at);
            self.origins.push(origin);
        }
        self
    }

    /// Puts a producer in the place of the pipeline's own, which is then not evaluated. Each stage gets a clone.
    pub fn producer<S>(self, producer: S) -> Self
    where
        S: Producer<Data = P::Data> + Clone + Sync,
    {
        self.producer_with(move |_| producer.clone())
    }

    /// Puts producers in the place of the pipeline's own: one for each stage, made at start and after a crash.
    ///
    /// ```
    /// # use broadway::{Builder, stage::from_iter};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let pipeline = Builder::<u64, ()>::new("replaced", |_| from_iter(0..100), |_| Box::pin(async { Ok(()) }))
    ///     .configure()
    ///     .producers(|producers| producers.stages(2))
    ///     .producer_with(|stage| {
    ///         let first = stage.get() as u64 * 10;
    ///         from_iter(first..first + 10)
    ///     })
    ///     .start_link()
    ///     .await?;
    /// assert_eq!(pipeline.wait().await?.acknowledged, 20);
    /// # Ok(())
    /// # }
    /// ```
    pub fn producer_with<S>(mut self, make: impl Fn(StageIndex) -> S + Send + Sync + 'static) -> Self
    where
        S: Producer<Data = P::Data>,
    {
        self.source = Some(Arc::new(move |stage| Box::new(make(stage)) as BoxProducer<P::Data>));
        self
    }

    /// Lets somebody see what the pipeline does, as it does it. A second observer takes the place of the first.
    ///
    /// ```
    /// # use broadway::{Builder, observe::Observer, stage::from_iter, topology::Topology};
    /// # use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// static STARTED: AtomicBool = AtomicBool::new(false);
    ///
    /// struct Watch;
    ///
    /// impl Observer for Watch {
    ///     fn pipeline_start(&self, topology: &Topology) {
    ///         STARTED.store(topology.name == "watched", Relaxed);
    ///     }
    /// }
    ///
    /// let pipeline = Builder::<u64, ()>::new("watched", |_| from_iter(0..3), |_| Box::pin(async { Ok(()) }))
    ///     .configure()
    ///     .observer(Watch)
    ///     .start_link()
    ///     .await?;
    /// assert!(STARTED.load(Relaxed));
    /// # pipeline.wait().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    pub(crate) fn boxed_observer(mut self, observer: Option<Box<dyn Observer>>) -> Self {
        self.observer = observer;
        self
    }

    /// Starts the pipeline. It waits up to 10 s for producers to connect, and for `module` and `on_start` as long as they take:
    /// where that should have an end, `tokio::time::timeout(limit, setup.start_link())` is one.
    ///
    /// **Cancel-safety**: dropped before it returns, nothing of the pipeline runs and its name is free. `on_start` may have been
    /// cut.
    ///
    /// # Errors
    /// [`StartError`] for what can never succeed: options, a name in use, a producer that cannot be made or is refused for
    /// good. For what may pass (a connection that is refused) the pipeline starts, is not ready, and tries again.
    pub async fn start_link(self) -> Result<Pipeline, StartError> {
        start(self).await
    }
}

impl<P: Broadway> fmt::Debug for Setup<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("topology", &self.topology).finish_non_exhaustive()
    }
}

/// `start_link` and `configure` for pipelines that are shared already, or written without the attribute.
///
/// ```
/// use std::sync::Arc;
///
/// use broadway::{prelude::*, stage::from_iter};
///
/// struct Doubler;
///
/// #[broadway(producers(default(module = from_iter(1..=10u64))), processors(default(stages = 2)))]
/// impl Doubler {
///     async fn handle_message(&self, message: &mut DoublerMessage<u64>) -> Result<u64> {
///         Ok(message.data * 2)
///     }
/// }
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<()> {
///     let shared = Arc::new(Doubler);
///     let first = shared.clone().start_link().await?;
///     let second = shared.configure().processors(|processors| processors.stages(1)).start_link().await?;
///     assert_eq!(first.wait().await?.acknowledged + second.wait().await?.acknowledged, 20);
///     Ok(())
/// }
/// ```
pub trait StartLink<P: Broadway>: Into<Arc<P>> + Sized {
    /// The pipeline as it is declared, to be changed before it starts.
    fn configure(self) -> Setup<P> {
        Setup::new(self)
    }

    /// Starts the pipeline as it is declared.
    ///
    /// **Cancel-safety**: as [`Setup::start_link`].
    ///
    /// # Errors
    /// As [`Setup::start_link`].
    fn start_link(self) -> impl Future<Output = Result<Pipeline, StartError>> + Send {
        Setup::new(self).start_link()
    }
}

impl<P: Broadway> StartLink<P> for P {}
impl<P: Broadway> StartLink<P> for Arc<P> {}
