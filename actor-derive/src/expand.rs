//! The code of a message type, as one writes it by hand.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Fields, Generics, Ident, Pat, Path, Type};

use crate::cases::{Case, Source, Written};
use crate::errors::Errors;
use crate::lanes::{Lanes, Place};
use crate::syntax::{Declaration, Function, Mark, located_at};
use crate::wraps::wraps;

/// Returns the implementations of `Message` and `Variant` for a type. `path` is the crate with
/// these traits, unless the type names another one.
pub(crate) fn expand(input: DeriveInput, path: Path) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let written = Written::read(input, &mut errors);
    let lanes = Lanes::read(&written, &mut errors);
    let wraps = wraps(&written, &mut errors);
    let path = located_at(written.path.as_ref().unwrap_or(&path), Span::call_site());
    let message = message(&written, &lanes, &path);
    let variants = wraps.iter().map(|(case, ty)| variant(&written, case, ty, &path));
    let tokens = quote!(#message #(#variants)*);
    errors.finish(tokens)
}

/// The implementation of `Message`. A method with the default's result is left out.
fn message(written: &Written, lanes: &Lanes, path: &Path) -> TokenStream {
    let ident = &written.ident;
    let generics = bounded(&written.generics);
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let list = list_of_lanes(&lanes.declared, path);
    let kinds = kinds(written);
    let lane = lane(written, lanes);
    let source = source(&written.cases);
    let key = key(&written.cases);
    let deadline = deadline(&written.cases);
    quote! {
        #[automatically_derived]
        impl #parameters #path::Message for #ident #arguments #bounds {
            #list
            #kinds
            #lane
            #source
            #key
            #deadline
        }
    }
}

