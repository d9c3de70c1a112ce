//! The answer to each request (`node/api/handlers.py`).
//!
//! All answers but two are created immediately from published data. A change of role sends a
//! message to the chain's owner, and events are a stream.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use libssz::SszEncode;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::api::body::{
    AggregatorStatusBody, AggregatorToggleBody, Cached, CheckpointBody, ForkChoiceBody, HealthBody,
    ReadyBody, SyncBody, unproven,
};
use crate::api::connection::Stop;
use crate::api::events::{Board, EventStream, Viewers};
use crate::api::meters::Meters;
use crate::api::page::Page;
use crate::api::places::Client;
use crate::api::{ApiSources, Limits, metrics, site};
use crate::health::Condition;
use crate::sync_state::Readiness;
use chain::Refused;

/// The reason for a change of role not made, because the owner or earlier changes take too long.
const BUSY: &str = "Chain is busy, try again";

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const SSZ: HeaderValue = HeaderValue::from_static("application/octet-stream");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const EXPOSITION: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

pub(super) type Answer = Response<Content>;

/// The body of an answer.
pub(super) enum Content {
    /// Complete from the beginning.
    Whole(Full<Bytes>),
    /// Events, as they come.
    Events(Box<EventStream>),
}

/// The sender of a request.
pub(super) struct Asker {
    pub(super) client: Client,
    /// The end of the life of its connection.
    pub(super) end: Instant,
    pub(super) stop: Stop,
}

/// The error of a request's body.
type BodyError = Box<dyn Error + Send + Sync>;

/// The API's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Page,
    Events,
    Health,
    Ready,
    Syncing,
    FinalizedState,
    FinalizedBlock,
    JustifiedCheckpoint,
    ForkChoice,
    Metrics,
    Aggregator,
}

/// Answers requests, on the API's thread.
pub(super) struct Responder {
    sources: Rc<ApiSources>,
    limits: Limits,
    meters: Rc<Meters>,
    board: Rc<Board>,
    viewers: Rc<Viewers>,
    page: Page,
    finalized_state: Cached,
    finalized_block: Cached,
    /// The number of changes of role in progress.
    changes_of_role: Cell<usize>,
}

impl Endpoint {
    fn at(path: &str) -> Option<Self> {
        Some(match path {
            "/" => Self::Page,
            "/events" => Self::Events,
            "/lean/v0/health" => Self::Health,
            "/lean/v0/ready" => Self::Ready,
            "/lean/v0/node/syncing" => Self::Syncing,
            "/lean/v0/states/finalized" => Self::FinalizedState,
            "/lean/v0/blocks/finalized" => Self::FinalizedBlock,
            "/lean/v0/checkpoints/justified" => Self::JustifiedCheckpoint,
            "/lean/v0/fork_choice" => Self::ForkChoice,
            "/metrics" => Self::Metrics,
            "/lean/v0/admin/aggregator" => Self::Aggregator,
            _ => return None,
        })
    }
}

impl Responder {
    pub(super) fn new(
        sources: Rc<ApiSources>,
        limits: Limits,
        meters: Rc<Meters>,
        board: Rc<Board>,
        viewers: Rc<Viewers>,
    ) -> Self {
        Self {
            sources,
            limits,
            meters,
            board,
            viewers,
            page: Page::new(),
            finalized_state: Cached::default(),
            finalized_block: Cached::default(),
            changes_of_role: Cell::new(0),
        }
    }

    /// Answers one request. HEAD requests have the same answer as GET requests; the server omits
    /// the body.
    pub(super) async fn answer<B>(&self, request: Request<B>, asker: Asker) -> Answer
    where
        B: Body<Data = Bytes, Error: Into<BodyError>>,
    {
        let (method, headers) = (request.method(), request.headers());
        let mut answer = match site::refused(asker.client, method, headers) {
            Some(refusal) => refusal,
            None => self.answer_own(request, asker).await,
        };
        // No other site reads or embeds an answer, and no browser guesses its kind.
        answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer.headers_mut().insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
        answer
    }

