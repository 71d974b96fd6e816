//! What happens to a body when its token is refused: it goes out again as it was, or it is said why not.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use sandglass_demo::{Act, Fault, Place};
use sandglass_engine::error::Code;
use sandglass_engine::exchange::body::{Body, OneShot, Part};
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::exchange::response::ResponseDetails;
use sandglass_engine::timeline::event::{BodyClass, Fact, Need, Unrepeatable};
use tests_engine::{HandClock, JSON, PATIENCE, World, failed};

use crate::recorder::{Recorder, Reply};
use crate::storm::holds_its_guarantees;

const REFUSED: &str = "401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"invalid_token\"";
const FINE: &str = "200 OK";

/// A world whose session may send its token to the recorder as well, signed in.
pub(crate) async fn world_for(recorder: &Recorder) -> World {
    let mut world = World::new().await;
    let file = world.folder.path().join("workspace/sessions/demo.toml");
    let text = std::fs::read_to_string(&file).expect("the session's file");
    let origins = format!("origins = [\"{}\", ", recorder.origin());
    std::fs::write(&file, text.replace("origins = [", &origins)).expect("written");
    world.restart().await;
    world.sign_in(JSON).await.expect("the demo knows its user");
    world
}

fn draft(recorder: &Recorder, method: &str, body: Option<Body>) -> Draft {
    Draft {
        method: method.to_owned(),
        url: format!("{}/upload", recorder.origin()),
        headers: Vec::new(),
        body,
        session: Some(JSON.to_owned()),
        allow_without_token: false,
        follow_redirects: true,
        time_limit_ms: None,
    }
}

/// Text that does not repeat itself in step with anything.
fn text(bytes: usize) -> String {
    (0..bytes)
        .map(|index| char::from(b'a' + u8::try_from(index * index / 7 % 26).expect("a letter")))
        .collect()
}

fn file(world: &World, content: &str) -> PathBuf {
    let path = world.folder.path().join("upload.bin");
    std::fs::write(&path, content).expect("written");
    path
}

fn file_body(path: &std::path::Path) -> Body {
    Body::File {
        path: path.to_owned(),
        media_type: Some("application/x-upload".to_owned()),
    }
}

/// The rule of the last event that names one.
fn last_rule(world: &World) -> String {
    world
        .events()
        .iter()
        .rev()
        .find_map(|event| match &event.fact {
            Fact::RetryDecided { rule_id, .. } | Fact::AttemptFailed { rule_id, .. } => {
                Some(rule_id.clone())
            }
            _ => None,
        })
        .expect("a rule decided")
}

fn unrepeatable(world: &World) -> Vec<Unrepeatable> {
    world
        .events()
        .iter()
        .filter_map(|event| match event.fact {
            Fact::NotReplayable { reason } => Some(reason),
            _ => None,
        })
        .collect()
}

/// Scenario 96.
#[tokio::test]
async fn a_refused_body_is_repeated_byte_for_byte() {
    let large = text(5 * 1024 * 1024);
    let small = text(70_000);
    for (class, wire) in [
        (BodyClass::Memory, Some(large.as_str())),
        (BodyClass::Files, Some(small.as_str())),
        (BodyClass::Files, None),
    ] {
        let recorder = Recorder::start([Reply::Lines(REFUSED), Reply::Lines(FINE)]);
        let world = world_for(&recorder).await;
        let path = file(&world, &small);
        let body = match (class, wire) {
            (BodyClass::Memory, _) => Body::Text(large.clone()),
            (_, Some(_)) => file_body(&path),
            (_, None) => Body::Multipart {
                parts: vec![
                    Part::Text {
                        name: "note".to_owned(),
                        text: "with it".to_owned(),
                    },
                    Part::File {
                        name: "upload".to_owned(),
                        path,
                        file_name: None,
                        media_type: None,
                    },
                ],
            },
        };
        let headers = vec![("Idempotency-Key".to_owned(), "order-17".to_owned())];
        let response = world
            .send(Draft {
                headers,
                ..draft(&recorder, "POST", Some(body))
            })
            .await
            .expect("an answer");
        assert_eq!((response.status, response.attempts), (200, 2));
        let requests = recorder.requests();
        let [first, second] = requests.as_slice() else {
            panic!("two attempts: {}", requests.len());
        };
        assert_eq!(
            (first.method.as_str(), second.method.as_str()),
            ("POST", "POST")
        );
        assert!(first.body == second.body, "{class:?}: the same bytes");
        if let Some(wire) = wire {
            assert!(first.body == wire.as_bytes(), "{class:?}: as written");
        } else {
            let form = String::from_utf8(first.body.clone()).expect("text parts");
            assert!(form.contains(&small) && form.contains("name=\"note\"\r\n\r\nwith it\r\n"));
        }
        for header in ["idempotency-key", "content-type", "content-length"] {
            assert_eq!(first.header(header), second.header(header), "{class:?}");
        }
        assert_eq!(second.header("idempotency-key"), Some("order-17"));
        assert_ne!(
            first.header("authorization"),
            second.header("authorization")
        );
        let sent: Vec<_> = world
            .events()
            .iter()
            .filter_map(|event| match event.fact {
                Fact::BodySent {
                    class,
                    bytes,
                    whole,
                } => Some((class, bytes, whole)),
                _ => None,
            })
            .collect();
        assert_eq!(sent, [(class, first.body.len() as u64, true); 2]);
        holds_its_guarantees(&world.events());
    }
}

