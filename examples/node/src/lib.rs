//! A Lean Ethereum consensus node.
