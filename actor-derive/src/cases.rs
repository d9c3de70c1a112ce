//! The cases of a message type, as written: its variants, or the struct itself.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Fields, Generics, Ident, Path, Type};

use crate::errors::Errors;
use crate::syntax::{LaneAttribute, Mark, crate_path, name_of, only};

/// A message type as written, without the checks across its cases.
pub(crate) struct Written {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// The crate with `Message`, if the type names one.
    pub(crate) path: Option<Path>,
    /// The lane of all variants of an enum.
    pub(crate) lane: Option<LaneAttribute>,
    pub(crate) is_enum: bool,
    pub(crate) cases: Vec<Case>,
}

/// A variant of an enum, or a struct.
pub(crate) struct Case {
    pub(crate) ident: Ident,
    /// `Self::Block` or `Self`.
    pub(crate) path: TokenStream,
    pub(crate) fields: Fields,
    pub(crate) lanes: Vec<LaneAttribute>,
    /// Whether a `#[lane]` could not be read: then no further error is about its lane.
    pub(crate) has_unread_lane: bool,
    pub(crate) source: Source,
    pub(crate) key: Option<Mark>,
    pub(crate) deadline: Option<Mark>,
    pub(crate) is_skipped: bool,
}

/// The source of the messages of one case.
pub(crate) enum Source {
    Unstated,
    /// `#[source(none)]`.
    Absent,
    Field(Mark),
}

impl Written {
    /// Reads the type. All errors go to `errors`; the rest is read nevertheless.
    pub(crate) fn read(input: DeriveInput, errors: &mut Errors) -> Self {
        for lifetime in input.generics.lifetimes() {
            let text = "a message crosses threads at any time, so it is `'static` and has no \
                        lifetimes: own the data, or share it by an `Arc`";
            errors.at(lifetime, text);
        }
        let mut written = Self {
            ident: input.ident,
            generics: input.generics,
            path: None,
            lane: None,
            is_enum: true,
            cases: Vec::new(),
        };
        match input.data {
            Data::Enum(data) => {
                written.read_attributes(&input.attrs, errors);
                written.cases = data
                    .variants
                    .into_iter()
                    .map(|variant| {
                        let ident = variant.ident;
                        let path = quote!(Self::#ident);
                        Case::read(ident, path, variant.fields, &variant.attrs, errors)
                    })
                    .collect();
            }
            Data::Struct(data) => {
                written.is_enum = false;
                let (own, of_case): (Vec<_>, Vec<_>) =
                    input.attrs.into_iter().partition(|attribute| name_of(attribute) == "message");
                written.read_attributes(&own, errors);
                let ident = written.ident.clone();
                let case = Case::read(ident, quote!(Self), data.fields, &of_case, errors);
                written.cases.push(case);
            }
            Data::Union(data) => {
                errors.at(
                    data.union_token,
                    "a union has no variants: a message is an enum or a struct",
                );
            }
        }
        written
    }

    fn read_attributes(&mut self, attributes: &[Attribute], errors: &mut Errors) {
        for attribute in attributes {
            match name_of(attribute).as_str() {
                "message" if self.path.is_some() => {
                    errors.at(attribute, "the crate of the traits is stated already");
                }
                "message" => self.path = errors.take(crate_path(attribute)),
                "lane" => self.read_lane(attribute, errors),
                "" => {}
                name => {
                    errors.at(attribute, format!("`#[{name}]` belongs to a variant or a field"))
                }
            }
        }
    }

    fn read_lane(&mut self, attribute: &Attribute, errors: &mut Errors) {
        let Some(lane) = errors.take(LaneAttribute::read(attribute)) else { return };
        if lane.when.is_some() || self.lane.is_some() {
            let text = "the lane of an enum is one for all its variants: several lanes are \
                        declared at the variants";
            errors.at(attribute, text);
        }
        self.lane = Some(lane);
    }
}

impl Case {
    fn read(
        ident: Ident,
        path: TokenStream,
        fields: Fields,
        attributes: &[Attribute],
        errors: &mut Errors,
    ) -> Self {
        let mut case = Self {
            ident,
            path,
            fields,
            lanes: Vec::new(),
            has_unread_lane: false,
            source: Source::Unstated,
            key: None,
            deadline: None,
            is_skipped: false,
        };
        for attribute in attributes {
            case.read_attribute(attribute, errors);
        }
        let marks: Vec<_> = case.fields.iter().map(|field| field.attrs.clone()).collect();
        for (index, attributes) in marks.iter().enumerate() {
            for attribute in attributes {
                case.read_mark(index, attribute, errors);
            }
        }
        case
    }

    fn read_attribute(&mut self, attribute: &Attribute, errors: &mut Errors) {
        match name_of(attribute).as_str() {
            "lane" => match errors.take(LaneAttribute::read(attribute)) {
                Some(lane) => self.lanes.push(lane),
                None => self.has_unread_lane = true,
            },
            "variant" => self.is_skipped = errors.take(only(attribute, "skip")).is_some(),
            "source" => {
                if only(attribute, "none").is_ok() {
                    self.source = Source::Absent;
                } else {
                    let text = "`#[source]` marks a field; `#[source(none)]` states that the \
                                messages of a variant have no source";
                    errors.at(attribute, text);
                }
            }
            "message" => errors.at(attribute, "`#[message]` belongs to the whole type"),
            "" => {}
            name => errors.at(attribute, format!("`#[{name}]` marks a field")),
        }
    }

    fn read_mark(&mut self, index: usize, attribute: &Attribute, errors: &mut Errors) {
        let name = name_of(attribute);
        let is_second = match name.as_str() {
            "" => return,
            "source" | "key" | "deadline" => {
                let Some(mark) = errors.take(Mark::read(index, attribute)) else { return };
                self.set(&name, mark)
            }
            _ => {
                let text = format!("`#[{name}]` belongs to a variant or to the whole type");
                errors.at(attribute, text);
                false
            }
        };
        if is_second {
            let text = format!("`{}` has one {name}, and it is stated already", self.ident);
            errors.at(attribute, text);
        }
    }

    /// Returns whether there was one already.
    fn set(&mut self, name: &str, mark: Mark) -> bool {
        match name {
            "source" => {
                let before = std::mem::replace(&mut self.source, Source::Field(mark));
                !matches!(before, Source::Unstated)
            }
            "key" => self.key.replace(mark).is_some(),
            _ => self.deadline.replace(mark).is_some(),
        }
    }

    /// Returns the name shown for this case.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// Returns the type of the only field, if it has no name.
    pub(crate) fn only_type(&self) -> Option<&Type> {
        match &self.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                fields.unnamed.first().map(|field| &field.ty)
            }
            _ => None,
        }
    }
}
