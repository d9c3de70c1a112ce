//! Pools: equal actors behind one handle.
