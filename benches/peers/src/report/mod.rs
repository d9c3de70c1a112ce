//! What is printed and what is written.

mod json;
mod markdown;

pub(crate) use json::Json;
pub(crate) use markdown::{list, preface, table};
