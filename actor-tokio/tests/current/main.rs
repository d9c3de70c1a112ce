//! Actors on a runtime of the program's own: a task of it, on its thread.

mod clock;
mod conformance;
mod ends;
mod places;
mod rig;
mod stress;
mod turns;
mod work;
