//! A network of nodes on one machine: each a process of its own, watched until it agrees on finality or does not.
//!
//! ```text
//!   Devnet ── spawns, kills, restarts ──▶ node run --config … --json     one process a node, logs to a file
//!     ▲  └─ holds each stdin open: its end tells the node to stop, also when this process is killed
//!     └──── Event ◀── one reader thread a node ◀── stdout, one JSON line a slot
//! ```
//!
//! [`NetworkPlan`] writes the files of a network and serves `node genesis` too. [`Agreement`] decides, out of what the
//! nodes report, whether they finalized one and the same chain. [`table`] draws what they report.

mod agreement;
mod deadline;
mod error;
mod event;
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
pub use network_plan::{Identities, NetworkPlan, PlanError};
pub use nodes::{Devnet, Update};
pub use options::DevnetOptions;
pub use start::Prepared;
pub use view::{Condition, NodeView};
