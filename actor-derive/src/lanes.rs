//! The lanes of a message type, and the lane of each case.

use std::collections::HashSet;

use syn::LitStr;

use crate::cases::{Case, Source, Written};
use crate::errors::Errors;
use crate::syntax::{Declaration, Function, LaneAttribute, Named};

/// The lanes in the order of their declarations. Empty without any attribute: the default lane.
pub(crate) struct Lanes {
    pub(crate) declared: Vec<Declaration>,
    /// One list for each case. Only its last place has no condition.
    pub(crate) places: Vec<Vec<Place>>,
}

/// A lane for the messages of a case, or for those with a property.
pub(crate) struct Place {
    /// The index of the lane.
    pub(crate) lane: usize,
    pub(crate) when: Option<Function>,
}

impl Lanes {
    pub(crate) fn read(written: &Written, errors: &mut Errors) -> Self {
        let declared = declared(written, errors);
        let has_lanes = written.lane.is_some() || written.cases.iter().any(|c| !c.lanes.is_empty());
        if !has_lanes {
            return Self { declared, places: Vec::new() };
        }
        let reader = Reader { written, declared: &declared };
        let places = written.cases.iter().map(|case| reader.places(case, errors)).collect();
        Self { declared, places }
    }
}

/// Collects the declarations. A name is declared once.
fn declared(written: &Written, errors: &mut Errors) -> Vec<Declaration> {
    let of_cases = written.cases.iter().flat_map(|case| &case.lanes);
    let mut names = HashSet::new();
    let mut declared = Vec::new();
    for attribute in written.lane.iter().chain(of_cases) {
        let Named::Declared(declaration) = &attribute.lane else { continue };
        let name = declaration.name.value();
        if names.insert(name.clone()) {
            declared.push(Declaration::clone(declaration));
        } else {
            let text = format!(
                "the lane \"{name}\" is declared above: write `#[lane(\"{name}\")]` to join it"
            );
            errors.at(&attribute.attribute, text);
        }
    }
    declared
}

/// Finds the lanes of the cases.
struct Reader<'a> {
    written: &'a Written,
    declared: &'a [Declaration],
}

impl Reader<'_> {
    fn places(&self, case: &Case, errors: &mut Errors) -> Vec<Place> {
        let attributes = self.attributes(case, errors);
        self.check_conditions(case, attributes, errors);
        let places: Vec<_> =
            attributes.iter().filter_map(|attribute| self.place(attribute, errors)).collect();
        for place in &places {
            self.check_marks(case, &self.declared[place.lane], errors);
        }
        places
    }

    /// Returns the attributes in force for a case: its own, or that of the enum.
    fn attributes<'a>(&'a self, case: &'a Case, errors: &mut Errors) -> &'a [LaneAttribute] {
        if let Some(lane) = &self.written.lane {
            for own in &case.lanes {
                let text = format!(
                    "`{}` has one lane for all its variants: move its declaration to the \
                     variants, or remove this one",
                    self.written.ident
                );
                errors.at(&own.attribute, text);
            }
            return std::slice::from_ref(lane);
        }
        if case.lanes.is_empty() && !case.has_unread_lane {
            let text = format!(
                "`{}` has no lane: join one by its name ({}), or declare one as in \
                 `#[lane(fifo = \"blocks\", 1024)]`",
                case.ident,
                self.names()
            );
            errors.at(&case.ident, text);
        }
        &case.lanes
    }

    /// Several lanes of one case need conditions: each message has one lane.
    fn check_conditions(&self, case: &Case, attributes: &[LaneAttribute], errors: &mut Errors) {
        let Some((last, others)) = attributes.split_last() else { return };
        if case.has_unread_lane {
            return;
        }
        if last.when.is_some() {
            let text = format!(
                "the last lane of `{}` is for all its other messages: it has no `when`",
                case.ident
            );
            errors.at(&last.attribute, text);
        }
        for attribute in others.iter().filter(|attribute| attribute.when.is_none()) {
            let text = format!(
                "`{}` has several lanes: each but the last one needs `when`, a function of the \
                 fields",
                case.ident
            );
            errors.at(&attribute.attribute, text);
        }
        for attribute in attributes {
            if let Some(Function::Closure(closure)) = &attribute.when
                && closure.inputs.len() != case.fields.len()
            {
                let text = format!(
                    "`{}` has {} fields, and this closure a parameter for each of them",
                    case.ident,
                    case.fields.len()
                );
                errors.at(closure, text);
            }
        }
    }

    fn place(&self, attribute: &LaneAttribute, errors: &mut Errors) -> Option<Place> {
        let name = match &attribute.lane {
            Named::Declared(declaration) => &declaration.name,
            Named::Joined(name) => name,
        };
        let lane = self.index_of(name);
        if lane.is_none() {
            let text = format!(
                "no lane \"{}\" is declared here: there are {}",
                name.value(),
                self.names()
            );
            errors.at(name, text);
        }
        Some(Place { lane: lane?, when: attribute.when.clone() })
    }

    fn index_of(&self, name: &LitStr) -> Option<usize> {
        self.declared.iter().position(|declaration| declaration.name.value() == name.value())
    }

    /// Checks the marks needed by a lane.
    fn check_marks(&self, case: &Case, lane: &Declaration, errors: &mut Errors) {
        let name = lane.name.value();
        if lane.has_share() && matches!(case.source, Source::Unstated) {
            let text = format!(
                "the lane \"{name}\" has a share, and `{}` no source: mark a field by \
                 `#[source]`, or write `#[source(none)]`: such messages have no bound",
                case.ident
            );
            errors.at(&case.ident, text);
        }
        if lane.has_keys() && case.key.is_none() {
            let text = format!(
                "the lane \"{name}\" holds the latest message of each key, and `{}` has no key: \
                 mark a field by `#[key]`",
                case.ident
            );
            errors.at(&case.ident, text);
        }
    }

    fn names(&self) -> String {
        let names: Vec<_> =
            self.declared.iter().map(|lane| format!("\"{}\"", lane.name.value())).collect();
        if names.is_empty() { "none is declared".to_owned() } else { names.join(", ") }
    }
}
