//! All signatures that left a node, and the rules for them.

use std::collections::{BTreeMap, BTreeSet};

use consensus::{Root, Slot, ValidatorIndex};
use keys::KeyRole;

/// A signature: the key and what it signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) validator: ValidatorIndex,
    pub(crate) role: KeyRole,
    pub(crate) slot: Slot,
    pub(crate) root: Root,
}

/// The signatures of all processes with one network's keys.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    messages: BTreeMap<(ValidatorIndex, KeyRole, Slot), BTreeSet<Root>>,
    /// The newest slot signed by each key.
    newest: BTreeMap<(ValidatorIndex, KeyRole), Slot>,
    faults: Vec<String>,
    /// The number of signatures received over the network.
    pub(crate) received: usize,
}

impl Signature {
    /// Reads a line of the log, or returns `None` if it reports no signature.
    pub(crate) fn from_log(line: &str) -> Option<Self> {
        let role = match line {
            _ if line.contains("signed a vote") => KeyRole::Attestation,
            _ if line.contains("signed a block") => KeyRole::Proposal,
            _ => return None,
        };
        let field = |name: &str| {
            let value =
                line.split(name).nth(1).unwrap_or_else(|| panic!("{name} is not in {line}"));
            value.split_whitespace().next().expect("a value follows").to_owned()
        };
        Some(Self {
            validator: field(" validator=").parse().expect("a number"),
            role,
            slot: field(" slot=").parse().expect("a number"),
            root: field(" root=").parse().expect("a root"),
        })
    }
}

impl Ledger {
    /// Adds a signature of the log. Each key's signatures come in the order of their making.
    pub(crate) fn log(&mut self, signature: Signature) {
        let Signature { validator, role, slot, .. } = signature;
        if let Some(newest) = self.newest.insert((validator, role), slot)
            && newest >= slot
        {
            let fault = format!(
                "the {role} key of validator {validator} signed in slot {slot} after {newest}"
            );
            self.faults.push(fault);
        }
        self.add(signature);
    }

    /// Adds a signature received over the network, in any order and any number of times.
    pub(crate) fn receive(&mut self, signature: Signature) {
        self.received += 1;
        self.add(signature);
    }

    fn add(&mut self, Signature { validator, role, slot, root }: Signature) {
        self.messages.entry((validator, role, slot)).or_default().insert(root);
    }

    /// Returns the number of slots with a signature, summed over all keys.
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Returns all breaches: two messages of one key in a slot, or a slot not after the last.
    pub(crate) fn faults(&self) -> Vec<String> {
        let double = self.messages.iter().filter(|(_, roots)| roots.len() > 1);
        let double = double.map(|((validator, role, slot), roots)| {
            format!(
                "the {role} key of validator {validator} signed {} messages in slot {slot}",
                roots.len()
            )
        });
        self.faults.iter().cloned().chain(double).collect()
    }
}

#[test]
fn every_breach_is_found() {
    let vote = |slot, root: u8| Signature {
        validator: 1,
        role: KeyRole::Attestation,
        slot,
        root: Root::new([root; 32]),
    };
    let mut ledger = Ledger::default();
    ledger.log(vote(4, 1));
    ledger.log(vote(5, 1));
    ledger.receive(vote(4, 1));
    assert_eq!(ledger.faults(), [String::new(); 0]);
    ledger.receive(vote(4, 2));
    assert_eq!(ledger.faults(), ["the attestation key of validator 1 signed 2 messages in slot 4"]);
    ledger.log(vote(5, 1));
    assert_eq!(ledger.faults().len(), 2, "the same slot again is a breach, whatever the message");
    let line = format!("DEBUG chain: signed a vote validator=1 slot=6 root={}", Root::new([7; 32]));
    assert_eq!(Signature::from_log(&line), Some(vote(6, 7)));
}
