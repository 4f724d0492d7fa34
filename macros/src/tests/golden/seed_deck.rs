#[allow(unexpected_cfgs)]
const _: () = {
    #[cfg(rust_analyzer)]
    fn keys() {
        use ::broadway::__private::keys::batcher::{batch_size as _, batch_timeout as _, stages as _};
        use ::broadway::__private::keys::batchers::default as _;
        use ::broadway::__private::keys::group::default as _;
        use ::broadway::__private::keys::group::default as _;
        use ::broadway::__private::keys::processors::stages as _;
        use ::broadway::__private::keys::producers::{module as _, stages as _};
        use ::broadway::__private::keys::root::{batchers as _, processors as _, producers as _};
    }
};

/// The batchers of `Orders`, for `put_batcher` and for matching on `batch.batcher()`.
#[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
#[allow(unreachable_pub)]
#[derive(::core::cmp::PartialEq, ::core::cmp::Eq, ::core::hash::Hash)]
pub enum OrdersBatcher {
    /// Batcher `default`: batch_size = 10, batch_timeout = 1500, stages = 2.
    Default,
}

impl ::broadway::Batcher for OrdersBatcher {
    const DEFAULT: ::core::option::Option<Self> = ::core::option::Option::Some(Self::Default);
    #[inline]
    fn index(self) -> usize {
        self as usize
    }
}

/// A message of `Orders`; `T` is what its producer emits.
#[allow(dead_code, unreachable_pub)]
pub type OrdersMessage<T = ::broadway::Payload> = ::broadway::Message<T, OrdersBatcher>;

#[allow(dead_code, unreachable_pub, unused_variables)]
impl Orders {
    /// The pipeline's shape: names and numbers. Nothing is started, and nothing is checked.
    #[must_use]
    pub fn topology(&self) -> ::broadway::topology::Topology {
        ::broadway::__private::topology(self)
    }
    /// Starts the pipeline. What is returned owns it.
    ///
    /// ```text
    /// Orders
    ///   producers            4 stages of SqsProducer::new("..")
    ///     │ demand 200, chunks of 5
    ///   processors           20 stages
    ///     └─ batcher default 10 messages or 1.5s, 1000 pending ─ 2 batch processors (takes what is not routed)
    /// 
    /// supervisor (rest_for_one, 3 restarts in 5 s)
    /// ├─ producers (one_for_one, 8 restarts in 4 s)
    /// │  └─ producer_0 .. producer_3
    /// ├─ processors (one_for_all, 0 restarts in 1 s)
    /// │  └─ processor_default_0 .. processor_default_19
    /// ├─ batchers (one_for_one, 2 restarts in 1 s)
    /// │  └─ batcher_default_supervisor (rest_for_one, 4 restarts in 2 s)
    /// │     ├─ batcher_default
    /// │     └─ batch_processors_default (one_for_all, 0 restarts in 1 s)
    /// │        └─ batch_processor_default_0 .. batch_processor_default_1
    /// └─ terminator
    /// ```
    ///
    /// # Errors
    /// What can never succeed: options that break a rule, a name that is in use, a producer that is refused for good.
    pub async fn start_link(self) -> ::core::result::Result<::broadway::Pipeline, ::broadway::StartError> {
        ::broadway::Setup::<Self>::new(self).start_link().await
    }
    /// A pipeline that is not started yet: its producer, numbers and name can still be set.
    pub fn configure(self) -> ::broadway::Setup<Self> {
        ::broadway::Setup::<Self>::new(self)
    }
}

#[allow(clippy::all, unused_variables, unreachable_code, unused_braces, unused_parens)]
impl ::broadway::Broadway for Orders {
    type Batcher = OrdersBatcher;
    type Data = <OrdersMessage as ::broadway::Lent>::Data;
    type Output = <Result<Order> as ::broadway::Outcome>::Output;
    async fn process(&self, lent: &mut ::broadway::MessageOf<Self>) -> ::broadway::Result<Self::Output>
    where
        for<'pipeline> &'pipeline Self: ::core::marker::Send,
    {
        ::broadway::__private::output(<Result<Order> as ::broadway::Outcome>::into_result(
            Self::handle_message(self, <OrdersMessage as ::broadway::__private::Taken<OrdersBatcher>>::lend(lent))
                .await,
        ))
    }
    async fn process_batch(&self, lent: &mut ::broadway::Batch<Self>) -> ::broadway::Result<()>
    where
        for<'pipeline> &'pipeline Self: ::core::marker::Send,
    {
        ::broadway::__private::output(<Result<()> as ::broadway::__private::Verdict>::into_verdict(
            Self::handle_batch(self, &mut *lent).await,
        ))
    }
    const PREPARES: bool = false;
    const DECLARED: ::core::option::Option<::broadway::Declared> = ::broadway::__private::declared!();
    fn topology(&self) -> ::broadway::topology::Topology {
        let mut topology = ::broadway::topology::Topology::new("Orders");
        topology.producers.module("SqsProducer::new(\"..\")").stages(4u64);
        topology.processors.stages(20u64);
        topology.batcher("default").batch_size(10u64).batch_timeout(1500u64).stages(2u64);
        topology
    }
    async fn producer(&self, stage: ::broadway::StageIndex) -> ::broadway::Result<::broadway::BoxProducer<Self::Data>>
    where
        for<'pipeline> &'pipeline Self: ::core::marker::Send,
    {
        ::broadway::__private::Source::new(SqsProducer::new("my_queue"))
            .emits::<<OrdersMessage as ::broadway::Lent>::Data>()
    }
}
