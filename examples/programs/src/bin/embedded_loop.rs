//! An actor inside the loop of a game: no thread of its own, virtual time, the same result always.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actor_lanes::embed::{Embed, ManualClock};
use actor_lanes::{Actor, Context, Message, Spawn, mailbox};
use programs::{Done, PATIENCE};

const FRAME: Duration = Duration::from_millis(16);

enum Event {
    Turn(f32),
    Tick,
}
impl Message for Event {}

/// The loop draws the same world, on the same thread. So it is an `Rc`, without a lock.
#[derive(Default)]
struct World {
    direction: f32,
    steps: u32,
}

struct Rules(Rc<RefCell<World>>);

impl Actor for Rules {
    type Message = Event;

    async fn started(&mut self, cx: &mut Context<Event>) {
        cx.every(cx.now() + FRAME, FRAME, |_beat| Event::Tick);
    }

    async fn handle(&mut self, event: Event, _cx: &mut Context<Event>) {
        let mut world = self.0.borrow_mut();
        match event {
            Event::Turn(by) => world.direction += by,
            Event::Tick => world.steps += 1,
        }
    }
}

fn main() -> Done {
    // A loop that always draws the next frame needs no wake.
    let (executor, mut driver) = Embed::new(|| ()).clock(ManualClock::new()).build()?;
    let world = Rc::new(RefCell::new(World::default()));
    let (input, input_mailbox) = mailbox();
    let rules = Rules(Rc::clone(&world));
    // The actor shares an `Rc` with the loop, so it is made here and not sent to a thread.
    let (running, life) = Spawn::new(input_mailbox).into_life(&executor, || rules);
    driver.spawn_local(life).map_err(|_life| "the executor was stopped")?;

    for frame in 0..60 {
        if frame % 20 == 0 {
            input.try_tell(Event::Turn(90.0))?;
        }
        driver.advance(FRAME);
        let _picture = format!("{:>3}° {}", world.borrow().direction, world.borrow().steps);
    }
    assert_eq!((world.borrow().direction, world.borrow().steps), (270.0, 60));

    running.stop(PATIENCE);
    driver.advance(FRAME);
    assert!(running.exit().is_some_and(|exit| exit.reason.is_normal()));
    println!("60 frames, 60 steps, 3 turns");
    Ok(())
}
