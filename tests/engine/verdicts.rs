//! "Why 401?" and "Why was I signed out?", judged on what really happened: each situation is made over real sockets, and the
//! verdict on it is compared with the cause that the situation was made of.
//!
//! A verdict is right when it names that cause, wrong when it names another one, and "cannot tell" when it says so. None
//! may be wrong; where nobody could tell, saying so is what is right.

mod ends;
mod lab;
mod paths;
mod sessions;
mod times;
mod tokens;
mod typed;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::pin::Pin;

use sandglass_demo::{Act, Fault, Place};
use sandglass_engine::error::Result;
use sandglass_engine::exchange::draft::Draft;
use sandglass_engine::exchange::response::ResponseDetails;
use sandglass_engine::timeline::event::Fact;
use sandglass_engine::verdict::explanation::{Certainty, Explanation};
use sandglass_engine::verdict::{RULES, SIGN_OUT_RULES};
use serde_json::{Value, json};
use tests_engine::{JSON, World, json_session, quick};

/// What is made, and the verdict on it.
type Making = Pin<Box<dyn Future<Output = Explanation> + Send>>;
/// The cause, which is the rule that must find it, and how it is made.
type Situation = (&'static str, &'static str, fn() -> Making);

/// A row of a table: the words for a situation, the rule that must explain it, the function that makes it.
macro_rules! situations {
    ($($words:literal => $rule:literal by $made:expr;)*) => {
        &[$(($words, $rule, || Box::pin($made)),)*]
    };
}
pub(crate) use situations;

const UNKNOWN: [&str; 2] = ["refusal.unexplained", "out.refused"];
/// Rules that no demo can be brought to break: what they need does not happen over a socket on loopback, or not twice alike.
const UNTRIED: [&str; 2] = ["nonce.again", "out.process_ended"];

#[tokio::test]
async fn every_situation_is_explained_by_its_cause_or_honestly_not_at_all() {
    let tables = [
        times::TABLE,
        tokens::TABLE,
        typed::TABLE,
        paths::TABLE,
        sessions::TABLE,
        ends::TABLE,
        lab::TABLE,
    ];
    let (mut right, mut unknown, mut wrong) = (0, 0, Vec::new());
    let (mut tried, mut said) = (BTreeSet::new(), String::new());
    for (words, rule, make) in tables.concat() {
        let explanation = make().await;
        let finding = &explanation.finding;
        tried.insert(rule);
        let cannot_tell = finding.certainty == Certainty::Unknown;
        assert_eq!(
            cannot_tell,
            UNKNOWN.contains(&finding.rule_id.as_str()),
            "{words}: {finding:?}"
        );
        assert_eq!(
            cannot_tell,
            !explanation.would_tell.is_empty(),
            "{words}: what would tell is named where nothing does"
        );
        assert!(
            cannot_tell || !finding.evidence.is_empty() || finding.rule_id.starts_with("out."),
            "{words}: a verdict names what it rests on"
        );
        said += &format!(
            "{:<26} {:<9?} {words}\n",
            finding.rule_id, finding.certainty
        );
        match finding.rule_id == rule {
            true if cannot_tell => unknown += 1,
            true => right += 1,
            false => wrong.push(format!(
                "{words}: {rule} expected, and it said {explanation:#?}"
            )),
        }
    }
    let all = right + unknown + wrong.len();
    let told = right + wrong.len();
    said += &format!(
        "{all} situations: {right} of {told} verdicts right ({} %), {unknown} cannot be told ({} %)\n",
        right * 100 / told,
        unknown * 100 / all
    );
    std::io::stderr()
        .write_all(said.as_bytes())
        .expect("stderr");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all >= 80, "{all} situations");
    let rules: BTreeSet<_> = RULES.iter().chain(SIGN_OUT_RULES).copied().collect();
    let untried: Vec<_> = rules.difference(&tried).copied().collect();
    assert_eq!(untried, UNTRIED, "every other rule is tried");
}

/// A world signed in on a quick demo.
async fn world() -> World {
    World::signed_in(JSON).await
}

/// A world whose session reads the lifetime where there is none: only the token's own `exp` tells.
async fn world_by_claims() -> World {
    let tables = "[reply]\nexpires_in = \"/nothing\"\n";
    World::with_session(quick(), &json_session(&["ORIGIN"], "", tables)).await
}

