//! One connection: its requests, their rate, and its end.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, Shared, select};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioTimer;
use network::Buckets;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::api::Limits;
use crate::api::activity::Activity;
use crate::api::meters::Meters;
use crate::api::places::{Client, Place, Places, Refusal};
use crate::api::responder::{Answer, Asker, Content, Responder, is_probe, refusal};
use crate::api::wire::{AnswerBody, RequestBody, Socket};

/// The most clients with a remembered rate of requests.
const MOST_CLIENTS: usize = 1024;

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Completes when the API must end.
pub(super) type Stop = Shared<oneshot::Receiver<()>>;

/// What the connections share. All of it stays on the API's thread.
pub(super) struct Connections {
    responder: Responder,
    limits: Limits,
    meters: Rc<Meters>,
    places: RefCell<Places>,
    rates: RefCell<Buckets<Client>>,
}

/// A connection with a place.
pub(super) struct Connection {
    client: Client,
    activity: Rc<Activity>,
    place: Place,
    end: Instant,
}

impl Connections {
    pub(super) fn new(responder: Responder, limits: Limits, meters: Rc<Meters>) -> Self {
        Self {
            responder,
            limits,
            meters,
            places: RefCell::new(Places::new(limits)),
            rates: RefCell::new(Buckets::new(limits.request_rate, MOST_CLIENTS)),
        }
    }

    /// Takes a place for a new connection of a client.
    pub(super) fn admit(&self, client: Client) -> Result<Connection, Refusal> {
        let now = Instant::now();
        let end = now + self.limits.life;
        let activity = Rc::new(Activity::new(now, end));
        let mut places = self.places.borrow_mut();
        let place = places
            .take(client, Rc::clone(&activity), now)
            .inspect_err(|refusal| self.meters.refused(*refusal))?;
        if place.has_replaced {
            self.meters.replaced();
        }
        self.meters.connections(places.len());
        Ok(Connection { client, activity, place, end })
    }

    /// Serves one connection until the client closes it, its lifetime ends, another connection
    /// replaces it, or the API ends.
    pub(super) async fn serve(
        self: Rc<Self>,
        stream: TcpStream,
        connection: Connection,
        stop: Stop,
    ) {
        let Connection { client, activity, place, end } = connection;
        let answer = service_fn(|request| {
            let (connections, activity) = (Rc::clone(&self), Rc::clone(&activity));
            let asker = Asker { client, end, stop: stop.clone() };
            async move { Ok::<_, Infallible>(connections.answer(asker, activity, request).await) }
        });
        let socket = Socket::new(stream, Rc::clone(&activity), self.limits.write_patience, || {
            self.blocked(place.id);
        });
        let mut http = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.limits.head_patience)
                .max_buf_size(self.limits.head_bytes)
                .serve_connection(socket, answer)
        );
        let served = async {
            let life = pin!(sleep_until(end));
            let is_over = select(life, stop.clone());
            if matches!(select(http.as_mut(), is_over).await, Either::Left(_)) {
                return;
            }
            http.as_mut().graceful_shutdown();
            // Errors on a connection are visible to its client.
            let _ = timeout(self.limits.last_answer_patience, http).await;
        };
        select(pin!(served), place.replaced).await;
        self.free(place.id);
    }

    async fn answer(
        &self,
        asker: Asker,
        activity: Rc<Activity>,
        request: Request<Incoming>,
    ) -> Response<AnswerBody<Content>> {
        self.meters.requested();
        let is_last = activity.requested() >= self.limits.requests_per_connection;
        let request = request.map(|body| RequestBody::new(body, Rc::clone(&activity)));
        let mut answer = match self.count_request(asker.client, request.uri().path()) {
            Ok(()) => self.responder.answer(request, asker).await,
            Err(wait) => too_many(wait),
        };
        if is_last {
            answer.headers_mut().insert(CONNECTION, CLOSE);
        }
        answer.map(|body| AnswerBody::new(body, activity))
    }

    /// The answer to a probe costs hardly more than a refusal, and a supervisor may restart a node
    /// without an answer. So probes have no rate.
    fn count_request(&self, client: Client, path: &str) -> Result<(), Duration> {
        if is_probe(path) {
            return Ok(());
        }
        self.rates
            .borrow_mut()
            .take(client, Instant::now().into_std())
            .inspect_err(|_| self.meters.limited())
    }

    fn blocked(&self, id: u64) {
        if self.places.borrow_mut().blocked(id, Instant::now()) {
            self.meters.ended_unread();
        }
    }

    fn free(&self, id: u64) {
        let mut places = self.places.borrow_mut();
        places.free(id);
        self.meters.connections(places.len());
    }
}

/// Returns the answer to a request over its client's rate. It also ends the connection.
fn too_many(wait: Duration) -> Answer {
    let mut answer = refusal(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    answer.headers_mut().insert(CONNECTION, CLOSE);
    answer
}
