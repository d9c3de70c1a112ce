//! Two players on threads of their own, and a game's loop with a frame of 16 ms.
//!
//! ```text
//! cargo run -p game-loop
//! ```

use std::error::Error;
use std::thread;
use std::time::Duration;

use actor_lanes::Handle;
use actor_lanes::embed::Clock;
use actor_lanes::handle::AskBlockingError;
use game_loop::{FRAME, Game, Input};

const STEPS: u32 = 40;

/// Timeout of each wait of a player.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let mut game = Game::new(Clock::system())?;
    let input = game.open().ok_or("opened once")?;
    // Both join before either plays, so that the game does not end between them.
    for player in ['A', 'B'] {
        input.try_tell(Input::Join(player)).expect("the lane has room");
    }
    let players = ['A', 'B'].map(|player| {
        let input = input.clone();
        thread::spawn(move || play(&input, player))
    });
    drop(input);

    let mut frames = 0_u32;
    loop {
        let begin = game.now();
        if !game.frame() {
            break;
        }
        if frames.is_multiple_of(8) {
            println!("{}", game.draw());
        }
        frames += 1;
        until_next_frame(FRAME.saturating_sub(game.now() - begin));
    }

    for player in players {
        let (player, coins) = player.join().expect("a player does not panic")?;
        println!("{player} collected {coins} coins");
    }
    let (on_track, collected, placed) = game.end()?.coins();
    println!("{frames} frames; of {placed} coins, {on_track} are left");
    assert_eq!(on_track + collected, placed, "no coin is lost");
    Ok(())
}

/// A player of the network: one step for each answer, so about one in each frame.
fn play(input: &Handle<Input>, player: char) -> Result<(char, u32), AskBlockingError<Input>> {
    let mut coins = None;
    for _ in 0..STEPS {
        coins = input.ask_blocking(|reply| Input::Step(player, reply), PATIENCE)?;
    }
    input.try_tell(Input::Leave(player)).expect("the lane has room");
    Ok((player, coins.expect("the player has joined")))
}

#[expect(clippy::disallowed_methods, reason = "stands in for the wait for a display")]
fn until_next_frame(rest: Duration) {
    thread::sleep(rest);
}
