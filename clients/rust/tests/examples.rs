//! Every example of the OpenRPC document, read into its types and written again.

use ocr_sidecar::each_request;
use ocr_sidecar::protocol::{Notification, PageStateName, Request};
use serde::{de::DeserializeOwned, Serialize};
use serde_json::{json, Map, Value};

fn document() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/openrpc.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter();
    found.into_iter().find(|each| each["name"] == name).unwrap()
}

fn params_of(example: &Value) -> Value {
    let params = example["params"].as_array().unwrap().iter();
    params
        .map(|each| {
            (
                each["name"].as_str().unwrap().to_owned(),
                each["value"].clone(),
            )
        })
        .collect::<Map<_, _>>()
        .into()
}

/// Members that are null count as absent, and 1 is 1.0.
fn normal(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name.clone(), normal(member)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

fn round_trip<T: Serialize + DeserializeOwned>(value: &Value, of: &str) {
    let typed: T =
        serde_json::from_value(value.clone()).unwrap_or_else(|why| panic!("{of}: {why}"));
    let again = serde_json::to_value(typed).unwrap();
    assert_eq!(normal(&again), normal(value), "{of}");
}

fn check<R: Request>(document: &Value) {
    let examples = &named(&document["methods"], R::METHOD)["examples"];
    for example in examples.as_array().unwrap() {
        round_trip::<R::Params>(&params_of(example), R::METHOD);
        round_trip::<R::Result>(&example["result"]["value"], R::METHOD);
    }
}

#[test]
fn the_examples_of_requests_are_of_their_types() {
    let document = document();
    let mut n_checked = 0;
    macro_rules! visit {
        ($request:ty) => {
            check::<$request>(&document);
            n_checked += 1;
        };
    }
    each_request!(visit);
    assert_eq!(n_checked, document["methods"].as_array().unwrap().len());
}

#[test]
fn the_examples_of_notifications_are_of_their_types() {
    for told in document()["x-notifications"].as_array().unwrap() {
        for example in told["examples"].as_array().unwrap() {
            let message = json!({"method": told["name"], "params": params_of(example)});
            let known: Notification = serde_json::from_value(message.clone()).unwrap();
            assert!(
                !matches!(known, Notification::Unknown(_)),
                "{}",
                told["name"]
            );
            round_trip::<Notification>(&message, told["name"].as_str().unwrap());
        }
    }
}

#[test]
fn what_a_newer_daemon_says_is_no_error() {
    let word: PageStateName = serde_json::from_value(json!("straightened")).unwrap();
    assert_eq!(word, PageStateName::Unknown("straightened".to_owned()));
    round_trip::<Notification>(
        &json!({"method": "job/gossip", "params": {"seq": 1}}),
        "gossip",
    );

    let mut message = json!({"method": "log/message", "params": {"seq": 1, "level": "info",
        "message": "hello", "colour": "red"}});
    assert!(serde_json::from_value::<Notification>(message.clone()).is_ok());
    message["params"]["seq"] = json!("first");
    assert!(serde_json::from_value::<Notification>(message).is_err());
}
