// expect(future-is-not-send): future cannot be sent between threads safely
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {
        let mut seen = self.seen.lock().unwrap();
        tokio::task::yield_now().await;
        *seen += 1;
    }
}

struct Orders {
    seen: std::sync::Mutex<u64>,
}

fn main() {}
