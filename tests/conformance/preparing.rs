//! `prepare_messages` sees a chunk before its messages are handled.

use broadway::{Message, Result, Status};
use broadway_tests::{Forwarder, Running, within};

async fn with(prepare: impl Fn(&mut [Message<u64>]) -> Result<()> + Send + Sync + 'static) -> Running {
    let forwarder = Forwarder::new("preparing").prepare(prepare);
    let running = forwarder
        .topology(|topology| {
            topology.processors.max_demand(4).min_demand(0);
        })
        .start()
        .await;
    running.source.push_all(0..8);
    running.finish().await;
    running
}

#[tokio::test(start_paused = true)]
async fn t026_its_error_or_panic_fails_the_chunk_in_order_and_no_message_of_it_is_handled() {
    for panics in [false, true] {
        within(async {
            let running = with(move |messages| match (messages[0].data, panics) {
                (0, true) => panic!("no"),
                (0, false) => Err("no".into()),
                _ => Ok(()),
            })
            .await;
            let round = |numbers: [u64; 4], status| numbers.map(|number| (number, status));
            assert_eq!(
                running.rounds(),
                [round([0, 1, 2, 3], Status::Failed), round([4, 5, 6, 7], Status::Successful)]
            );
            assert_eq!(running.handled.all(), [4, 5, 6, 7]);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn t027_what_it_prepared_is_handled() {
    within(async {
        let running = with(|messages| {
            messages.iter_mut().for_each(|message| message.data += 100);
            Ok(())
        })
        .await;
        assert_eq!(running.handled.all(), (100..108).collect::<Vec<_>>());
        assert_eq!(running.source.with(Status::Successful), (0..8).collect::<Vec<_>>());
    })
    .await;
}
