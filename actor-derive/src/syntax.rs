//! The grammar of the attributes, each by itself.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::token::PathSep;
use syn::{Attribute, Expr, ExprClosure, ExprPath, Ident, LitInt, LitStr, Meta, Path, Token};

/// The names of the kinds of lanes, as in `Lane`'s constructors.
const KINDS: [&str; 5] = ["control", "fifo", "newest_first", "latest", "latest_by_key"];

/// What a `#[lane(…)]` states, and its condition.
#[derive(Clone)]
pub(crate) struct LaneAttribute {
    pub(crate) attribute: Attribute,
    pub(crate) lane: Named,
    /// `when = …`: this lane is for the messages with this property.
    pub(crate) when: Option<Function>,
}

/// A lane declared here, or the name of a lane declared elsewhere.
#[derive(Clone)]
pub(crate) enum Named {
    Declared(Box<Declaration>),
    Joined(LitStr),
}

/// `fifo = "blocks", 1024, share = 64`.
#[derive(Clone)]
pub(crate) struct Declaration {
    pub(crate) kind: Ident,
    pub(crate) name: LitStr,
    pub(crate) capacity: Option<Expr>,
    /// In the order of `Lane`'s methods: share, weight, batch.
    pub(crate) options: Vec<(Ident, Expr)>,
}

/// A function of one field or of all: a path, or a closure.
#[derive(Clone)]
pub(crate) enum Function {
    Named(ExprPath),
    Closure(ExprClosure),
}

impl LaneAttribute {
    pub(crate) fn read(attribute: &Attribute) -> syn::Result<Self> {
        if !matches!(attribute.meta, Meta::List(_)) {
            let text = "a lane is in parentheses: it is declared as in `#[lane(fifo = \"blocks\", 1024)]`, \
                        and joined by its name as in `#[lane(\"blocks\")]`";
            return Err(syn::Error::new_spanned(attribute, text));
        }
        let Body { lane, when } = attribute.parse_args()?;
        Ok(Self { attribute: attribute.clone(), lane, when })
    }
}

/// The content of the parentheses.
struct Body {
    lane: Named,
    when: Option<Function>,
}

impl Parse for Body {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            let name = input.parse()?;
            let when = join_condition(input, &name)?;
            return Ok(Self { lane: Named::Joined(name), when });
        }
        let kind = kind(input)?;
        let name = if input.parse::<Option<Token![=]>>()?.is_some() {
            input.parse()?
        } else {
            LitStr::new(&kind.to_string(), kind.span())
        };
        let mut declaration = Declaration { kind, name, capacity: None, options: Vec::new() };
        let mut when = None;
        while separator(input)? {
            if input.peek(Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) {
                declaration.option(input, &mut when)?;
            } else {
                declaration.read_capacity(input)?;
            }
        }
        declaration.check()?;
        Ok(Self { lane: Named::Declared(Box::new(declaration)), when })
    }
}

/// Reads the kind of a declared lane.
fn kind(input: ParseStream<'_>) -> syn::Result<Ident> {
    let text = "a lane is declared by its kind, `control`, `fifo`, `newest_first`, `latest` or \
                `latest_by_key`, as in `#[lane(fifo = \"blocks\", 1024)]`; a declared lane is \
                joined by its name, as in `#[lane(\"blocks\")]`";
    let kind: Ident = input.parse().map_err(|error| syn::Error::new(error.span(), text))?;
    if KINDS.iter().any(|known| kind == known) {
        return Ok(kind);
    }
    Err(syn::Error::new(kind.span(), format!("there is no kind of lane `{kind}`: {text}")))
}

/// Reads a comma, and returns whether something follows it.
fn separator(input: ParseStream<'_>) -> syn::Result<bool> {
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(!input.is_empty())
}

/// Reads the rest of `#[lane("blocks", when = …)]`.
fn join_condition(input: ParseStream<'_>, name: &LitStr) -> syn::Result<Option<Function>> {
    if !separator(input)? {
        return Ok(None);
    }
    let at = input.span();
    let is_when = input.parse::<Ident>().is_ok_and(|option| option == "when");
    if !is_when || input.parse::<Token![=]>().is_err() {
        let text = format!(
            "this joins the lane \"{}\": its capacity and options belong to its declaration",
            name.value()
        );
        return Err(syn::Error::new(at, text));
    }
    let when = input.parse()?;
    separator(input)?;
    if input.is_empty() { Ok(Some(when)) } else { Err(input.error("nothing follows `when`")) }
}

impl Declaration {
    /// Reads `name = value`.
    fn option(&mut self, input: ParseStream<'_>, when: &mut Option<Function>) -> syn::Result<()> {
        let option: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        let is_new = match option.to_string().as_str() {
            "when" => when.replace(input.parse()?).is_none(),
            "share" | "weight" | "batch" => {
                let is_new = self.options.iter().all(|(other, _)| *other != option);
                self.options.push((option.clone(), input.parse()?));
                is_new
            }
            _ => {
                let text = format!(
                    "a lane has no option `{option}`: there are `share`, `weight`, `batch` and \
                     `when`"
                );
                return Err(syn::Error::new(option.span(), text));
            }
        };
        if is_new {
            Ok(())
        } else {
            Err(syn::Error::new(option.span(), format!("`{option}` is written twice")))
        }
    }

