//! The game on a clock that only the test moves.

use actor_lanes::embed::ManualClock;
use actor_lanes::reply::Answer;
use actor_lanes::{Handle, Reply};
use game_loop::{Game, Input, TRACK};

/// Sends a step, whose answer is read later.
fn step(input: &Handle<Input>, player: char) -> Answer<Option<u32>> {
    let (reply, answer) = Reply::pair();
    input.try_tell(Input::Step(player, reply)).expect("there is room");
    answer
}

/// Plays a fixed script, and returns what was drawn in each frame.
fn play() -> Vec<String> {
    let mut game = Game::new(ManualClock::new()).expect("a game");
    let input = game.open().expect("opened once");
    input.try_tell(Input::Join('A')).expect("there is room");
    let frames = (0..50)
        .map(|frame| {
            let steps = if frame % 7 == 0 { 2 } else { 1 };
            let _answers: Vec<_> = (0..steps).map(|_| step(&input, 'A')).collect();
            assert!(game.simulated_frame(), "a player is in the game");
            game.draw()
        })
        .collect();
    input.try_tell(Input::Leave('A')).expect("there is room");
    assert!(!game.simulated_frame(), "the last player has left");
    let (on_track, collected, placed) = game.end().expect("a regular end").coins();
    assert_eq!(placed, 20, "a coin in each 40 of 800 + 16 milliseconds");
    assert_eq!(on_track + collected, placed);
    frames
}

#[test]
fn the_same_inputs_draw_the_same_frames() {
    let first = play();
    assert_eq!(first, play());
    assert!(first.iter().any(|frame| frame.contains('$')), "coins have appeared");
}

#[test]
fn coins_appear_at_their_time_and_at_no_other() {
    let mut game = Game::new(ManualClock::new()).expect("a game");
    let input = game.open().expect("opened once");
    input.try_tell(Input::Join('A')).expect("there is room");
    // A coin is due after 40, 80 and 120 ms: in the third, fifth and eighth frame of 16 ms.
    let seen: Vec<_> = (0..8)
        .map(|_| {
            assert!(game.simulated_frame());
            game.draw().matches('$').count()
        })
        .collect();
    assert_eq!(seen, [0, 0, 1, 1, 2, 2, 2, 3]);
}

#[test]
fn a_frame_without_inputs_and_timers_changes_nothing() {
    let mut game = Game::new(ManualClock::new()).expect("a game");
    let before = game.draw();
    assert!(game.simulated_frame());
    assert_eq!(game.draw(), before);
    assert_eq!(before.len(), TRACK);
}
