//! Checks every answer against the server's `OpenAPI` document.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::{self, Display, Formatter};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::Answer;

/// The document, with one change: clients must accept unknown fields in answers, the tests do not.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../src/api/openapi.json");
    let mut document: Value = serde_json::from_str(text).expect("JSON");
    let schemas = document["components"]["schemas"].as_object_mut();
    for schema in schemas.expect("schemas").values_mut() {
        if schema["properties"].is_object() {
            schema["additionalProperties"] = json!(false);
        }
    }
    document
});

/// Fails the test unless the document describes this answer: status, headers, content type and
/// the schema of the body.
pub fn check(method: &str, target: &str, answer: &Answer) {
    let context = Context {
        method,
        target,
        answer,
    };
    let response = response(method, target, answer.status);
    let response = response.unwrap_or_else(|| panic!("not documented: {context}"));
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        check_header(name, resolve(header), &context);
    }
    match response["content"].as_object().into_iter().flatten().next() {
        None => assert_eq!(answer.bytes, b"", "{context}"),
        Some((kind, content)) => {
            assert_eq!(answer.header("content-type"), kind, "{context}");
            if kind == "application/json" && method != "HEAD" && is_new(&content["schema"], answer)
            {
                check_value(&content["schema"], &body(answer), "the body", &context);
            }
        }
    }
}

/// Whether no such body has been checked yet: of one with a million entries, a check takes seconds.
fn is_new(schema: &Value, answer: &Answer) -> bool {
    static CHECKED: LazyLock<Mutex<HashSet<u64>>> = LazyLock::new(Mutex::default);
    let mut hasher = DefaultHasher::new();
    (schema, &answer.bytes).hash(&mut hasher);
    CHECKED
        .lock()
        .expect("no test fails in here")
        .insert(hasher.finish())
}

/// What is checked, for messages: written only then, since an answer may have a million entries.
struct Context<'a> {
    method: &'a str,
    target: &'a str,
    answer: &'a Answer,
}

impl Display for Context<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            target,
            answer,
        } = self;
        write!(f, "{method} {target}: {} {}", answer.status, answer.json)
    }
}

/// The documented response of an operation, or the shared one for a method that an address
/// does not allow or an address that does not exist.
fn response(method: &str, target: &str, status: u16) -> Option<&'static Value> {
    let shared = |name: &str| Some(&DOCUMENT["components"]["responses"][name]);
    let of_get = if method == "HEAD" { "GET" } else { method };
    let path = find(target);
    let operation = path.and_then(|path| DOCUMENT["paths"][path].get(of_get.to_lowercase()));
    match (path, operation, method, status) {
        (_, Some(operation), ..) => operation["responses"].get(status.to_string()).map(resolve),
        (_, _, "OPTIONS", 204) => shared("Preflight"),
        (Some(_), _, _, 405) => shared("MethodNotAllowed"),
        (None, _, _, 404) => shared("NotFound"),
        _ => None,
    }
}

/// The documented path that matches the target of a request, without its query.
pub fn find(target: &str) -> Option<&'static str> {
    let path = target.split('?').next().unwrap_or_default();
    let path = match path {
        "/" | "//" => path,
        _ => path.strip_suffix('/').unwrap_or(path),
    };
    let templates = DOCUMENT["paths"].as_object().expect("paths").keys();
    templates
        .map(String::as_str)
        .find(|template| matches(template, path))
}

fn matches(template: &str, path: &str) -> bool {
    let (mut words, mut segments) = (template.split('/'), path.split('/'));
    loop {
        match (words.next(), segments.next()) {
            (Some("{path}"), Some(first)) => return !first.is_empty() || segments.next().is_some(),
            (Some("{id}"), Some(_)) => {}
            (Some(word), Some(segment)) if word.eq_ignore_ascii_case(segment) => {}
            (words, segments) => return words.is_none() && segments.is_none(),
        }
    }
}

fn resolve(value: &'static Value) -> &'static Value {
    let reference = value["$ref"]
        .as_str()
        .and_then(|text| text.strip_prefix('#'));
    reference.map_or(value, |pointer| {
        DOCUMENT.pointer(pointer).expect("what is referred to")
    })
}

fn check_header(name: &str, header: &Value, context: &Context) {
    let required = header["required"] == true;
    let Some(text) = context.answer.headers.get(name) else {
        return assert!(!required, "no {name}: {context}");
    };
    let text = text.to_str().expect("ASCII");
    let number = text
        .parse()
        .ok()
        .filter(|_| header["schema"]["type"] != "string");
    check_value(
        &header["schema"],
        &number.unwrap_or(json!(text)),
        name,
        context,
    );
}

/// The JSON of the body, decompressed when the test asked for gzip.
fn body(answer: &Answer) -> Cow<'_, Value> {
    if answer.header("content-encoding") != "gzip" {
        return Cow::Borrowed(&answer.json);
    }
    let mut text = String::new();
    let mut unpacked = flate2::read::GzDecoder::new(&answer.bytes[..]);
    unpacked.read_to_string(&mut text).expect("gzip of text");
    Cow::Owned(serde_json::from_str(&text).expect("JSON"))
}

fn check_value(schema: &Value, value: &Value, what: &str, context: &Context) {
    let validator = validator(schema);
    if validator.is_valid(value) {
        return;
    }
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    panic!("{what}: {errors:#?} in {context}");
}

/// Compiles each schema of the document once.
fn validator(schema: &Value) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> =
        LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().expect("no test fails in here");
    let compile = || {
        let mut whole = schema.clone();
        // The references of the schema point there.
        whole["components"] = DOCUMENT["components"].clone();
        Arc::new(jsonschema::draft202012::new(&whole).expect("a schema"))
    };
    compiled
        .entry(schema.to_string())
        .or_insert_with(compile)
        .clone()
}
