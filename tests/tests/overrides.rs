//! Options from outside of the program: which there are, what wins, what is refused and how it is said.

use broadway::{
    Builder, Overrides, Setup, StartError,
    testing::TestProducer,
    topology::{OptionSpec, Section, Takes, options::OPTIONS},
};
use broadway_tests::{assert_settled, within};
use futures::FutureExt;
use serde_json::{Value, json};

type Orders = broadway::Closures<u64, (), broadway::DefaultBatcher>;

/// A pipeline with one batcher, `Archive`.
fn orders(name: &'static str) -> Setup<Orders> {
    Builder::new(name, |_| TestProducer::<u64>::new(), |_| async { Ok(()) }.boxed())
        .topology(|topology| {
            topology.batcher("Archive").batch_size(10);
        })
        .handle_batch(|_| async { Ok(()) }.boxed())
        .configure()
}

fn environment(variables: &[(&str, &str)]) -> Result<Overrides, broadway::OverridesError> {
    let owned = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Overrides::from_vars("ORDERS", owned)
}

/// The path of an option, and a value that it takes.
fn example(spec: &OptionSpec) -> Option<(Vec<&'static str>, Value)> {
    let value = match spec.takes {
        Takes::Count { .. } | Takes::Time => json!(7),
        Takes::Decimal { .. } => json!(0.5),
        Takes::Flag => json!(true),
        Takes::Text => json!("other"),
        Takes::Expression | Takes::Group | Takes::Word => return None,
    };
    let mut path = match spec.section {
        Section::Root => vec![],
        Section::Producers => vec!["producers"],
        Section::ProducerLimit => vec!["producers", "rate_limiting"],
        Section::ProcessorLimit => vec!["processors", "rate_limiting"],
        Section::BatcherLimit => vec!["batchers", "archive", "rate_limiting"],
        Section::Processors => vec!["processors"],
        Section::Batchers => vec!["batchers", "archive"],
        Section::Retry => vec!["batchers", "archive", "retry"],
        Section::Backoff => vec!["processors", "retry", "backoff"],
    };
    path.push(spec.name);
    Some((path, value))
}

#[test]
fn every_option_that_is_a_value_comes_from_the_environment_and_from_a_file_alike() {
    let mut tried = 0;
    for (path, value) in OPTIONS.iter().filter_map(example) {
        let variable = format!("ORDERS__{}", path.join("__").to_uppercase());
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let variables = environment(&[(&variable, &text)]).unwrap().from("outside");
        let file = path.iter().rev().fold(value, |inside, name| json!({ *name: inside }));
        let file: Overrides = serde_json::from_value(file).unwrap();
        assert_eq!(file.from("outside"), variables, "{variable}");

        let (before, after) = (orders("before"), orders("before").overrides(variables));
        assert_ne!(before.topology(), after.topology(), "{variable}");
        tried += 1;
    }
    assert_eq!(tried, OPTIONS.iter().filter(|spec| example(spec).is_some()).count());
    assert!(tried > 20, "{tried}");
}