/// Scenario 97.
#[tokio::test]
async fn a_stream_is_not_repeated_but_the_session_is_refreshed_for_the_next_one() {
    for bytes in [None, Some(12)] {
        let recorder = Recorder::start([Reply::Lines(REFUSED), Reply::Lines(FINE)]);
        let world = world_for(&recorder).await;
        let content: &[u8] = b"only once ok";
        let body = match bytes {
            None => OneShot::new(content),
            Some(bytes) => OneShot::with_length(content, bytes),
        };
        let response = send_stream(&world, draft(&recorder, "POST", None), body).await;
        assert_eq!((response.status, response.attempts), (401, 1));
        assert_eq!(
            response.not_repeated.as_ref().map(|failure| failure.code),
            Some(Code::BodySpent)
        );
        assert_eq!(unrepeatable(&world), [Unrepeatable::OneShot]);
        assert_eq!(last_rule(&world), "body.one_shot");
        assert_eq!(
            world.session(JSON).generation,
            Some(2),
            "refreshed for the future"
        );
        let next = world.send(draft(&recorder, "GET", None)).await;
        assert_eq!(next.expect("an answer").status, 200);
        let requests = recorder.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].body, content);
        assert_eq!(requests[0].header("content-length"), bytes.map(|_| "12"));
        holds_its_guarantees(&world.events());
    }
}

async fn send_stream(world: &World, draft: Draft, body: OneShot) -> Arc<ResponseDetails> {
    let sending = world.engine.send_stream(draft, body).expect("accepted");
    tokio::time::timeout(PATIENCE, sending.finished())
        .await
        .expect("a send ends")
        .expect("an answer")
}

