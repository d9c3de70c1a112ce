//! A page for Prometheus over HTTP, with the standard library alone: figures of all actors.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use actor_lanes::observe::Exporter;
use actor_lanes::observe::prometheus::CONTENT_TYPE;
use actor_lanes::{Actor, Context, Message, Reply, Spawn, System, mailbox};
use tour::{Done, PATIENCE};

#[derive(Message)]
enum Shop {
    #[lane(fifo = "orders", 64)]
    Sell(u64),
    #[lane(control = "questions", 8)]
    Sold(Reply<u64>),
}

struct Till(u64);
impl Actor for Till {
    type Message = Shop;

    async fn handle(&mut self, shop: Shop, _cx: &mut Context<Shop>) {
        match shop {
            Shop::Sell(price) => self.0 += price,
            Shop::Sold(reply) => reply.send(self.0),
        }
    }
}

/// Answers each request with the page. Each connection is one request.
fn serve(listener: &TcpListener, exporter: &Exporter) -> std::io::Result<()> {
    for stream in listener.incoming() {
        let mut stream = stream?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // A request ends with an empty line.
        let mut lines = BufReader::new(&stream).take(8 * 1024).lines();
        while !lines.next().transpose()?.is_none_or(|line| line.is_empty()) {}
        let page = exporter.render();
        let length = page.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\n");
        write!(stream, "{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{page}")?;
    }
    Ok(())
}

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let (till, till_mailbox) = mailbox();
    let _running = Spawn::new(till_mailbox).named("till").start(&system, || Till(0))?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let exporter = Exporter::new().system(&system);
    thread::spawn(move || serve(&listener, &exporter));

    till.try_tell_all((1..=5).map(Shop::Sell))?;
    // Its lane is served first, so it may be answered before the orders.
    till.ask_blocking(Shop::Sold, PATIENCE)?;
    let mut scrape = TcpStream::connect(address)?;
    write!(scrape, "GET /metrics HTTP/1.1\r\nHost: tour\r\n\r\n")?;
    let mut answer = String::new();
    scrape.read_to_string(&mut answer)?;
    println!("{}", answer.lines().next().unwrap_or_default());
    let is_shown = |line: &&str| line.starts_with("actor_lane_accepted_total");
    answer.lines().filter(is_shown).for_each(|line| println!("{line}"));
    Ok(())
}
