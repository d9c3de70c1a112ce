//! Requests written by hand, and their answers.

use std::io;
use std::time::Duration;

use futures::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::link::Link;
use crate::negotiation;

/// The time limit of an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most bytes read of an answer.
const MOST_ANSWERED: u64 = 64 * 1024 * 1024;

/// Sends the bytes of a request and returns the bytes of its answer.
///
/// # Errors
///
/// Returns an error if the connection is closed, the protocol is not spoken, or the answer takes
/// more than five seconds.
pub async fn ask(link: &Link, protocol: &str, request: &[u8]) -> io::Result<Vec<u8>> {
    let exchange = async {
        let mut stream = link.open_with(protocol).await?;
        stream.write_all(request).await?;
        stream.close().await?;
        negotiation::read_answer(&mut stream, protocol).await?;
        let mut answer = Vec::new();
        stream.take(MOST_ANSWERED).read_to_end(&mut answer).await?;
        Ok(answer)
    };
    timeout(PATIENCE, exchange).await?
}