/// Scenario 98.
#[tokio::test]
async fn a_file_that_changed_is_not_sent_again() {
    type Change = fn(&std::path::Path, SystemTime);
    let longer: Change = |path, _| std::fs::write(path, text(80_000)).expect("written");
    let other_time: Change = |path, time| {
        let later = time + Duration::from_secs(5);
        let file = std::fs::File::options()
            .append(true)
            .open(path)
            .expect("it is there");
        file.set_modified(later).expect("its time is ours");
    };
    let other_content: Change = |path, time| {
        std::fs::write(path, "b".repeat(70_000)).expect("written");
        let file = std::fs::File::options()
            .append(true)
            .open(path)
            .expect("it is there");
        file.set_modified(time).expect("its time is ours");
    };
    let gone: Change = |path, _| std::fs::remove_file(path).expect("it was there");
    for (change, reason, code, rule) in [
        (
            longer,
            Unrepeatable::FileChanged,
            Code::BodyChanged,
            "body.file_changed",
        ),
        (
            other_time,
            Unrepeatable::FileChanged,
            Code::BodyChanged,
            "body.file_changed",
        ),
        (
            other_content,
            Unrepeatable::FileChanged,
            Code::BodyChanged,
            "body.file_changed",
        ),
        (
            gone,
            Unrepeatable::FileUnreadable,
            Code::BodyUnreadable,
            "body.file_unreadable",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("upload.bin");
        std::fs::write(&path, text(70_000)).expect("written");
        let time = std::fs::metadata(&path)
            .and_then(|about| about.modified())
            .expect("files have times");
        let act = {
            let path = path.clone();
            Box::new(move || change(&path, time))
        };
        let recorder = Recorder::start([Reply::After(act, REFUSED)]);
        let world = world_for(&recorder).await;
        let response = world
            .send(draft(&recorder, "PUT", Some(file_body(&path))))
            .await
            .expect("the 401");
        assert_eq!((response.status, response.attempts), (401, 1));
        let failure = response.not_repeated.as_ref().expect("a reason");
        assert_eq!(failure.code, code);
        assert_eq!(failure.params["path"], path.display().to_string());
        assert_eq!(unrepeatable(&world), [reason]);
        assert_eq!(last_rule(&world), rule);
        assert_eq!(world.session(JSON).generation, Some(2));
        assert_eq!(recorder.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_before_anything_is_sent() {
    let recorder = Recorder::start([]);
    let world = world_for(&recorder).await;
    for path in [
        world.folder.path().join("nowhere"),
        world.folder.path().to_owned(),
    ] {
        let failure = failed(
            world
                .send(draft(&recorder, "PUT", Some(file_body(&path))))
                .await,
        );
        assert_eq!(failure.code, Code::BodyUnreadable);
        assert_eq!(failure.params["path"], path.display().to_string());
    }
    assert_eq!(world.count("LeaseTaken"), 0);
    assert_eq!(world.count("RequestFinished"), 2);
    holds_its_guarantees(&world.events());
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_not_blamed_on_the_server() {
    let recorder = Recorder::start([]);
    let world = world_for(&recorder).await;
    let body = OneShot::with_length(&b"short"[..], 10);
    let sending = world
        .engine
        .send_stream(draft(&recorder, "POST", None), body)
        .expect("accepted");
    let failure = failed(sending.finished().await);
    assert_eq!(failure.code, Code::BodyBroken, "{failure}");
    assert_eq!(
        failure.params["detail"],
        "it ended 5 bytes before the announced length"
    );
}

/// Scenario 99: a token that would die on the way is renewed before a large body, not after it.
#[tokio::test]
async fn a_large_body_leaves_only_with_a_token_that_outlives_it() {
    let recorder = Recorder::start([Reply::Lines(FINE), Reply::Lines(FINE), Reply::Lines(FINE)]);
    let world = world_for(&recorder).await;
    world.clock.advance(Duration::from_secs(40));
    let body = Body::Text(text(1024 * 1024));
    let upload = draft(&recorder, "POST", Some(body));
    for (draft, generation) in [
        (
            draft(&recorder, "POST", Some(Body::Text("small".to_owned()))),
            1,
        ),
        (upload.clone(), 2),
        (upload, 2),
    ] {
        let response = world.send(draft).await.expect("an answer");
        assert_eq!((response.status, response.attempts), (200, 1));
        assert_eq!(world.session(JSON).generation, Some(generation));
    }
    let needs: Vec<_> = world
        .events()
        .iter()
        .filter_map(|event| match event.fact {
            Fact::FlightStarted { need } => Some(need),
            _ => None,
        })
        .collect();
    assert_eq!(needs, [Need::Expiry]);
    holds_its_guarantees(&world.events());
}

/// Scenario 99: the local clock alone never keeps a request back.
#[tokio::test]
async fn where_no_fresher_token_can_be_had_the_server_judges_the_old_one() {
    let recorder = Recorder::start([Reply::Lines(FINE)]);
    let world = world_for(&recorder).await;
    let busy = Act::Status {
        code: 503,
        retry_after_s: None,
    };
    world.demo.faults().set(Place::Refresh, Fault::always(busy));
    world.clock.advance(Duration::from_secs(61));
    let body = OneShot::new(&b"once"[..]);
    let response = send_stream(&world, draft(&recorder, "POST", None), body).await;
    assert_eq!((response.status, response.attempts), (200, 1));
    assert_eq!(world.count("FlightStarted"), 1);
}

/// Scenario 99: a refusal in the middle of an upload may show as a broken connection only.
#[tokio::test]
async fn a_connection_lost_under_an_expired_token_is_taken_for_its_refusal() {
    for (method, bytes, rule) in [
        ("POST", 8 * 1024 * 1024, "lost.refused_while_uploading"),
        ("PUT", 10, "lost.repeatable_with_old_token"),
    ] {
        let clock = Arc::new(OnceLock::<Arc<HandClock>>::new());
        let expire = {
            let clock = Arc::clone(&clock);
            move || {
                let clock = clock.get().expect("the world is there");
                clock.advance(Duration::from_secs(61));
            }
        };
        let large = bytes > 10;
        let reset = if large {
            Reply::ResetEarly(Box::new(expire.clone()))
        } else {
            Reply::Reset
        };
        let recorder = Recorder::start([reset, Reply::Lines(FINE)]);
        let world = world_for(&recorder).await;
        clock.get_or_init(|| Arc::clone(&world.clock));
        if !large {
            expire();
        }
        let content = text(bytes);
        let body = Body::Text(content.clone());
        let response = world
            .send(draft(&recorder, method, Some(body)))
            .await
            .expect("an answer");
        assert_eq!((response.status, response.attempts), (200, 2));
        let told = world
            .until(|event| matches!(event.fact, Fact::AttemptFailed { .. }))
            .await;
        assert!(
            matches!(&told.fact, Fact::AttemptFailed { rule_id, .. } if rule_id == rule),
            "{told:?}"
        );
        assert!(recorder.requests()[1].body == content.as_bytes());
        assert_eq!(world.session(JSON).generation, Some(2));
        holds_its_guarantees(&world.events());
    }
}

/// Scenario 99: a stream is not repeated after that either.
#[tokio::test]
async fn a_stream_whose_connection_was_lost_ends_with_that_error() {
    let recorder = Recorder::start([Reply::Reset]);
    let world = world_for(&recorder).await;
    let busy = Act::Status {
        code: 503,
        retry_after_s: None,
    };
    world.demo.faults().set(Place::Refresh, Fault::once(busy));
    world.clock.advance(Duration::from_secs(61));
    let body = OneShot::with_length(&b"once"[..], 4);
    let sending = world
        .engine
        .send_stream(draft(&recorder, "PUT", None), body)
        .expect("accepted");
    let failure = failed(sending.finished().await);
    assert_eq!(failure.code, Code::ConnectionLost, "{failure}");
    assert_eq!(recorder.requests().len(), 1);
    holds_its_guarantees(&world.events());
}

/// Scenario 100: there is no cookie jar, so what the draft carries is what each attempt carries.
#[tokio::test]
async fn a_cookie_set_by_a_refusal_is_not_sent_with_the_repetition() {
    let recorder = Recorder::start([
        Reply::Lines("401 Unauthorized\r\nSet-Cookie: visit=7; Path=/"),
        Reply::Lines(FINE),
    ]);
    let world = world_for(&recorder).await;
    let headers = vec![("Cookie".to_owned(), "mine=1".to_owned())];
    let response = world
        .send(Draft {
            headers,
            ..draft(&recorder, "GET", None)
        })
        .await
        .expect("an answer");
    assert_eq!((response.status, response.attempts), (200, 2));
    let cookies: Vec<_> = recorder
        .requests()
        .iter()
        .map(|request| request.header("cookie").map(str::to_owned))
        .collect();
    assert_eq!(
        cookies,
        [Some("mine=1".to_owned()), Some("mine=1".to_owned())]
    );
}

/// Scenario 101.
#[tokio::test]
async fn what_the_repetition_is_answered_is_final() {
    for (status, line) in [(409, "409 Conflict"), (500, "500 Oops"), (401, REFUSED)] {
        let recorder = Recorder::start([Reply::Lines(REFUSED), Reply::Lines(line)]);
        let world = world_for(&recorder).await;
        let body = Body::Text("{}".to_owned());
        let response = world
            .send(draft(&recorder, "POST", Some(body)))
            .await
            .expect("an answer");
        assert_eq!((response.status, response.attempts), (status, 2));
        assert_eq!(recorder.requests().len(), 2, "no third try");
    }
}

/// Scenario 102: a 401 means that it was not applied; a broken connection means nothing.
#[tokio::test]
async fn a_post_is_repeated_after_a_refusal_and_never_after_a_lost_connection() {
    let body = || Some(Body::Text("{\"pay\": 100}".to_owned()));
    let recorder = Recorder::start([Reply::Lines(REFUSED), Reply::Lines(FINE), Reply::Reset]);
    let world = world_for(&recorder).await;
    let response = world.send(draft(&recorder, "POST", body())).await;
    assert_eq!(response.expect("an answer").attempts, 2);
    let failure = failed(world.send(draft(&recorder, "POST", body())).await);
    assert_eq!(failure.code, Code::ConnectionLost);
    assert_eq!(last_rule(&world), "lost.not_explained");
    assert_eq!(recorder.requests().len(), 3);
    assert_eq!(
        world.session(JSON).generation,
        Some(2),
        "and nothing was refreshed for it"
    );

    // Not even where the token had expired by our clock: it may be our clock that is wrong.
    let recorder = Recorder::start([Reply::Reset]);
    let world = world_for(&recorder).await;
    world.clock.advance(Duration::from_secs(61));
    let failure = failed(world.send(draft(&recorder, "POST", body())).await);
    assert_eq!(failure.code, Code::ConnectionLost);
    assert_eq!(last_rule(&world), "lost.may_have_been_applied");
    assert_eq!(recorder.requests().len(), 1);

    // A request without a body that is lost is not blamed on its token.
    let recorder = Recorder::start([Reply::Reset]);
    let world = world_for(&recorder).await;
    world.clock.advance(Duration::from_secs(61));
    let failure = failed(world.send(draft(&recorder, "GET", None)).await);
    assert_eq!(failure.code, Code::ConnectionLost);
    assert_eq!(last_rule(&world), "lost.no_upload");
}
