//! A process to look at with `actor-top`: a shop with more orders than it can pack. The end of the
//! input ends it. `cargo run -p programs --bin shop`, and in another terminal `cargo run -p
//! actor-top`.

use std::io::stdin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use actor_lanes::{Actor, Context, Handle, Message, Reply, Spawn, System, actor_fn, mailbox};
use programs::{Done, PATIENCE, runtime};

#[derive(Message)]
enum Packing {
    #[lane(control = "questions", 8)]
    Count(Reply<u64>),
    #[lane(fifo = "orders", 256, share = 64, weight = 4)]
    Pack {
        #[source]
        buyer: u64,
    },
    #[lane(newest_first = "adverts", 32)]
    Advertise(u64),
}

/// Asks again and again how many orders are packed, and waits behind the packer's turn.
struct Reporter(Handle<Packing>);

#[derive(Message)]
enum Reporting {
    #[lane(fifo = "reports", 4)]
    Report,
}

impl Actor for Reporter {
    type Message = Reporting;

    async fn started(&mut self, cx: &mut Context<Reporting>) {
        cx.every(cx.now(), Duration::from_millis(100), |_beat| Reporting::Report);
    }

    async fn handle(&mut self, Reporting::Report: Reporting, _cx: &mut Context<Reporting>) {
        _ = self.0.ask(Packing::Count).await;
    }
}

fn main() -> Done {
    let system = System::new("shop", runtime()?)?;
    let _serving = actor_top::serve([&system])?;
    let packing = || {
        actor_fn(0, async |packed, message: Packing, _cx| match message {
            Packing::Count(reply) => reply.send(*packed),
            Packing::Pack { buyer } => {
                *packed += 1;
                (0..2_000 + buyer * 100).for_each(|_| std::hint::spin_loop());
            }
            Packing::Advertise(text) => (0..text % 500).for_each(|_| std::hint::spin_loop()),
        })
    };
    let (packer, packer_mailbox) = mailbox();
    let _packing = Spawn::new(packer_mailbox).named("packer").start(&system, packing)?;
    let (_reports, reporter_mailbox) = mailbox();
    let (asked, reporter) = (packer.clone(), Spawn::new(reporter_mailbox).named("reporter"));
    let _reporting = reporter.start(&system, move || Reporter(asked))?;
    let (is_open, packer) = (&AtomicBool::new(true), &packer);
    thread::scope(|threads| {
        for buyer in 0..6 {
            threads.spawn(move || {
                while is_open.load(Ordering::Relaxed) {
                    // Refused orders are the losses to be seen.
                    drop(packer.try_tell(Packing::Pack { buyer }));
                    drop(packer.try_tell(Packing::Advertise(buyer)));
                    thread::park_timeout(Duration::from_micros(200));
                }
            });
        }
        let ended = stdin().lines().last();
        is_open.store(false, Ordering::Relaxed);
        ended.transpose()
    })?;
    let report = system.stop_blocking(PATIENCE);
    assert!(report.is_clean(), "{report}");
    println!("the shop is closed");
    Ok(())
}
