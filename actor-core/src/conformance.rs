//! x
/// y
pub fn run(_r: &dyn crate::Runtime) {}
