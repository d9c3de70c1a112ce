//! Actors on a local executor of the program's own: a task of it, on its thread.

mod conformance;
mod ends;
mod places;
mod rig;
mod turns;
