//! The specification's own test vectors.
//!
//! They are not part of this repository. Each suite reads them from the folder that the environment variable
//! `LEAN_VECTORS` names, or else from `../shared/vectors` beside the workspace, and says in one line that it was skipped
//! where there is none.

mod arithmetic;
mod case;
mod fork_choice;
mod parse;
mod ssz;
mod state_transition;
