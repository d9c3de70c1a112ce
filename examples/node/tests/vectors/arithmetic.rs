//! The formats that check one function each.

use node::consensus::{SlotClock, interval_from_slot, is_justifiable_after};
use node::xmss::{permute_16, permute_24};
use serde_json::Value;

use crate::case::{differs, run};
use crate::parse::{list, uint};

#[test]
fn justifiability() {
    run("justifiability", |case| {
        let vector = &case.vector;
        let got = is_justifiable_after(uint(&vector["slot"]), uint(&vector["finalizedSlot"]));
        differs("isJustifiable", Some(got), vector["output"]["isJustifiable"].as_bool()).into_iter().collect()
    });
}

#[test]
fn slot_clock() {
    run("slot_clock", |case| {
        let (operation, output) = (&case.vector["operation"], &case.vector["output"]);
        let clock = || SlotClock::new(uint(&operation["genesisTime"]));
        let milliseconds = || number(&operation["currentTimeMilliseconds"]) as u64;
        let (name, got) = match operation["kind"].as_str() {
            Some("current_slot") => ("slot", clock().current_slot(milliseconds())),
            Some("current_interval") => ("interval", clock().current_interval(milliseconds())),
            Some("total_intervals") => ("totalIntervals", clock().total_intervals(milliseconds())),
            Some("from_slot") => ("interval", interval_from_slot(uint(&operation["slot"]))),
            Some("from_unix_time") => {
                let milliseconds = (number(&operation["unixSeconds"]) * 1000.0) as u64;
                ("interval", clock().total_intervals(milliseconds))
            }
            kind => return vec![format!("no such operation: {kind:?}")],
        };
        differs(name, got, uint(&output[name])).into_iter().collect()
    });
}

#[test]
fn poseidon_permutation() {
    run("poseidon_permutation", |case| {
        let state =
            |key: &str| -> Vec<u32> { list(&case.vector[key]).iter().map(|element| uint(element) as u32).collect() };
        let got = match uint(&case.vector["width"]) {
            16 => permute_16(state("inputState").try_into().expect("16 elements")).to_vec(),
            24 => permute_24(state("inputState").try_into().expect("24 elements")).to_vec(),
            width => return vec![format!("no such width: {width}")],
        };
        differs("outputState", got, state("outputState")).into_iter().collect()
    });
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}
