//! A headless Chromium, driven by its debugging protocol over two named pipes. The tests of the
//! command line use it as well.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The time limit for an answer of the browser. A busy machine starts one in some seconds.
const ENOUGH: Duration = Duration::from_secs(60);

/// The names of the program, the usual one first.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Adds up the shifts of the layout that no input has caused.
const COUNT_SHIFTS: &str = "window.shifts = []; new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        if (!entry.hadRecentInput) window.shifts.push([entry.value, ...entry.sources.map(
            (source) => source.node ? source.node.id || source.node.nodeName : '?')]);
    }
}).observe({ type: 'layout-shift', buffered: true });";

/// A running browser with one page.
pub(crate) struct Browser {
    child: Child,
    commands: File,
    messages: Receiver<Value>,
    next: u64,
    session: Option<String>,
    /// Errors of scripts, and violations of the policy.
    pub(crate) problems: Vec<String>,
    _folder: tempfile::TempDir,
}

/// The size of a page, and its colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    pub(crate) name: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) is_dark: bool,
}

impl Browser {
    /// Starts a browser. Returns `None` without one, and says so.
    pub(crate) fn start() -> Option<Self> {
        let answers = |program: &&str| {
            let version = Command::new(program).arg("--version").stdout(Stdio::null()).status();
            version.is_ok_and(|status| status.success())
        };
        let Some(program) = PROGRAMS.into_iter().find(answers) else {
            println!("chromium is missing: skipped");
            return None;
        };
        let folder = tempfile::tempdir().expect("there is room");
        let pipe = |name: &str| {
            let path = folder.path().join(name);
            let made = Command::new("mkfifo").arg(&path).status().expect("it runs");
            assert!(made.success(), "a pipe");
            path
        };
        let (to, from) = (pipe("to"), pipe("from"));
        let child = Command::new("sh")
            .arg("-c")
            .arg("exec 3<\"$1\" 4>\"$2\"; shift 2; exec \"$@\"")
            .args(["sh".as_ref(), to.as_os_str(), from.as_os_str(), program.as_ref()])
            // The sandbox needs rights that a container may lack, and the page is our own.
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell runs");
        // In the order of the shell, which waits for each of them.
        let commands = File::options().write(true).open(to).expect("it is a pipe");
        let answers = BufReader::new(File::open(from).expect("it is a pipe"));
        let (sender, messages) = sync_channel(4096);
        thread::spawn(move || {
            let texts = answers.split(0).map_while(Result::ok);
            let messages = texts.map_while(|text| serde_json::from_slice(&text).ok());
            messages.take_while(|message| sender.send(Value::clone(message)).is_ok()).count()
        });
        let (next, session, problems) = (1, None, Vec::new());
        let mut browser =
            Self { child, commands, messages, next, session, problems, _folder: folder };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, json!({}));
        }
        browser.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": COUNT_SHIFTS }));
        Some(browser)
    }

    /// Calls a method of the protocol, and returns its result.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        let id = self.next;
        self.next += 1;
        let mut command = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let text = command.to_string() + "\0";
        self.commands.write_all(text.as_bytes()).expect("the browser reads");
        loop {
            let message = self.messages.recv_timeout(ENOUGH).expect("the browser answers in time");
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            let is_problem = match message["method"].as_str() {
                Some("Runtime.exceptionThrown") => true,
                Some("Log.entryAdded") => message["params"]["entry"]["level"] == "error",
                _ => false,
            };
            if is_problem {
                self.problems.push(message["params"].to_string());
            }
        }
    }

    /// Opens the page of a node.
    pub(crate) fn open(&mut self, address: SocketAddr, screen: Screen) {
        let Screen { width, height, is_dark, .. } = screen;
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 }),
        );
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
        self.call("Page.navigate", json!({ "url": format!("http://{address}/") }));
    }

    /// Returns the value of an expression on the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let parameters =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", parameters);
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true. The page decides, so nothing is missed in between.
    pub(crate) fn wait(&mut self, condition: &str) {
        // A failed look is a page that is not there yet. After 30 s, the text of the page returns.
        let text = self.value(&format!(
            "new Promise((done) => {{
                const end = performance.now() + 30000;
                const look = () => {{
                    let is_so = false;
                    try {{ is_so = Boolean({condition}); }} catch {{}}
                    if (is_so) done(null);
                    else if (performance.now() > end) done(document.body.innerText);
                    else setTimeout(look, 20);
                }};
                look();
            }})"
        ));
        assert!(text.is_null(), "waited for {condition} on\n{text}\n{:?}", self.problems);
    }

    /// Takes a picture of the whole page: a PNG. The variable `PAGE_PICTURES` names a folder to
    /// keep it in.
    pub(crate) fn picture(&mut self, name: &str) -> Vec<u8> {
        let size = self.call("Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
        let (width, height) = (&size["width"], &size["height"]);
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.call("Page.captureScreenshot", parameters);
        let data = picture["data"].as_str().expect("it has data");
        let picture = STANDARD.decode(data).expect("it is base64");
        if let Some(folder) = std::env::var_os("PAGE_PICTURES") {
            let path = std::path::Path::new(&folder).join(format!("{name}.png"));
            std::fs::write(path, &picture).expect("the folder can be written");
        }
        picture
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