#[test]
fn a_later_value_wins_over_an_earlier_one_and_over_the_declaration() {
    let file: Overrides =
        serde_json::from_value(json!({ "batchers": { "archive": { "batch_size": 20, "stages": 2 } } })).unwrap();
    let setup = orders("later")
        .overrides(file.and(environment(&[("ORDERS__BATCHERS__ARCHIVE__BATCH_SIZE", "1_000")]).unwrap()));
    let archive = &setup.topology().batchers[0];
    assert_eq!((archive.batch_size, archive.stages), (1_000, 2));
    let setup = setup.batcher("Archive", |archive| archive.stages(3));
    assert_eq!(setup.topology().batchers[0].stages, 3);
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_what_there_is() {
    let error = environment(&[
        ("ORDERS__PROCESSORS__STAGSE", "8"),
        ("ORDERS__PROCESSORS__TIMEOUT", "-1"),
        ("ORDERS__PROCESSORS__PARTITION_BY", "key"),
        ("ORDERS__PROCESSORS__RETRY__ATTEMPTS", "ever"),
        ("ORDERS__BATCHERS", "2"),
        ("ORDERS__BATCHERS__ARCHIVE__SPLIT", "yes"),
        ("ORDERS__SHUTDOWN__MS", "8"),
        ("ORDERS__SHUTDOWN", "1.5"),
        ("ORDERS_WHATEVER", "is another program's"),
    ]);
    assert_eq!(
        error.unwrap_err().to_string().lines().collect::<Vec<_>>(),
        [
            "unknown option `stagse` of `processors`; there are `stages`, `min_demand`, `max_demand`, `timeout`, \
             `rate_limiting`, `retry` (from ORDERS__PROCESSORS__STAGSE)",
            "`timeout` of `processors` takes milliseconds as a whole number, found `-1` (from ORDERS__PROCESSORS__TIMEOUT)",
            "`partition_by` of `processors` is code and cannot come from outside (from ORDERS__PROCESSORS__PARTITION_BY)",
            "`attempts` of `retry` takes a whole number or `unlimited`, found `ever` \
             (from ORDERS__PROCESSORS__RETRY__ATTEMPTS)",
            "`batchers` needs the name of a batcher: `batchers.default.batch_size` (from ORDERS__BATCHERS)",
            "`split` of `batchers` takes `true` or `false`, found `yes` (from ORDERS__BATCHERS__ARCHIVE__SPLIT)",
            "`shutdown` has no option `ms`; it is a value (from ORDERS__SHUTDOWN__MS)",
            "`shutdown` takes milliseconds as a whole number, found `1.5` (from ORDERS__SHUTDOWN)",
        ]
    );
    let error = serde_json::from_str::<Overrides>(r#"{ "processors": { "stages": -2, "retry": 3 } }"#).unwrap_err();
    assert_eq!(
        error.to_string().lines().collect::<Vec<_>>(),
        [
            "`stages` of `processors` takes a whole number, found `-2` (from a file)",
            "no option is given; there are `attempts`, `backoff`, `within`, `max_waiting` (from a file)",
        ]
    );
    let error = serde_json::from_str::<Overrides>("3").unwrap_err();
    assert_eq!(error.to_string(), "expected sections and options, found `3`");
}

#[tokio::test(start_paused = true)]
async fn the_start_says_which_value_breaks_a_rule_and_where_it_came_from() {
    within(async {
        let setup = orders("judged")
            .batcher("Archive", |archive| archive.max_pending(50))
            .overrides(
                environment(&[
                    ("ORDERS__BATCHERS__ARCHIVE__BATCH_SIZE", "100"),
                    ("ORDERS__BATCHERS__ARCHIV__STAGES", "2"),
                    ("ORDERS__MAX_RESTARTS", "7"),
                ])
                .unwrap(),
            )
            .overrides(
                serde_json::from_str::<Overrides>(r#"{ "processors": { "stages": 0 } }"#).unwrap().from("orders.json"),
            );
        let error = setup.start_link().await.unwrap_err();
        assert_eq!(
            error.to_string().lines().collect::<Vec<_>>(),
            [
                "the topology of `judged` cannot start",
                "  batchers(archiv(stages)) = archiv: no batcher has that name; the batchers are `Archive` \
                 (`stages` comes from ORDERS__BATCHERS__ARCHIV__STAGES)",
                "  processors(stages) = 0: `stages` must be at least 1 (`stages` comes from orders.json)",
                "  batchers(Archive(max_pending)) = 50: `max_pending` (50) is smaller than `batch_size` (100); leave \
                 `max_pending` out: its default is 100 full batches \
                 (`batch_size` comes from ORDERS__BATCHERS__ARCHIVE__BATCH_SIZE)",
            ]
        );
        let StartError::Topology { origins, .. } = error else { panic!("{error}") };
        assert_eq!(origins.len(), 3, "not those that break nothing: {origins:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_setup_that_names_a_batcher_that_is_not_there_does_not_start() {
    within(async {
        let error = orders("misnamed").batcher("archive", |archive| archive.stages(2)).start_link().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the topology of `misnamed` cannot start\n  batchers(archive()) = archive: no batcher has that name; the batchers \
             are `Archive`"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_runs_with_what_came_from_outside() {
    within(async {
        let tried = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let counted = tried.clone();
        let setup = Builder::new(
            "outside",
            |_| broadway::stage::from_iter(0..1u64),
            move |_| {
                counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                async { Err::<(), _>("told to fail".into()) }.boxed()
            },
        )
        .configure()
        .overrides(environment(&[("ORDERS__PROCESSORS__RETRY__ATTEMPTS", "3"), ("ORDERS__NAME", "renamed")]).unwrap());
        let pipeline = setup.start_link().await.unwrap();
        assert_eq!(pipeline.name(), "renamed");
        assert_eq!(pipeline.topology().processors.retry.unwrap().attempts, Some(3));
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.failed, tried.load(std::sync::atomic::Ordering::SeqCst)), (1, 3));
    })
    .await;
}
