//! Blocking work runs inside its executor's runtime.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use actor_core::{Runtime, ThreadConfig};
use actor_tokio::TokioRuntime;

#[test]
fn blocking_work_may_spawn_on_the_runtime() {
    let executor =
        TokioRuntime::new().start_executor(ThreadConfig::named("context")).expect("a thread");
    let (tell, told) = sync_channel(1);
    executor.run_blocking(Box::new(move || {
        drop(
            tokio::runtime::Handle::current()
                .spawn(async move { tell.send(1).expect("the test waits") }),
        );
    }));
    assert_eq!(told.recv_timeout(Duration::from_secs(30)), Ok(1));
}
