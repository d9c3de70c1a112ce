//! Compares answers of the HTTP API. Each request goes over a real connection.
//!
//! A chain actor on an executor of its own owns the vector's store and publishes snapshots of it.
//! The API reads the snapshots on its own thread, and sends the chain actor any change of the
//! aggregator role. The actor that owns the vector is the HTTP client.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actor_lanes::Runtime;
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response};

use crate::anchor::{TestKeys, build_anchor};
use crate::field::{Field, Malformed};
use crate::trial::Trial;
use crate::verdict::Findings;
use chain::Solitary;
use chain::wall_clock::WallClock;
use consensus::Store;
use lean_node::api::{Api, ApiSources, EventSources, Limits, Supervision};

/// The time limit for the request, and for stopping the API.
const PATIENCE: Duration = Duration::from_secs(20);

/// The trial of one request and its answer.
pub(super) struct Conversation {
    keys: TestKeys,
    runtime: Arc<dyn Runtime>,
}

/// The HTTP answer, before any comparison.
struct Answer {
    status: u64,
    content_type: String,
    body: Vec<u8>,
}

pub(super) fn open(keys: TestKeys, runtime: Arc<dyn Runtime>) -> Conversation {
    Conversation { keys, runtime }
}

impl Trial for Conversation {
    fn take(
        &mut self,
        _step: usize,
        vector: Field<'_>,
        findings: &mut Findings,
    ) -> Result<(), Malformed> {
        let store = self.store(&vector)?;
        let is_aggregator = vector.at("initialIsAggregator")?.flag()?;
        let request = Asked::read(&vector)?;
        match converse(&self.runtime, store, is_aggregator, &request) {
            Ok(answer) => compare(&answer, &vector, findings),
            Err(problem) => {
                findings.differ("the conversation", problem, "an answer");
                Ok(())
            }
        }
    }
}

/// The vector's request.
struct Asked {
    method: String,
    path: String,
    body: String,
}

impl Asked {
    fn read(vector: &Field<'_>) -> Result<Self, Malformed> {
        let body =
            vector.maybe("requestBody").map_or_else(String::new, |body| body.json().to_string());
        let (method, path) =
            (vector.at("method")?.text()?.to_owned(), vector.at("endpoint")?.text()?.to_owned());
        Ok(Self { method, path, body })
    }

    fn send_to(&self, address: SocketAddr) -> Result<Answer, String> {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None)
            .build()
            .into();
        let request = Request::builder()
            .method(self.method.as_str())
            .uri(format!("http://{address}{}", self.path))
            .header("content-type", "application/json")
            .header("connection", "close");
        let answer = if self.body.is_empty() {
            agent.run(request.body(()).map_err(|error| error.to_string())?)
        } else {
            agent.run(request.body(self.body.as_str()).map_err(|error| error.to_string())?)
        };
        Answer::read(answer.map_err(|error| error.to_string())?)
    }
}

impl Answer {
    fn read(mut answer: Response<ureq::Body>) -> Result<Self, String> {
        let content_type =
            answer.headers().get("content-type").and_then(|value| value.to_str().ok());
        Ok(Self {
            status: answer.status().as_u16().into(),
            content_type: content_type.unwrap_or("none").to_owned(),
            body: answer.body_mut().read_to_vec().map_err(|error| error.to_string())?,
        })
    }
}

impl Conversation {
    fn store(&self, vector: &Field<'_>) -> Result<Store, Malformed> {
        let genesis = vector.at("genesisParams")?;
        let number =
            |key: &str, default| genesis.maybe(key).map_or(Ok(default), |field| field.uint());
        let validators = number("numValidators", 4)?;
        let (time, slot) = (number("genesisTime", 0)?, number("anchorSlot", 0)?);
        let built = usize::try_from(validators)
            .ok()
            .and_then(|count| build_anchor(&self.keys, count, time, slot));
        let built = built.ok_or_else(|| genesis.malformed("there are not as many test keys"))?;
        let store = built.and_then(|(state, block)| Store::new(state, block, None));
        store.map_err(|rejection| genesis.malformed(rejection))
    }
}

/// Starts the chain actor and its API, sends the request, and stops both.
fn converse(
    runtime: &Arc<dyn Runtime>,
    store: Store,
    is_aggregator: bool,
    request: &Asked,
) -> Result<Answer, String> {
    // The clock stays at the epoch, so no tick changes the vector's store.
    let owner = Solitary::start(runtime, store, is_aggregator, WallClock::stopped::<0>())
        .map_err(|error| error.to_string())?;
    if !owner.has_begun() {
        return Err(String::from("the owner does not begin"));
    }
    let sources = ApiSources {
        name: String::from("vector"),
        runtime: runtime.name(),
        clock: owner.clock,
        wall: WallClock::stopped::<0>(),
        started_at: 0,
        published: owner.published.clone(),
        chain: owner.chain.clone(),
        watched: Vec::new(),
        network: Arc::default(),
        work: Arc::default(),
        gossip: Arc::default(),
        supervision: Supervision::default(),
        shown: EventSources::default(),
    };
    let api = Api::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), sources, Limits::default());
    let api = api.map_err(|error| error.to_string())?;
    let answer = request.send_to(api.address());
    if let Some(problem) = api.stop(PATIENCE) {
        return Err(problem.to_owned());
    }
    if owner.stop() { answer } else { Err(String::from("the owner does not end well")) }
}

fn compare(answer: &Answer, vector: &Field<'_>, findings: &mut Findings) -> Result<(), Malformed> {
    findings.same("status", answer.status, vector.at("expectedStatusCode")?.uint()?);
    findings.same(
        "content type",
        answer.content_type.as_str(),
        vector.at("expectedContentType")?.text()?,
    );
    let Some(expected) = vector.maybe("expectedBody") else { return Ok(()) };
    if let Some(names) = expected.maybe("required_metric_names") {
        let page = String::from_utf8_lossy(&answer.body);
        for name in names.list()? {
            let name = name.text()?;
            if !page
                .lines()
                .any(|line| line.strip_prefix("# TYPE ").is_some_and(|rest| is_of(rest, name)))
            {
                findings.differ("metrics", format!("no {name}"), name);
            }
        }
    } else if expected.json().is_string() {
        findings.same("body", hex::encode(&answer.body), hex::encode(expected.bytes()?));
    } else {
        findings.same(
            "body",
            serde_json::from_slice::<Value>(&answer.body).ok(),
            Some(expected.json().clone()),
        );
    }
    Ok(())
}

/// Returns whether the rest of a `# TYPE` line, after the prefix, names the metric.
fn is_of(rest: &str, name: &str) -> bool {
    rest.split(' ').next() == Some(name)
}