    fn read_capacity(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let capacity: Expr = input.parse()?;
        if self.capacity.replace(capacity.clone()).is_some() {
            return Err(syn::Error::new_spanned(capacity, "a lane has one capacity"));
        }
        Ok(())
    }

    /// Checks what `Lane` would refuse, because here the error can name the attribute.
    fn check(&self) -> syn::Result<()> {
        let kind = &self.kind;
        match (&self.capacity, kind == "latest") {
            (Some(capacity), true) => {
                let text = "a `latest` lane holds one message: it has no capacity";
                return Err(syn::Error::new_spanned(capacity, text));
            }
            (None, false) => {
                let name = self.name.value();
                let text = format!("a capacity is missing: `#[lane({kind} = \"{name}\", 1024)]`");
                return Err(syn::Error::new_spanned(kind, text));
            }
            (Some(capacity), false) => not_zero(capacity, "a capacity")?,
            (None, true) => {}
        }
        for (option, value) in &self.options {
            not_zero(value, &format!("a {option}"))?;
            if option == "share" && !(kind == "control" || kind == "fifo") {
                let text = format!(
                    "a share belongs to a lane that refuses, `control` or `fifo`; \
                     `{kind}` evicts the oldest message instead"
                );
                return Err(syn::Error::new_spanned(option, text));
            }
        }
        Ok(())
    }

    pub(crate) fn has_share(&self) -> bool {
        self.options.iter().any(|(option, _)| option == "share")
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.kind == "latest_by_key"
    }
}

/// Refuses a literal 0.
fn not_zero(value: &Expr, what: &str) -> syn::Result<()> {
    let is_zero = syn::parse2::<LitInt>(quote::quote!(#value))
        .is_ok_and(|literal| literal.base10_parse::<u64>().is_ok_and(|n| n == 0));
    if is_zero {
        return Err(syn::Error::new_spanned(value, format!("{what} is 1 at least")));
    }
    Ok(())
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        match input.parse()? {
            Expr::Path(path) => Ok(Self::Named(path)),
            Expr::Closure(closure) => Ok(Self::Closure(closure)),
            other => Err(syn::Error::new_spanned(
                other,
                "this is a function: a path such as `source_of`, or a closure such as \
                 `|peer| peer.number`",
            )),
        }
    }
}

/// A mark of a field: `#[key]`, or `#[key(function)]`.
#[derive(Clone)]
pub(crate) struct Mark {
    /// The index of the field.
    pub(crate) field: usize,
    pub(crate) function: Option<Function>,
}

impl Mark {
    pub(crate) fn read(field: usize, attribute: &Attribute) -> syn::Result<Self> {
        let function = match &attribute.meta {
            Meta::Path(_) => None,
            Meta::List(_) => Some(attribute.parse_args::<Function>()?),
            Meta::NameValue(_) => {
                let name = name_of(attribute);
                let text = format!("a function stands in parentheses: `#[{name}(function)]`");
                return Err(syn::Error::new_spanned(attribute, text));
            }
        };
        if let Some(Function::Closure(closure)) = &function
            && closure.inputs.len() != 1
        {
            let text = "this closure has one parameter: a reference to the field";
            return Err(syn::Error::new_spanned(closure, text));
        }
        Ok(Self { field, function })
    }
}

/// Returns the name of an attribute of this derive, or nothing for any other attribute.
pub(crate) fn name_of(attribute: &Attribute) -> String {
    const OURS: [&str; 6] = ["lane", "source", "key", "deadline", "variant", "message"];
    let name = attribute.path().get_ident().map(Ident::to_string).unwrap_or_default();
    if OURS.contains(&name.as_str()) { name } else { String::new() }
}

/// Reads `#[word(expected)]`, an attribute with one possible content.
pub(crate) fn only(attribute: &Attribute, expected: &str) -> syn::Result<()> {
    let content = attribute.parse_args::<Ident>();
    if content.is_ok_and(|content| content == expected) {
        return Ok(());
    }
    let text = format!("write `#[{}({expected})]`", name_of(attribute));
    Err(syn::Error::new_spanned(attribute, text))
}

/// Reads `#[message(crate = path)]`.
pub(crate) fn crate_path(attribute: &Attribute) -> syn::Result<Path> {
    let mut found = None;
    attribute.parse_nested_meta(|meta| {
        if !meta.path.is_ident("crate") {
            return Err(meta.error("write `#[message(crate = path)]`"));
        }
        let path = meta.value()?.call(Path::parse_mod_style)?;
        if found.replace(path).is_some() {
            return Err(meta.error("`crate` is written twice"));
        }
        Ok(())
    })?;
    let text = "write `#[message(crate = path)]`";
    found.ok_or_else(|| syn::Error::new_spanned(attribute, text))
}

/// Returns the path as code of the derive at this place: lints on the user's own code leave it
/// alone, and errors are shown there.
pub(crate) fn located_at(path: &Path, place: Span) -> Path {
    let mut path = path.clone();
    let at = Span::mixed_site().located_at(place);
    path.leading_colon = path.leading_colon.map(|_| PathSep { spans: [at, at] });
    for segment in &mut path.segments {
        segment.ident.set_span(at);
    }
    path
}