/// Signs in, and tells the demo what its tokens say from now on.
async fn claiming(world: &World, claims: Value) {
    let act = Act::Claims(claims.as_object().expect("an object").clone());
    world
        .demo
        .faults()
        .set(Place::Login, Fault::always(act.clone()));
    world.demo.faults().set(Place::Refresh, Fault::always(act));
    world.sign_in(JSON).await.expect("signed in");
}

/// The API gives no reasons from now on.
fn silence(world: &World) {
    world
        .demo
        .faults()
        .set(Place::Api, Fault::always(Act::Silent));
}

/// The API answers this from now on.
fn replying(world: &World, status: u16, headers: &[(&str, &str)], body: &str) {
    let act = reply(status, headers, body);
    world.demo.faults().set(Place::Api, Fault::always(act));
}

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Act {
    Act::Reply {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| (ToString::to_string(name), ToString::to_string(value)))
            .collect(),
        body: body.to_owned(),
    }
}

/// The token endpoint is busy: no refresh gets through.
fn busy(world: &World) {
    let act = Act::Status {
        code: 503,
        retry_after_s: None,
    };
    world.demo.faults().set(Place::Refresh, Fault::always(act));
}

/// The token endpoint answers this from now on.
fn refusing(world: &World, code: u16, body: Value) {
    let act = Act::Answer { code, body };
    world.demo.faults().set(Place::Refresh, Fault::always(act));
}

/// Sends the orders, and asks why that ended as it did.
async fn why(world: &World) -> Explanation {
    why_of(world, world.get("/orders", JSON)).await
}

async fn why_of(world: &World, draft: Draft) -> Explanation {
    // How it ends is what is asked next.
    let _: Result<_> = world.send(draft).await;
    why_last(world)
}

/// Why the last send that was accepted ended as it did.
fn why_last(world: &World) -> Explanation {
    let events = world.events();
    let last = events
        .iter()
        .rev()
        .find(|event| matches!(event.fact, Fact::RequestQueued { .. }))
        .and_then(|event| event.subject.request)
        .expect("something was sent");
    explained(world, last)
}

fn explained(world: &World, request: u64) -> Explanation {
    let run = world.engine.timeline().run();
    world
        .engine
        .explain_request(run, request)
        .expect("it is in the timeline")
}

/// A draft with these headers.
fn with(world: &World, headers: &[(&str, &str)]) -> Draft {
    Draft {
        headers: headers
            .iter()
            .map(|(name, value)| (ToString::to_string(name), ToString::to_string(value)))
            .collect(),
        ..world.get("/orders", JSON)
    }
}

/// The explanation of a send is the same after a restart, when only the database knows of it.
#[tokio::test]
async fn an_earlier_run_is_explained_like_this_one() {
    let mut world = world().await;
    world.demo.expire_all();
    let response: ResponseDetails = ResponseDetails::clone(&*world.orders(JSON).await);
    let (run, before) = (
        world.engine.timeline().run(),
        explained(&world, response.request),
    );
    world.restart().await;
    let after = world
        .engine
        .explain_request(run, response.request)
        .expect("it is on the disk");
    assert_eq!(
        (&before.finding, &before.course),
        (&after.finding, &after.course)
    );
    assert_eq!(before.finding.rule_id, "token.expired_early");
    assert!(world.engine.explain_request(run, 4_711).is_none());
    assert!(world.engine.explain_sign_out("nobody").is_err());
}

/// N23 and N25: an explanation repeats no token, whatever a server repeats.
#[tokio::test]
async fn an_explanation_holds_no_secret() {
    let world = world().await;
    let token = "canary-of-a-token-that-is-typed";
    let words = format!("Bearer error=\"invalid_token\", error_description=\"{token} expired\"");
    replying(
        &world,
        401,
        &[("WWW-Authenticate", &words), ("Server", "x")],
        "",
    );
    let draft = with(&world, &[("Authorization", &format!("Bearer {token}"))]);
    let explanation = why_of(&world, draft).await;
    let told = json!({ "explanation": explanation, "events": world.events().iter().map(|event| (**event).clone()).collect::<Vec<_>>() });
    assert_eq!(explanation.finding.rule_id, "typed.instead");
    let headers = told.to_string();
    assert!(
        !headers
            .replace(&format!("{token} expired"), "")
            .contains(token),
        "what was typed is nowhere but in the server's own words"
    );
}