    /// Answers a request that is not of another site.
    async fn answer_own<B>(&self, request: Request<B>, asker: Asker) -> Answer
    where
        B: Body<Data = Bytes, Error: Into<BodyError>>,
    {
        let Some(endpoint) = Endpoint::at(request.uri().path()) else {
            return refusal(StatusCode::NOT_FOUND, "Not Found");
        };
        match *request.method() {
            Method::GET | Method::HEAD if endpoint == Endpoint::Ready => {
                self.ready(request.uri().query().unwrap_or_default())
            }
            Method::GET | Method::HEAD => self.read(endpoint, asker),
            Method::POST if endpoint == Endpoint::Aggregator => {
                self.toggle_aggregator(request.into_body()).await
            }
            _ => not_allowed(endpoint),
        }
    }

    fn read(&self, endpoint: Endpoint, asker: Asker) -> Answer {
        match endpoint {
            Endpoint::Page => self.page.answer(),
            Endpoint::Events => self.events(asker),
            Endpoint::Health => self.health(),
            Endpoint::Ready => self.ready(""),
            Endpoint::Syncing => json(&SyncBody::from(&self.sources.sync_state())),
            Endpoint::Metrics => {
                found(EXPOSITION, metrics::page(&self.sources, &self.meters).into())
            }
            Endpoint::FinalizedState
            | Endpoint::FinalizedBlock
            | Endpoint::JustifiedCheckpoint
            | Endpoint::ForkChoice
            | Endpoint::Aggregator => self.read_chain(endpoint),
        }
    }

    /// Begins a stream of events, if there is a place for it.
    fn events(&self, asker: Asker) -> Answer {
        let Asker { client, end, stop } = asker;
        let Some(viewing) = self.viewers.admit(client) else {
            let mut answer = refusal(StatusCode::SERVICE_UNAVAILABLE, "Too Many Event Streams");
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
            return answer;
        };
        let stream = EventStream::new(Rc::clone(&self.board), viewing, end, stop);
        let mut answer = Response::new(Content::Events(Box::new(stream)));
        answer.headers_mut().insert(CONTENT_TYPE, EVENTS);
        answer.headers_mut().insert(CACHE_CONTROL, NO_STORE);
        answer
    }

    fn health(&self) -> Answer {
        let condition = self.sources.condition();
        let mut answer = json(&HealthBody::from(&condition));
        if condition != Condition::Healthy {
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        answer
    }

    /// Answers with 200 if the node is ready, 206 while it synchronizes, and else 503. As in the
    /// beacon API, `syncing_status` in the query replaces the 206.
    fn ready(&self, query: &str) -> Answer {
        let Ok(syncing) = requested_syncing_status(query) else {
            return refusal(StatusCode::BAD_REQUEST, "syncing_status is not a status");
        };
        let readiness = self.sources.readiness();
        let mut answer = json(&ReadyBody::from(&readiness));
        *answer.status_mut() = match readiness {
            Readiness::Ready => StatusCode::OK,
            Readiness::Syncing(_) => syncing,
            Readiness::NotReady(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        answer
    }

    fn read_chain(&self, endpoint: Endpoint) -> Answer {
        let chain = self.sources.published.get();
        // Both are shared with the store and always kept there, so they are missing only before the
        // owner's first publication.
        let (Some(state), Some(block)) = (&chain.finalized_state, &chain.finalized_block) else {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "Store not initialized");
        };
        let finalized = chain.finalized.root;
        match endpoint {
            Endpoint::FinalizedState => {
                found(SSZ, self.finalized_state.get(finalized, || state.to_ssz()))
            }
            Endpoint::FinalizedBlock => {
                found(SSZ, self.finalized_block.get(finalized, || unproven(block)))
            }
            Endpoint::JustifiedCheckpoint => json(&CheckpointBody::from(chain.justified)),
            Endpoint::ForkChoice => json(&ForkChoiceBody::from(&*chain)),
            Endpoint::Aggregator => {
                json(&AggregatorStatusBody { is_aggregator: chain.is_aggregator })
            }
            Endpoint::Page
            | Endpoint::Events
            | Endpoint::Health
            | Endpoint::Ready
            | Endpoint::Syncing
            | Endpoint::Metrics => refusal(StatusCode::NOT_FOUND, "Not Found"),
        }
    }

    async fn toggle_aggregator<B>(&self, body: B) -> Answer
    where
        B: Body<Data = Bytes, Error: Into<BodyError>>,
    {
        let body = match self.collect(body).await {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        let enabled = match requested_role(&body) {
            Ok(enabled) => enabled,
            Err(reason) => return refusal(StatusCode::BAD_REQUEST, reason),
        };
        if self.changes_of_role.get() >= self.limits.changes_of_role {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, BUSY);
        }
        let _change = InProgress::begin(&self.changes_of_role);
        match timeout(self.limits.owner_patience, self.sources.chain.set_aggregator(enabled)).await
        {
            Ok(Ok(previous)) => json(&AggregatorToggleBody { is_aggregator: enabled, previous }),
            Ok(Err(Refused::Closed)) => {
                refusal(StatusCode::SERVICE_UNAVAILABLE, "Node is stopping")
            }
            Ok(Err(Refused::Full)) | Err(_) => refusal(StatusCode::SERVICE_UNAVAILABLE, BUSY),
        }
    }

    /// Reads a request's body within the limits of size and time.
    async fn collect<B>(&self, body: B) -> Result<Bytes, Answer>
    where
        B: Body<Data = Bytes, Error: Into<BodyError>>,
    {
        let Limits { body_bytes, body_patience, .. } = self.limits;
        let too_long = || refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        if body.size_hint().lower() > body_bytes as u64 {
            return Err(too_long());
        }
        match timeout(body_patience, Limited::new(body, body_bytes).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long()),
            Ok(Err(_)) => Err(refusal(StatusCode::BAD_REQUEST, "Bad Request")),
            Err(_) => Err(refusal(StatusCode::REQUEST_TIMEOUT, "Request Timeout")),
        }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(body) => Pin::new(body).poll_frame(cx),
            Self::Events(stream) => Pin::new(stream.as_mut()).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Events(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Events(stream) => stream.size_hint(),
        }
    }
}

/// Something in progress, counted until it is dropped.
struct InProgress<'a>(&'a Cell<usize>);

