//! A beat at each slot of a wall-clock schedule: genesis + number × period.

use std::time::Duration;

use actor_lanes::actor::Missed;
use actor_lanes::{Actor, Context, Message, System, WallBeat, WallSchedule, spawn};
use tour::{Done, PATIENCE};

struct Slot(WallBeat);
impl Message for Slot {}

/// Ends after its third slot.
struct Clock(Vec<u64>);

const SLOT: Duration = Duration::from_millis(50);

impl Actor for Clock {
    type Message = Slot;

    async fn started(&mut self, cx: &mut Context<Slot>) {
        // Genesis is soon: the first beat has number 0.
        let schedule = WallSchedule::new(cx.wall_now() + SLOT, SLOT);
        // Without this, a late clock would skip to the latest slot.
        cx.timer().missed(Missed::Burst).schedule(schedule, Slot);
    }

    async fn handle(&mut self, Slot(beat): Slot, cx: &mut Context<Slot>) {
        assert!(cx.wall_now() >= beat.due, "never early");
        self.0.push(beat.number);
        if self.0.len() == 3 {
            println!("slots {:?}", self.0);
            cx.stop();
        }
    }
}

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let (_clock, running) = spawn(&system, || Clock(Vec::new()))?;
    let exit = running.join_blocking(PATIENCE).expect("the third slot ends it");
    println!("the clock {}", exit.reason);
    Ok(())
}
