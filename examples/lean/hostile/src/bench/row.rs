//! The result of one measurement, as a row of a table or as JSON.

use serde::Serialize;

/// The figures of one attack on one program.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The attack.
    pub attack: &'static str,
    /// The program.
    pub program: String,
    /// The most slots between the clock and the finalized block of any node, before the attack.
    pub behind_before: u64,
    /// The same during the attack.
    pub behind_during: u64,
    /// The same after the attack.
    pub behind_after: u64,
    /// The slots after the attack until every node is as near as before; none if a node was not by
    /// the end.
    pub slots_until_normal: Option<u64>,
    /// The memory of the largest node before the attack, in MB.
    pub rss_before_mb: f64,
    /// The memory of the largest node during and after the attack, in MB.
    pub rss_max_mb: f64,
    /// The CPU seconds of all nodes during the attack.
    pub cpu_seconds: f64,
    /// Messages without effect, all nodes together.
    pub dropped: u64,
    /// Messages refused or evicted by lanes, all nodes together.
    pub refused_by_lanes: u64,
    /// Bans, all nodes together.
    pub bans: u64,
    /// The fewest connected peers of a node during the attack, attackers included.
    pub peers_during: u64,
    /// The fewest connected peers of a node at the end.
    pub peers_at_end: u64,
    /// The fewest connected configured peers of a node, if the program shows them.
    pub configured_during: Option<u64>,
    /// The fewest votes that the heaviest block of a node had, from the start of the attack on.
    pub fewest_votes: Option<u64>,
    /// The longest answer of an HTTP API, in milliseconds.
    pub http_worst_ms: u64,
    /// HTTP requests without an answer within three seconds.
    pub http_failures: u64,
    /// Whether no two nodes finalized different blocks.
    pub is_one_chain: bool,
    /// Nodes whose process ended by itself.
    pub ended_nodes: u64,
    /// The figures of the attacker.
    pub attacker: String,
}

/// Returns the heading of a table of rows, in Markdown.
pub fn heading() -> String {
    "| attack | program | behind before, during, after | slots until normal | RSS MB before, max | CPU s | \
     dropped | refused by lanes | bans | peers during, at end | configured | fewest votes | HTTP worst ms, failures | one chain |\n\
     |---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
        .to_owned()
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let until = self.slots_until_normal.map_or("never".to_owned(), |slots| slots.to_string());
        let votes = self.fewest_votes.map_or("–".to_owned(), |votes| votes.to_string());
        let configured = self.configured_during.map_or("–".to_owned(), |peers| peers.to_string());
        let ended = match self.ended_nodes {
            0 => String::new(),
            ended => format!(", {ended} ended"),
        };
        write!(
            f,
            "| {} | {} | {}, {}, {} | {until} | {:.0}, {:.0} | {:.1} | {} | {} | {} | {}, {} | {configured} | {votes} | {}, {} | {}{ended} |",
            self.attack,
            self.program,
            self.behind_before,
            self.behind_during,
            self.behind_after,
            self.rss_before_mb,
            self.rss_max_mb,
            self.cpu_seconds,
            self.dropped,
            self.refused_by_lanes,
            self.bans,
            self.peers_during,
            self.peers_at_end,
            self.http_worst_ms,
            self.http_failures,
            if self.is_one_chain { "yes" } else { "NO" },
        )
    }
}
