//! No send and no drain allocates in steady use.

use crate::kit::{Program, run, text};
use crate::tool::Tool;

/// Passes the calls of the allocator to the program, to be counted there.
const WRAPPED: &str = "-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign,\
                       --wrap=aligned_alloc";

#[test]
fn no_send_from_c_and_no_drain_allocates_once_a_lane_has_its_memory() {
    let program =
        |tool: &str| Program::c(&format!("allocations-{tool}"), &["allocations.c"]).with(WRAPPED);
    let program = Tool::Plain.build(program).expect("a C compiler is there");
    let figures = text(&run(&mut Tool::Plain.command(&program)));
    assert_eq!(figures.lines().count(), 6, "a line for each kind of lane:\n{figures}");
}
