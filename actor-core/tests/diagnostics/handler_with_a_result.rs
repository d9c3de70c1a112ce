//! A handler with a `Result` in an actor without one.

use actor_core::{Actor, Context, Message};

struct Parse(&'static str);
impl Message for Parse {}

struct Sum(u64);

impl Actor for Sum {
    type Message = Parse;

    async fn handle(
        &mut self,
        Parse(text): Parse,
        _cx: &mut Context<Parse>,
    ) -> Result<(), std::num::ParseIntError> {
        self.0 += text.parse::<u64>()?;
        Ok(())
    }
}

fn main() {}