/// Adds the bounds of every message to the type parameters.
fn bounded(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(syn::parse_quote!(::core::marker::Send));
        parameter.bounds.push(syn::parse_quote!('static));
    }
    generics
}

fn list_of_lanes(declared: &[Declaration], path: &Path) -> Option<TokenStream> {
    if declared.is_empty() {
        return None;
    }
    let lanes = declared.iter().map(|lane| {
        let Declaration { kind, name, capacity, options } = lane;
        let capacity = capacity.as_ref().map(|capacity| quote!(, #capacity));
        let options = options.iter().map(|(option, value)| quote!(.#option(#value)));
        // An error in a constant is shown at the attribute.
        let at = Span::mixed_site().located_at(kind.span());
        let kind = Ident::new(&kind.to_string(), at);
        let path = located_at(path, at);
        quote_spanned!(at=> #path::Lane::#kind(#name #capacity) #(#options)*)
    });
    Some(quote!(const LANES: &'static [#path::Lane] = &[#(#lanes),*];))
}

fn kinds(written: &Written) -> Option<TokenStream> {
    if written.cases.is_empty() {
        return None;
    }
    let names = written.cases.iter().map(Case::name);
    let kind = written.is_enum.then(|| {
        let arms = written.cases.iter().enumerate().map(|(index, case)| {
            let (pattern, index) = (case.any(), Literal::usize_unsuffixed(index));
            quote!(#pattern => #index,)
        });
        quote! {
            fn kind(&self) -> usize {
                match self { #(#arms)* }
            }
        }
    });
    Some(quote! {
        const KINDS: &'static [&'static str] = &[#(#names),*];
        #kind
    })
}

fn lane(written: &Written, lanes: &Lanes) -> Option<TokenStream> {
    if lanes.declared.len() < 2 {
        return None;
    }
    let arms = written.cases.iter().zip(&lanes.places).flat_map(|(case, places)| {
        places.iter().map(|Place { lane, when }| {
            let lane = Literal::usize_unsuffixed(*lane);
            let Some(when) = when else {
                let pattern = case.any();
                return quote!(#pattern => #lane,);
            };
            let (pattern, condition) = case.apply_to_all(when);
            quote!(#pattern if #condition => #lane,)
        })
    });
    Some(quote! {
        fn lane(&self) -> usize {
            match self { #(#arms)* }
        }
    })
}

/// The place of a value, for the compiler's errors about a conversion. The conversion itself is the
/// macro's: clippy would otherwise call that of a `u64` useless.
fn place_of(value: &TokenStream) -> Span {
    value.span().resolved_at(Span::mixed_site())
}

fn source(cases: &[Case]) -> Option<TokenStream> {
    let arms = cases.iter().filter_map(|case| match &case.source {
        Source::Field(mark) => Some(case.arm(mark, |value, is_plain| {
            if is_plain {
                quote_spanned!(place_of(value)=> ::core::option::Option::Some(u64::from(*#value)))
            } else {
                quote_spanned!(place_of(value)=> ::core::option::Option::<u64>::from(#value))
            }
        })),
        Source::Unstated | Source::Absent => None,
    });
    let arms: Vec<_> = arms.collect();
    if cases.iter().all(|case| matches!(case.source, Source::Unstated)) {
        return None;
    }
    let body = method(cases, &arms, &quote!(::core::option::Option::None));
    Some(quote!(fn source(&self) -> ::core::option::Option<u64> { #body }))
}

fn key(cases: &[Case]) -> Option<TokenStream> {
    let arms = cases.iter().filter_map(|case| {
        Some(case.arm(case.key.as_ref()?, |value, is_plain| {
            if is_plain {
                quote_spanned!(place_of(value)=> u64::from(*#value))
            } else {
                value.clone()
            }
        }))
    });
    let arms: Vec<_> = arms.collect();
    if arms.is_empty() {
        return None;
    }
    let body = method(cases, &arms, &quote!(0));
    Some(quote!(fn key(&self) -> u64 { #body }))
}

fn deadline(cases: &[Case]) -> Option<TokenStream> {
    let instant = quote!(::core::option::Option::<::std::time::Instant>);
    let arms = cases.iter().filter_map(|case| {
        Some(case.arm(case.deadline.as_ref()?, |value, is_plain| {
            let dereferenced = is_plain.then(|| quote!(*));
            quote_spanned!(place_of(value)=> #instant::from(#dereferenced #value))
        }))
    });
    let arms: Vec<_> = arms.collect();
    if arms.is_empty() {
        return None;
    }
    let body = method(cases, &arms, &quote!(::core::option::Option::None));
    Some(quote! {
        fn deadline(&self) -> ::core::option::Option<::std::time::Instant> { #body }
    })
}

/// Returns a `match` with these arms, and with the default for all other cases.
fn method(cases: &[Case], arms: &[TokenStream], default: &TokenStream) -> TokenStream {
    if arms.is_empty() {
        return default.clone();
    }
    let others = (arms.len() < cases.len()).then(|| quote!(_ => #default,));
    quote!(match self { #(#arms)* #others })
}

impl Case {
    /// Returns the pattern for every message of this case.
    fn any(&self) -> TokenStream {
        let path = &self.path;
        match &self.fields {
            Fields::Named(_) => quote!(#path { .. }),
            Fields::Unnamed(_) => quote!(#path(..)),
            Fields::Unit => path.clone(),
        }
    }

    /// Returns the arm for a mark. `value` gets the function's result or, without a function, the
    /// name of a reference to the field, and whether it is the latter.
    fn arm(&self, mark: &Mark, value: impl Fn(&TokenStream, bool) -> TokenStream) -> TokenStream {
        let name = self.binding(mark.field);
        let (pattern, result) = match &mark.function {
            None => (name.clone(), value(&name, true)),
            Some(Function::Named(path)) => (name.clone(), value(&quote!(#path(#name)), false)),
            Some(Function::Closure(closure)) => {
                let body = closure.body.to_token_stream();
                (pattern_of(closure.inputs.first()), value(&body, false))
            }
        };
        let pattern = self.pattern(&[(mark.field, pattern)]);
        quote!(#pattern => #result,)
    }

    /// Returns a pattern and the result of a function of all fields.
    fn apply_to_all(&self, function: &Function) -> (TokenStream, TokenStream) {
        let indices = 0..self.fields.len();
        match function {
            Function::Named(path) => {
                let names: Vec<_> = indices.map(|index| self.binding(index)).collect();
                let result = quote!(#path(#(#names),*));
                (self.pattern(&names.into_iter().enumerate().collect::<Vec<_>>()), result)
            }
            Function::Closure(closure) => {
                let patterns = closure.inputs.iter().map(|input| pattern_of(Some(input)));
                let patterns: Vec<_> = patterns.enumerate().collect();
                (self.pattern(&patterns), closure.body.to_token_stream())
            }
        }
    }

    /// Returns the name of a reference to a field.
    fn binding(&self, index: usize) -> TokenStream {
        let field = self.fields.iter().nth(index);
        match field.and_then(|field| field.ident.as_ref()) {
            Some(ident) => ident.to_token_stream(),
            None => {
                let span = field.map_or_else(Span::mixed_site, |field| {
                    Span::mixed_site().located_at(field.ty.span())
                });
                format_ident!("field_{index}", span = span).to_token_stream()
            }
        }
    }

    /// Returns a pattern with these patterns of fields, in the order of the fields.
    fn pattern(&self, of_fields: &[(usize, TokenStream)]) -> TokenStream {
        let path = &self.path;
        match &self.fields {
            Fields::Unit => path.clone(),
            Fields::Named(fields) => {
                let parts = of_fields.iter().filter_map(|(index, pattern)| {
                    let ident = fields.named.get(*index)?.ident.as_ref()?;
                    let is_name = *ident == pattern.to_string();
                    Some(if is_name { quote!(#pattern) } else { quote!(#ident: #pattern) })
                });
                let rest = (of_fields.len() < fields.named.len()).then(|| quote!(..));
                quote!(#path { #(#parts,)* #rest })
            }
            Fields::Unnamed(fields) => {
                let count = of_fields.last().map_or(0, |(index, _)| index + 1);
                let parts = (0..count).map(|index| {
                    let found = of_fields.iter().find(|(of, _)| *of == index);
                    found.map_or_else(|| quote!(_), |(_, pattern)| pattern.clone())
                });
                let rest = (count < fields.unnamed.len()).then(|| quote!(..));
                quote!(#path(#(#parts,)* #rest))
            }
        }
    }
}

/// Returns the pattern of a closure's parameter, without its type.
fn pattern_of(input: Option<&Pat>) -> TokenStream {
    match input {
        Some(Pat::Type(typed)) => typed.pat.to_token_stream(),
        other => other.to_token_stream(),
    }
}

/// The implementation of `Variant` for the type of one variant's field. All of it is located at
/// this type, so a collision with another implementation is shown there.
fn variant(written: &Written, case: &Case, ty: &Type, path: &Path) -> TokenStream {
    let at = Span::mixed_site().located_at(ty.span());
    let path = located_at(path, at);
    let mut ident = written.ident.clone();
    ident.set_span(at);
    let generics = bounded(&written.generics);
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let name = &case.path;
    let others =
        (written.cases.len() > 1).then(|| quote_spanned!(at=> _ => ::core::option::Option::None,));
    quote_spanned! {at=>
        #[automatically_derived]
        impl #parameters #path::mailbox::Variant<#ty> for #ident #arguments #bounds {
            fn wrap(value: #ty) -> Self {
                #name(value)
            }

            fn unwrap(self) -> ::core::option::Option<#ty> {
                match self {
                    #name(value) => ::core::option::Option::Some(value),
                    #others
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::{expand, quote};

    #[test]
    fn the_code_is_that_of_a_program_without_the_derive() {
        let input = parse_quote! {
            enum Chain {
                #[lane(control, 16)]
                Stop,
                #[lane(fifo = "blocks", 1024, share = 64, when = |_, peer| peer.is_known)]
                #[lane(fifo = "others", 256, share = 8)]
                Block(Vec<u8>, #[source(|peer| peer.number)] Peer),
                #[lane(latest_by_key = "heads", 64)]
                Head { #[key] peer: u64, #[deadline] until: Instant },
                #[lane("control")]
                Tick(Tick),
            }
        };
        let by_hand = quote! {
            #[automatically_derived]
            impl actor_core::Message for Chain {
                const LANES: &'static [actor_core::Lane] = &[
                    actor_core::Lane::control("control", 16),
                    actor_core::Lane::fifo("blocks", 1024).share(64),
                    actor_core::Lane::fifo("others", 256).share(8),
                    actor_core::Lane::latest_by_key("heads", 64)
                ];
                const KINDS: &'static [&'static str] = &["Stop", "Block", "Head", "Tick"];
                fn kind(&self) -> usize {
                    match self {
                        Self::Stop => 0,
                        Self::Block(..) => 1,
                        Self::Head { .. } => 2,
                        Self::Tick(..) => 3,
                    }
                }
                fn lane(&self) -> usize {
                    match self {
                        Self::Stop => 0,
                        Self::Block(_, peer,) if peer.is_known => 1,
                        Self::Block(..) => 2,
                        Self::Head { .. } => 3,
                        Self::Tick(..) => 0,
                    }
                }
                fn source(&self) -> ::core::option::Option<u64> {
                    match self {
                        Self::Block(_, peer,) => ::core::option::Option::<u64>::from(peer.number),
                        _ => ::core::option::Option::None,
                    }
                }
                fn key(&self) -> u64 {
                    match self {
                        Self::Head { peer, .. } => u64::from(*peer),
                        _ => 0,
                    }
                }
                fn deadline(&self) -> ::core::option::Option<::std::time::Instant> {
                    match self {
                        Self::Head { until, .. } =>
                            ::core::option::Option::<::std::time::Instant>::from(*until),
                        _ => ::core::option::Option::None,
                    }
                }
            }
            #[automatically_derived]
            impl actor_core::mailbox::Variant<Tick> for Chain {
                fn wrap(value: Tick) -> Self {
                    Self::Tick(value)
                }
                fn unwrap(self) -> ::core::option::Option<Tick> {
                    match self {
                        Self::Tick(value) => ::core::option::Option::Some(value),
                        _ => ::core::option::Option::None,
                    }
                }
            }
        };
        let derived = expand(input, parse_quote!(actor_core)).expect("it is right");
        assert_eq!(derived.to_string(), by_hand.to_string());
    }

    #[test]
    fn the_crate_of_the_traits_is_stated_once() {
        let error = |input| expand(input, parse_quote!(actor_core)).map_err(|e| e.to_string());
        let twice = error(parse_quote! {
            #[message(crate = one)]
            #[message(crate = other)]
            struct Due;
        });
        assert_eq!(twice.unwrap_err(), "the crate of the traits is stated already");
        let twice = error(parse_quote! {
            #[message(crate = one, crate = other)]
            enum Due {}
        });
        assert_eq!(twice.unwrap_err(), "`crate` is written twice");
    }

    #[test]
    fn a_type_without_attributes_needs_the_names_of_its_kinds_only() {
        let derived = expand(
            parse_quote!(
                struct Due;
            ),
            parse_quote!(actor_core),
        );
        let by_hand = quote! {
            #[automatically_derived]
            impl actor_core::Message for Due {
                const KINDS: &'static [&'static str] = &["Due"];
            }
        };
        assert_eq!(derived.expect("it is right").to_string(), by_hand.to_string());
    }
}
