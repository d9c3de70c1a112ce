//! The printed and the written report.

mod json;
mod markdown;

pub(crate) use json::Json;
pub(crate) use markdown::{list, preface, table};
