//! A maker whose error is no `Error`.

use std::sync::Arc;

use actor_core::{Actor, Context, Executor, Message};

struct Job;
impl Message for Job {}

struct Worker;
impl Actor for Worker {
    type Message = Job;
    async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
}

struct NoDisk;

fn start(executor: &Arc<dyn Executor>) {
    let _started = actor_core::spawn(executor, || Err::<Worker, NoDisk>(NoDisk));
}

fn main() {}
