//! The header is made from the crate, and checked in.

#![cfg(not(any(loom, shuttle)))]

use std::collections::HashMap;
use std::path::Path;
use std::{env, fs};

use cbindgen::{
    Braces, Builder, Config, DocumentationLength, DocumentationStyle, EnumConfig, ExportConfig,
    FunctionConfig, Language, Layout, ParseConfig, Style,
};

/// The words before the first declaration: the guide, with the example.
const TOP: &str = include_str!("header/top.h");

/// The macros.
const MACROS: &str = include_str!("header/macros.h");

/// The names of C.
const NAMES: &[(&str, &str)] = &[
    ("ActorHandle", "actor_handle"),
    ("ActorMailbox", "actor_mailbox"),
    ("ActorReply", "actor_reply"),
    ("Delivery", "actor_delivery"),
    ("DropMessage", "actor_drop_message_fn"),
    ("Handler", "actor_handler_fn"),
    ("LaneConfig", "actor_lane_config"),
    ("LaneKind", "actor_lane_kind"),
    ("LaneStats", "actor_lane_stats"),
    ("MailboxConfig", "actor_mailbox_config"),
    ("OnReply", "actor_on_reply_fn"),
    ("Outcome", "actor_outcome"),
    ("Status", "actor_status"),
    ("Turn", "actor_turn"),
    ("Wake", "actor_wake_fn"),
];

fn config() -> Config {
    let rename: HashMap<String, String> =
        NAMES.iter().map(|(rust, c)| ((*rust).to_owned(), (*c).to_owned())).collect();
    Config {
        language: Language::C,
        header: Some(TOP.trim_end().to_owned()),
        no_includes: true,
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h"].map(String::from).to_vec(),
        after_includes: Some(format!("\n{}", MACROS.trim_end())),
        include_guard: Some("ACTOR_H".to_owned()),
        cpp_compat: true,
        usize_is_size_t: true,
        style: Style::Type,
        braces: Braces::SameLine,
        line_length: 100,
        tab_width: 2,
        documentation: true,
        documentation_style: DocumentationStyle::C99,
        documentation_length: DocumentationLength::Full,
        parse: ParseConfig { parse_deps: false, ..ParseConfig::default() },
        export: ExportConfig {
            rename,
            include: vec!["LaneKind".to_owned()],
            ..ExportConfig::default()
        },
        function: FunctionConfig { args: Layout::Auto, ..FunctionConfig::default() },
        enumeration: EnumConfig::default(),
        ..Config::default()
    }
}

/// Generates the header.
fn generated() -> String {
    let mut bytes = Vec::new();
    Builder::new()
        .with_config(config())
        .with_crate(env!("CARGO_MANIFEST_DIR"))
        .generate()
        .expect("the crate can be read")
        .write(&mut bytes);
    for_c(&String::from_utf8(bytes).expect("it is text"))
}

/// Leaves out what concerns Rust only: the section on safety, and the marks of code.
fn for_c(header: &str) -> String {
    let mut lines = Vec::new();
    let mut is_on_safety = false;
    for line in header.lines() {
        if line.trim() == "// # Safety" {
            is_on_safety = true;
            while lines.last().is_some_and(|last: &String| last.trim() == "//") {
                lines.pop();
            }
        } else if !line.trim_start().starts_with("//") {
            is_on_safety = false;
        }
        if !is_on_safety {
            lines.push(line.replace('`', "").trim_end().to_owned());
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_header_is_that_of_the_crate() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/actor.h");
    let generated = generated();
    if env::var("ACTOR_HEADER").is_ok_and(|what| what == "overwrite") {
        fs::write(&file, &generated).expect("the header can be written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == generated,
        "run `ACTOR_HEADER=overwrite cargo test -p actor-ffi --test header`, and check in the result"
    );
}
