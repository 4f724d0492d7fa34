//! rust-analyzer on a crate with one pipeline, asked over its protocol. Every wait is for a message of the server, and ends
//! with an error when none comes for long.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use serde_json::{Value, json};

use super::source::Place;

/// Longer than the crates that the pipeline needs take to build.
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) struct Server {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    version: String,
    file: PathBuf,
    requests: u64,
    edits: u64,
}

impl Server {
    /// The server, not yet asked anything; `None` where there is none.
    pub(crate) fn start() -> Option<Self> {
        let program = std::env::var_os("RUST_ANALYZER").unwrap_or_else(|| "rust-analyzer".into());
        // What rustup puts into the path may be a stand-in for a component that is not installed.
        let version = Command::new(&program).arg("--version").output().ok().filter(|output| output.status.success())?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor");
        crate_of_one_pipeline(&folder);
        let mut process = Command::new(program)
            .current_dir(&folder)
            // What is built for tests serves here as well.
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = receive(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
        let file = folder.join("src/main.rs");
        let mut server = Self { process, input, messages, version, file, requests: 0, edits: 0 };
        server.initialize(&folder);
        Some(server)
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    fn initialize(&mut self, folder: &Path) {
        let capabilities = json!({
            "experimental": { "serverStatusNotification": true },
            "general": { "positionEncodings": ["utf-8"] },
            "textDocument": { "hover": { "contentFormat": ["markdown"] } },
        });
        let options = json!({
            "checkOnSave": false,
            "cachePriming": { "enable": false },
            "cargo": { "noDeps": false },
            "procMacro": { "enable": true, "attributes": { "enable": true } },
            "completion": { "limit": null, "autoimport": { "enable": false }, "postfix": { "enable": false } },
        });
        self.request(
            "initialize",
            json!({
                "processId": std::process::id(), "rootUri": uri(folder), "capabilities": capabilities,
                "initializationOptions": options,
            }),
        );
        self.notify("initialized", json!({}));
    }

    /// Opens the file, and waits until everything is loaded, the macro included.
    pub(crate) fn open(&mut self, text: &str) {
        fs::write(&self.file, text).unwrap();
        let document = json!({ "uri": uri(&self.file), "languageId": "rust", "version": 0, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
        loop {
            let message = self.next();
            let status = &message["params"];
            if message["method"] == "experimental/serverStatus" && status["quiescent"] == true {
                assert_eq!(status["health"], "ok", "the crate is not loaded: {status}");
                return;
            }
        }
    }

    pub(crate) fn change(&mut self, text: &str) {
        self.edits += 1;
        let document = json!({ "uri": uri(&self.file), "version": self.edits });
        let changes = json!([{ "text": text }]);
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// What is shown at a place.
    pub(crate) fn hover(&mut self, place: Place) -> String {
        let shown = self.ask("textDocument/hover", place);
        shown["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// The lines of what is defined elsewhere, each with its file's name.
    pub(crate) fn definition(&mut self, place: Place) -> Vec<String> {
        let found = self.ask("textDocument/definition", place);
        let links = found.as_array().cloned().unwrap_or_else(|| vec![found.clone()]);
        let line = |link: &Value| {
            let (uri, range) = match link["targetUri"].as_str() {
                Some(uri) => (uri, &link["targetSelectionRange"]),
                None => (link["uri"].as_str()?, &link["range"]),
            };
            let path = Path::new(uri.strip_prefix("file://")?);
            let text = fs::read_to_string(path).ok()?;
            let line = text.lines().nth(usize::try_from(range["start"]["line"].as_u64()?).ok()?)?;
            Some(format!("{}: {}", path.file_name()?.display(), line.trim()))
        };
        links.iter().filter_map(line).collect()
    }

    /// What is offered at a place.
    pub(crate) fn completion(&mut self, place: Place) -> Vec<String> {
        let found = self.ask("textDocument/completion", place);
        let items = found.as_array().or_else(|| found["items"].as_array()).cloned().unwrap_or_default();
        let mut items: Vec<_> = items
            .iter()
            .map(|item| {
                let label = item["label"].as_str().unwrap_or_default();
                (item["sortText"].as_str().unwrap_or_default().to_owned(), label.to_owned())
            })
            .collect();
        items.sort();
        items.into_iter().map(|(_, label)| label).collect()
    }

    fn ask(&mut self, method: &str, (line, character): Place) -> Value {
        let place = json!({ "line": line, "character": character });
        self.request(method, json!({ "textDocument": { "uri": uri(&self.file) }, "position": place }))
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let mut message = self.next();
            if message["id"] == id && message["method"].is_null() {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
        }
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    /// The server's next message. What it asks of an editor is answered: there are no settings, and all is well.
    fn next(&mut self) -> Value {
        let message = self.messages.recv_timeout(PATIENCE).expect("the server is silent");
        if let (Some(method), Some(id)) = (message["method"].as_str(), message.get("id")) {
            let items = message["params"]["items"].as_array().map_or(0, Vec::len);
            let result =
                if method == "workspace/configuration" { json!(vec![Value::Null; items]) } else { Value::Null };
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
        }
        message
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn receive(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => break,
            header => {
                if let Some(value) = header.strip_prefix("Content-Length: ") {
                    length = value.parse().ok();
                }
            }
        }
    }
    let mut text = vec![0; length?];
    output.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// A crate of its own, with the versions that this workspace is locked to.
fn crate_of_one_pipeline(folder: &Path) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"editor\"\nedition = \"2024\"\n\n[dependencies]\nbroadway = {{ package = \"broadway-rs\", path = {:?} }}\n\n[workspace]\n",
        workspace.join("runtime")
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/main.rs"), "fn main() {}\n").unwrap();
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::copy(workspace.join("rust-toolchain.toml"), folder.join("rust-toolchain.toml")).unwrap();
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}
