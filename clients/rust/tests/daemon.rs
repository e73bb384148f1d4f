//! The client and the real daemon.

#[allow(dead_code, reason = "each file of tests uses a part")]
mod common;

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use common::{launch, ocr, options, sample, wait_for_notification, Complaints, WAIT};
use ocr_sidecar::protocol::requests::{
    DocumentInfo, JobCancel, JobList, JobResult, JobStatus, OcrStart, OcrStartBatch, Ping,
};
use ocr_sidecar::protocol::{
    Capabilities, DocumentInfoParams, DocumentParams, ErrorKindName, InlineName, JobListParams,
    JobParams, JobResultParams, JobStateName, NoParams, Notification, OcrOptions,
    OcrStartBatchParams,
};
use ocr_sidecar::{Client, Error, Events, Exit, NoEvent};

const LEFT: Exit = Exit {
    code: Some(0),
    signal: None,
};

fn info(document: DocumentParams) -> DocumentInfoParams {
    DocumentInfoParams {
        document,
        include_pages: Some(true),
    }
}

/// The texts of the pages up to the terminal notification, and its state.
fn run(events: &Events) -> (Vec<String>, String) {
    let mut texts = Vec::new();
    let state = wait_for_notification(events, |notification| match notification {
        Notification::JobPage(told) => {
            let page = told.params;
            assert!(page.error.is_none(), "{page:?}");
            texts.push(page.text.unwrap_or_default());
            None
        }
        Notification::JobResult(told) => Some(format!("{:?}", told.params.state)),
        Notification::JobError(told) => Some(format!("{:?}", told.params.state)),
        _ => None,
    });
    (texts, state)
}

#[test]
fn a_daemon_says_who_it_is_watches_this_process_and_leaves_when_told_to() {
    let (client, events) = Client::spawn(&launch("{}")).unwrap();
    assert_eq!(client.server().server.name, "ocr-sidecar");
    assert!(client.server().host_watched);
    client.request::<Ping>(NoParams {}).unwrap();

    assert_eq!(client.shutdown(WAIT), LEFT);
    assert_eq!(events.recv_timeout(WAIT).unwrap_err(), NoEvent::Over);
    let after = client.request::<Ping>(NoParams {}).unwrap_err();
    assert!(matches!(after, Error::Gone));
}

#[test]
fn a_document_is_described_and_a_missing_one_is_an_error_of_its_kind() {
    let (client, _events) = Client::spawn(&launch("{}")).unwrap();
    let found = client.request::<DocumentInfo>(info(sample())).unwrap();
    assert_eq!(found.page_count, 3);
    assert_eq!(found.pages.unwrap().len(), 3);

    let lost = DocumentParams {
        path: Some(std::env::temp_dir().join("lost.pdf").display().to_string()),
        ..DocumentParams::default()
    };
    let why = client.request::<DocumentInfo>(info(lost)).unwrap_err();
    assert_eq!(why.kind(), Some(&ErrorKindName::DocumentNotFound));
    assert!(!why.is_retryable());
}

#[test]
fn a_job_tells_its_pages_and_one_end() {
    let (client, events) = Client::spawn(&launch(r#"{"text": "hello world"}"#)).unwrap();
    client.request::<OcrStart>(ocr(sample())).unwrap();
    assert_eq!(
        run(&events),
        (vec!["hello world".to_owned(); 3], "Succeeded".to_owned())
    );
}

#[test]
fn what_no_line_has_room_for_is_read_from_its_file() {
    let text = "word ".repeat(2000).trim_end().to_owned();
    let launch = launch(&format!(r#"{{"text": "{text}"}}"#)).capabilities(Capabilities {
        max_line_bytes: Some(4096),
        ..Capabilities::default()
    });
    let (client, events) = Client::spawn(&launch).unwrap();
    let _complaints = Complaints(&client);
    let job = client
        .request::<OcrStartBatch>(OcrStartBatchParams {
            documents: vec![sample(); 4],
            output_dir: None,
            outputs: None,
            options: Some(OcrOptions {
                inline: Some(InlineName::Words),
                ..options().unwrap()
            }),
        })
        .unwrap();

    let (texts, state) = run(&events);
    assert_eq!(state, "Succeeded");
    assert_eq!(texts.len(), 12);
    for told in texts {
        assert_eq!(told, text);
    }
    let params = JobResultParams {
        job_id: job.job_id,
        document: None,
        pages: None,
    };
    let result = client.request::<JobResult>(params).unwrap();
    assert_eq!(result.pages.len(), 12);
    assert_eq!(result.pages[11].words.as_ref().unwrap().len(), 2000);
    assert_eq!(result.terminal.unwrap().successful.len(), 4);
}

#[test]
fn a_job_is_cancelled() {
    let (client, events) = Client::spawn(&launch(r#"{"seconds": 60}"#)).unwrap();
    let job_id = client.request::<OcrStart>(ocr(sample())).unwrap().job_id;
    let answer = client.request::<JobCancel>(JobParams { job_id }).unwrap();
    assert_eq!(answer.state, JobStateName::Cancelled);
    assert_eq!(run(&events).1, "Cancelled");
}

#[test]
fn a_consumer_that_starts_again_in_mid_job_is_told_what_it_has_missed() {
    let (client, events) = Client::spawn(&launch(r#"{"seconds": 0.2}"#)).unwrap();
    client.request::<OcrStart>(ocr(sample())).unwrap();
    // This page is told to a consumer that is no more.
    let missed = wait_for_notification(&events, |notification| match notification {
        Notification::JobPage(told) => Some(told.params.page),
        _ => None,
    });
    client.replay(0).unwrap();
    let (mut pages, mut again) = (BTreeSet::new(), BTreeSet::new());
    wait_for_notification(&events, |notification| match notification {
        Notification::JobPage(told) => {
            if told.numbered.replayed == Some(true) {
                again.insert(told.params.page);
            }
            pages.insert(told.params.page);
            None
        }
        Notification::JobResult(_) => Some(()),
        _ => None,
    });
    assert_eq!(pages, BTreeSet::from([1, 2, 3]));
    assert!(again.contains(&missed));
}

#[test]
fn requests_of_many_threads_find_their_answers_while_a_job_runs() {
    let (client, events) = Client::spawn(&launch(r#"{"seconds": 0.2}"#)).unwrap();
    let job_id = client.request::<OcrStart>(ocr(sample())).unwrap().job_id;
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let (client, job_id) = (client.clone(), job_id.clone());
            thread::spawn(move || {
                for _ in 0..25 {
                    if number % 4 == 0 {
                        let found = client.request::<DocumentInfo>(info(sample())).unwrap();
                        assert_eq!(found.page_count, 3);
                    } else {
                        let job_id = job_id.clone();
                        let params = JobParams {
                            job_id: job_id.clone(),
                        };
                        let status = client.request::<JobStatus>(params).unwrap();
                        assert_eq!(status.job_id, job_id);
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(run(&events).1, "Succeeded");
}

#[test]
fn a_job_that_was_accepted_too_late_is_cancelled() {
    let (client, events) = Client::spawn(&launch(r#"{"seconds": 60}"#)).unwrap();
    let late = client.request_within::<OcrStart>(ocr(sample()), Duration::ZERO);
    assert!(matches!(late, Err(Error::Timeout(_))));
    // Either it never began, or it ends cancelled.
    client.request::<Ping>(NoParams {}).unwrap();
    if !client
        .request::<JobList>(JobListParams::default())
        .unwrap()
        .jobs
        .is_empty()
    {
        assert_eq!(run(&events).1, "Cancelled");
    }
}