impl<'a> InProgress<'a> {
    fn begin(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Returns whether a path is an endpoint for a supervisor of the node.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(Endpoint::at(path), Some(Endpoint::Health | Endpoint::Ready))
}

/// Returns whether a path is an endpoint.
pub fn is_endpoint(path: &str) -> bool {
    Endpoint::at(path).is_some()
}

/// Returns the role requested in the body.
///
/// # Errors
///
/// Returns a description of the fault in the body.
pub fn requested_role(body: &[u8]) -> Result<bool, &'static str> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "Invalid JSON body")?;
    let enabled = body
        .as_object()
        .and_then(|body| body.get("enabled"))
        .ok_or("Missing 'enabled' field in body")?;
    enabled.as_bool().ok_or("'enabled' must be a boolean")
}

/// Returns the status for a synchronizing node: 206, or the query's `syncing_status`, 200 to 599.
fn requested_syncing_status(query: &str) -> Result<StatusCode, ()> {
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("syncing_status="));
    let Some(asked) = asked else { return Ok(StatusCode::PARTIAL_CONTENT) };
    let code = asked.parse().ok().filter(|code| (200..600).contains(code));
    code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(())
}

fn json(body: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(body)
        .expect("the bodies are structs of numbers and texts, which never fail");
    found(JSON, body.into())
}

/// Returns an answer with this body.
pub(super) fn found(content_type: HeaderValue, body: Bytes) -> Answer {
    let mut answer = Response::new(Content::Whole(Full::new(body)));
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

/// Returns an error answer with the reason in the status line and in the body.
pub(super) fn refusal(status: StatusCode, reason: &'static str) -> Answer {
    let mut answer = found(TEXT, format!("{}: {reason}", status.as_u16()).into());
    *answer.status_mut() = status;
    answer.extensions_mut().insert(ReasonPhrase::from_static(reason.as_bytes()));
    answer
}

fn not_allowed(endpoint: Endpoint) -> Answer {
    let mut answer = refusal(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    let allowed = if endpoint == Endpoint::Aggregator { "GET,HEAD,POST" } else { "GET,HEAD" };
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}
