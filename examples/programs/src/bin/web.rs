//! A web service: axum's handlers on all threads of tokio, and one owner of the state behind them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use actor_lanes::{Actor, Context, Handle, Lane, Message, Reply, System, spawn};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{Router, get};
use programs::{Done, PATIENCE};

enum Stock {
    Add(u64),
    /// Answers whether there was enough.
    Take(u64, Reply<bool>),
}

impl Message for Stock {
    const LANES: &'static [Lane] = &[Lane::fifo("requests", 64)];
}

struct Shelf(u64);

impl Actor for Shelf {
    type Message = Stock;

    async fn handle(&mut self, message: Stock, _cx: &mut Context<Stock>) {
        match message {
            Stock::Add(n) => self.0 += n,
            Stock::Take(n, reply) => {
                let rest = self.0.checked_sub(n);
                self.0 = rest.unwrap_or(self.0);
                reply.send(rest.is_some());
            }
        }
    }
}

/// A full lane is "503 Service Unavailable": the request does not wait in a growing queue.
async fn take(
    State(shelf): State<Handle<Stock>>,
    Path(n): Path<u64>,
) -> Result<String, StatusCode> {
    let answer = shelf.try_ask(|reply| Stock::Take(n, reply));
    let answer = answer.map_err(|_full| StatusCode::SERVICE_UNAVAILABLE)?;
    match answer.await {
        Ok(true) => Ok(format!("took {n}")),
        Ok(false) => Err(StatusCode::CONFLICT),
        Err(_ended) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn get_page(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: shelf\r\nConnection: close\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    Ok(page)
}

#[tokio::main]
async fn main() -> Done {
    // The owner runs on a runtime of its own, here that of the argument.
    let system = System::new("shelf", programs::runtime()?)?;
    let (shelf, _running) = spawn(&system, || Shelf(0))?;
    shelf.tell(Stock::Add(5)).await?;
    let routes = Router::new().route("/take/{n}", get(take)).with_state(shelf);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(axum::serve(listener, routes).into_future());
    let pages = tokio::task::spawn_blocking(move || {
        ["/take/3", "/take/3"].map(|path| get_page(address, path).expect("the server answers"))
    });
    let [first, second] = pages.await?;
    assert!(first.starts_with("HTTP/1.1 200") && first.ends_with("took 3"), "{first}");
    assert!(second.starts_with("HTTP/1.1 409"), "{second}");
    server.abort();
    system.stop(PATIENCE);
    assert!(system.stopped().await.is_clean());
    println!("one request took 3, and the other found too few");
    Ok(())
}
