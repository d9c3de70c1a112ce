//! A network of nodes on one machine, each in its own process, watched until the nodes agree on
//! finality or fail to.
//!
//! ```text
//! Devnet ── spawns, kills, restarts ──▶ node run --config … --json
//!                                       one process a node, logs to a file
//!   ▲  └─ holds each stdin open: its end tells the node to stop, also when this process is killed
//!   └──── Event ◀── one reader thread a node ◀── stdout, one JSON line a slot
//! ```
//!
//! [`NetworkPlan`] writes the files of a network. `node genesis` uses it too. [`Agreement`] checks
//! the nodes' reports for one common finalized chain. [`table`] formats the reports as text.

mod agreement;
mod deadline;
mod error;
mod event;
mod folder;
mod kills;
mod network_plan;
mod nodes;
mod options;
mod ports;
mod process;
mod start;
pub mod table;
mod view;

pub use agreement::{Agreement, Disagreement};
pub use deadline::Deadline;
pub use error::{DevnetError, Problem};
pub use event::Interrupter;
pub use kills::{Kills, Victims};
pub use network_plan::{Identities, NetworkPlan, PlanError};
pub use nodes::{Devnet, Update};
pub use options::DevnetOptions;
pub use start::Prepared;
pub use view::{Condition, NodeView};
