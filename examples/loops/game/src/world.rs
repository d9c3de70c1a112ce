//! The world: a track with players and coins. It has no thread, no clock and no message.

use std::collections::BTreeMap;

/// The number of places.
pub const TRACK: usize = 32;

/// The places of players and coins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The place and the coins of each player.
    players: BTreeMap<char, (usize, u32)>,
    coins: Vec<usize>,
    /// The number of coins placed so far. It decides the next place.
    placed: usize,
}

impl World {
    /// Creates an empty world.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a player at the start of the track.
    pub fn join(&mut self, player: char) {
        self.players.insert(player, (0, 0));
    }

    /// Moves a player by one place around the track, and collects the coins there. Returns its
    /// coins, or `None` for a player that has not joined.
    pub fn step(&mut self, player: char) -> Option<u32> {
        let (place, coins) = self.players.get_mut(&player)?;
        *place = (*place + 1) % TRACK;
        let before = self.coins.len();
        self.coins.retain(|coin| coin != place);
        *coins += (before - self.coins.len()) as u32;
        Some(*coins)
    }

    /// Places a coin.
    pub fn place_coin(&mut self) {
        self.placed += 1;
        // Not a divisor of the track's length, so that the places differ.
        self.coins.push(self.placed * 11 % TRACK);
    }

    /// Returns the numbers of coins: on the track, collected, and placed so far.
    #[must_use]
    pub fn coins(&self) -> (usize, usize, usize) {
        let collected: u32 = self.players.values().map(|&(_, coins)| coins).sum();
        (self.coins.len(), collected as usize, self.placed)
    }

    /// Draws the track: a letter for each player, `$` for a coin.
    #[must_use]
    pub fn draw(&self) -> String {
        let mut track = vec!['.'; TRACK];
        self.coins.iter().for_each(|&coin| track[coin] = '$');
        self.players.iter().for_each(|(&player, &(place, _))| track[place] = player);
        track.into_iter().collect()
    }
}
