//! The cases that get an implementation of `Variant`.

use std::collections::HashSet;

use quote::ToTokens;
use syn::{GenericArgument, Generics, Ident, PathArguments, Type, TypePath};

use crate::cases::{Case, Written};
use crate::errors::Errors;

/// Returns the variants with one unnamed field, each with its type. No other variant has this type.
pub(crate) fn wraps<'a>(written: &'a Written, errors: &mut Errors) -> Vec<(&'a Case, &'a Type)> {
    if !written.is_enum {
        return Vec::new();
    }
    let cases = written.cases.iter().filter(|case| !case.is_skipped);
    let candidates: Vec<_> = cases.filter_map(|case| Some((case, case.only_type()?))).collect();
    let is_unique = |ty: &Type| candidates.iter().filter(|(_, other)| *other == ty).count() == 1;
    let unique: Vec<_> = candidates.iter().copied().filter(|(_, ty)| is_unique(ty)).collect();
    check_overlaps(&unique, &written.generics, errors);
    unique
}

/// Two types with parameters may become one type, and then the implementations collide.
fn check_overlaps(unique: &[(&Case, &Type)], generics: &Generics, errors: &mut Errors) {
    let parameters = Parameters::of(generics);
    for (index, (case, ty)) in unique.iter().enumerate() {
        for (other, other_ty) in &unique[..index] {
            if !parameters.may_be_equal(ty, other_ty) {
                continue;
            }
            let text = format!(
                "`{}` of `{}` and `{}` of `{}` may be the same type, so a recipient could mean \
                 either: write `#[variant(skip)]` at one of them",
                text_of(ty),
                case.ident,
                text_of(other_ty),
                other.ident
            );
            errors.at(ty, text);
        }
    }
}

/// Returns a type as one writes it.
fn text_of(ty: &Type) -> String {
    let text = ty.to_token_stream().to_string();
    let spaces = [(" < ", "<"), (" >", ">"), (" :: ", "::"), (" ,", ","), ("& ", "&")];
    spaces.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

/// The type and constant parameters of the message type.
struct Parameters(HashSet<Ident>);

impl Parameters {
    fn of(generics: &Generics) -> Self {
        let types = generics.type_params().map(|parameter| parameter.ident.clone());
        let constants = generics.const_params().map(|parameter| parameter.ident.clone());
        Self(types.chain(constants).collect())
    }

    /// Returns whether two types may be equal for some parameters. An alias counts as a type of
    /// its own, because a macro sees names only.
    fn may_be_equal(&self, one: &Type, other: &Type) -> bool {
        match (one, other) {
            (Type::Paren(inner), ty) | (ty, Type::Paren(inner)) => {
                self.may_be_equal(&inner.elem, ty)
            }
            (Type::Group(inner), ty) | (ty, Type::Group(inner)) => {
                self.may_be_equal(&inner.elem, ty)
            }
            (Type::Path(path), _) | (_, Type::Path(path)) if self.is_open(path) => true,
            (Type::Path(one), Type::Path(other)) => self.may_be_equal_paths(one, other),
            (Type::Tuple(one), Type::Tuple(other)) => {
                one.elems.len() == other.elems.len()
                    && one.elems.iter().zip(&other.elems).all(|(a, b)| self.may_be_equal(a, b))
            }
            (Type::Array(one), Type::Array(other)) => self.may_be_equal(&one.elem, &other.elem),
            (Type::Slice(one), Type::Slice(other)) => self.may_be_equal(&one.elem, &other.elem),
            (Type::Reference(one), Type::Reference(other)) => {
                self.may_be_equal(&one.elem, &other.elem)
            }
            _ => one == other,
        }
    }

    /// Returns whether a path is a parameter, or a type of one, such as `T::Item`.
    fn is_open(&self, path: &TypePath) -> bool {
        let first = path.path.segments.first();
        path.qself.is_some() || first.is_some_and(|segment| self.0.contains(&segment.ident))
    }

    fn may_be_equal_paths(&self, one: &TypePath, other: &TypePath) -> bool {
        let last = |path: &TypePath| path.path.segments.last().cloned();
        let (Some(one), Some(other)) = (last(one), last(other)) else { return true };
        one.ident == other.ident
            && match (&one.arguments, &other.arguments) {
                (PathArguments::AngleBracketed(one), PathArguments::AngleBracketed(other)) => {
                    let both = one.args.iter().zip(&other.args);
                    one.args.len() == other.args.len()
                        && both.fold(true, |all, (a, b)| all && self.may_be_equal_arguments(a, b))
                }
                (one, other) => one == other,
            }
    }

    fn may_be_equal_arguments(&self, one: &GenericArgument, other: &GenericArgument) -> bool {
        match (one, other) {
            (GenericArgument::Type(one), GenericArgument::Type(other)) => {
                self.may_be_equal(one, other)
            }
            // Two constants may be equal: one of them may be a parameter.
            (GenericArgument::Lifetime(_), _) | (_, GenericArgument::Lifetime(_)) => true,
            (GenericArgument::Const(_), _) | (_, GenericArgument::Const(_)) => {
                one == other || !self.0.is_empty()
            }
            _ => one == other,
        }
    }
}
