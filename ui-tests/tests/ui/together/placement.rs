// expect(attribute-twice): only one `#[broadway(..)]` can stand on an impl
// expect(async-trait): `#[async_trait]` cannot stand beside `#[broadway]`
// expect(borrowing-pipeline): `Orders` cannot borrow for `'a`: its stages run on other tasks
// expect(unbounded-parameter): `T` may not be shared between tasks, but a pipeline's stages share it
// expect(empty-section): `producers` is empty
// expect(group-is-called-default): the group of `processors` is called `default`, not `main`
// expect(at-most): `stages` must be at most 65535
// expect(handle-batch-without-batchers): `handle_batch` is never called: the pipeline has no batchers
// expect(missing-callback): missing callback `handle_message`
// expect(wrong-parameter): `handle_batch` takes a `Batch`
use ui_tests::prelude::*;

#[broadway(producers(), processors(main(stages = 70_000)))]
#[broadway(producers(default(module = Numbers)), processors(default()))]
#[async_trait]
impl<'a, T> Orders<'a, T> {
    async fn process(&self, _message: &mut OrdersMessage) {}

    async fn handle_batch(&self, _batch: &mut [OrdersMessage]) {}
}

struct Orders<'a, T>(&'a T);

fn main() {}
