//! Ten ways for a connection to go wrong, in three places, twenty times each: no session is lost, nothing hangs, and
//! nothing that went wrong is called a success.

use std::time::{Duration, Instant};

use sandglass_demo::{DEMO_PASSWORD, DEMO_USER, Reuse, Settings};
use sandglass_engine::engine::ApiLimits;
use sandglass_engine::error::{Code, Failure};
use sandglass_engine::session::credentials::Credentials;
use sandglass_engine::timeline::event::StateName;
use tests_engine::proxy::{Mode, Proxy};
use tests_engine::{PATIENCE, WireLimits, World, quick};

/// Sessions that meet the same fault at the same time.
const TRIALS: usize = 20;
/// Nothing may take longer than this, limits and the one replay included.
const HANG: Duration = Duration::from_secs(40);
/// How long the server forgives a refresh token that was used twice: longer than any test.
const GRACE: Duration = Duration::from_secs(600);
/// The limits while nothing is wrong: whatever a busy machine needs.
const PATIENT: WireLimits = WireLimits {
    waiter: PATIENCE,
    browser: PATIENCE,
    token_exchange: Duration::from_secs(30),
    api: ApiLimits {
        connect: Duration::from_secs(30),
        idle: Duration::from_secs(30),
    },
};

/// The limits while an API fails: what comes in the end gets its time, what never comes does not.
fn api_limits(mode: Mode) -> WireLimits {
    let idle = match mode {
        Mode::Dribble => PATIENT.api.idle,
        // Less than the pauses between its bytes.
        Mode::Slow => Duration::from_millis(600),
        _ => Duration::from_secs(2),
    };
    WireLimits {
        api: ApiLimits {
            idle,
            ..PATIENT.api
        },
        ..PATIENT
    }
}

/// The limits while a token endpoint fails.
fn token_limits(mode: Mode) -> WireLimits {
    match mode {
        Mode::Dribble => PATIENT,
        _ => WireLimits {
            token_exchange: Duration::from_secs(2),
            ..PATIENT
        },
    }
}

/// One demo behind three proxies, and as many sessions as there are trials.
struct Faulty {
    world: World,
    sign_in: Proxy,
    refresh: Proxy,
    api: Proxy,
}

fn name(trial: usize) -> String {
    format!("trial-{trial}")
}

impl Faulty {
    async fn new() -> Self {
        let mut world = World::with(Settings {
            reuse: Reuse::Grace(GRACE),
            ..quick()
        })
        .await;
        let host = world.demo.origin().trim_start_matches("http://").to_owned();
        let server = host.parse().expect("the demo listens on an address");
        let start = || Proxy::start(server);
        let proxies = (start().await, start().await, start().await);
        let faulty = |proxy: std::io::Result<Proxy>| proxy.expect("loopback has free ports");
        let (sign_in, refresh, api) = (faulty(proxies.0), faulty(proxies.1), faulty(proxies.2));
        for trial in 0..TRIALS {
            let file = format!(
                "kind = \"json\"\norigins = [\"{}\"]\n\n[sign_in]\nurl = \"{}/auth/login\"\nbody = '{{\"username\": \"{{{{username}}}}\", \"password\": \"{{{{password}}}}\"}}'\n\n[refresh]\nurl = \"{}/auth/refresh\"\nbody = '{{\"refreshToken\": \"{{{{refresh_token}}}}\"}}'\n",
                api.origin(),
                sign_in.origin(),
                refresh.origin(),
            );
            let path = format!("workspace/sessions/{}.toml", name(trial));
            std::fs::write(world.folder.path().join(path), file).expect("written");
        }
        world.limits = PATIENT;
        world.restart().await;
        Self {
            world,
            sign_in,
            refresh,
            api,
        }
    }

    /// Starts the engine again, with these limits.
    async fn restart(&mut self, limits: WireLimits) {
        self.world.limits = limits;
        self.world.restart().await;
    }

    async fn signed_in() -> Self {
        let faulty = Self::new().await;
        for result in faulty.each(Faulty::enter).await {
            result.expect("the demo knows its user");
        }
        faulty
    }

    fn enter(&self, trial: usize) -> impl Future<Output = Result<(), Failure>> + Send + use<> {
        let engine = self.world.engine.clone();
        let credentials = Credentials::password(DEMO_USER, DEMO_PASSWORD);
        async move { engine.sign_in(&name(trial), credentials).await }
    }

    /// Asks the API once: the status, and why a refused request was not repeated.
    fn ask(
        &self,
        trial: usize,
    ) -> impl Future<Output = Result<(u16, Option<Code>), Failure>> + Send + use<> {
        let mut draft = self.world.get("/orders", &name(trial));
        draft.url = format!("{}/orders", self.api.origin());
        let sending = self.world.engine.send(draft);
        async move {
            let answer = sending?.finished().await?;
            let reason = answer.not_repeated.as_ref().map(|failure| failure.code);
            Ok((answer.status, reason))
        }
    }

    /// Does this for all trials at once; nothing may hang.
    async fn each<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        what: impl Fn(&Self, usize) -> F,
    ) -> Vec<T> {
        let tasks: Vec<_> = (0..TRIALS)
            .map(|trial| tokio::spawn(what(self, trial)))
            .collect();
        let mut results = Vec::with_capacity(TRIALS);
        for task in tasks {
            let result = tokio::time::timeout(HANG, task)
                .await
                .expect("nothing hangs");
            results.push(result.expect("nothing panics"));
        }
        results
    }

    /// After the fault has gone, every session still answers, without a new sign-in.
    async fn lives(&mut self, mode: Mode) {
        self.restart(PATIENT).await;
        self.world.clock.advance(Duration::from_secs(3_600));
        for result in self.each(Faulty::ask).await {
            assert_eq!(
                result.map_err(|failure| failure.to_string()),
                Ok((200, None)),
                "{mode:?}"
            );
        }
        for trial in 0..TRIALS {
            assert_eq!(
                self.world.session(&name(trial)).state,
                StateName::Active,
                "{mode:?}"
            );
        }
        assert_eq!(
            self.world.demo.counts().logins,
            TRIALS as u64,
            "{mode:?}: nobody signed in again"
        );
    }
}

#[expect(clippy::print_stdout, reason = "times are reported, not asserted")]
fn report(place: &str, mode: Mode, began: Instant) {
    println!(
        "{place} {mode:?}: {TRIALS} trials in {} ms",
        began.elapsed().as_millis()
    );
}

/// What an API's answer that went wrong in this way is called; `None`: it is an answer.
fn api_outcome(mode: Mode) -> Option<Code> {
    match mode {
        Mode::Pass | Mode::Dribble => None,
        Mode::Refuse => Some(Code::HostUnreachable),
        Mode::Slow | Mode::StallAfterHead | Mode::WrongLength => Some(Code::RequestTimeout),
        Mode::Reset | Mode::HalfClose | Mode::TruncatedBody | Mode::Garbage | Mode::TlsAlert => {
            Some(Code::ConnectionLost)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_breaks_off_is_named_and_costs_no_session() {
    let mut modes = tokio::task::JoinSet::new();
    for mode in Mode::FAULTS {
        modes.spawn(async move {
            let mut faulty = Faulty::signed_in().await;
            faulty.api.set(mode).await;
            faulty.restart(api_limits(mode)).await;
            let began = Instant::now();
            for result in faulty.each(Faulty::ask).await {
                let outcome = result.map_err(|failure| failure.code);
                assert_eq!(
                    outcome,
                    api_outcome(mode).map_or(Ok((200, None)), Err),
                    "{mode:?}"
                );
            }
            report("API", mode, began);
            faulty.api.set(Mode::Pass).await;
            faulty.lives(mode).await;
        });
    }
    modes.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_that_breaks_off_costs_no_session_within_its_grace() {
    let mut modes = tokio::task::JoinSet::new();
    for mode in Mode::FAULTS {
        modes.spawn(async move {
            let mut faulty = Faulty::signed_in().await;
            faulty.world.demo.expire_all();
            faulty.refresh.set(mode).await;
            faulty.restart(token_limits(mode)).await;
            let began = Instant::now();
            let expected = match mode {
                Mode::Pass | Mode::Dribble => (200, None),
                _ => (401, Some(Code::RefreshTransient)),
            };
            for result in faulty.each(Faulty::ask).await {
                assert_eq!(result.expect("the API answers"), expected, "{mode:?}");
            }
            report("token endpoint", mode, began);
            faulty.refresh.set(Mode::Pass).await;
            faulty.lives(mode).await;
        });
    }
    modes.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_breaks_off_is_no_sign_in() {
    let mut modes = tokio::task::JoinSet::new();
    for mode in Mode::FAULTS {
        modes.spawn(async move {
            let mut faulty = Faulty::new().await;
            faulty.sign_in.set(mode).await;
            faulty.restart(token_limits(mode)).await;
            let began = Instant::now();
            let expected = match mode {
                Mode::Pass | Mode::Dribble => Ok(()),
                Mode::Refuse => Err(Code::HostUnreachable),
                _ => Err(Code::ConnectionLost),
            };
            for result in faulty.each(Faulty::enter).await {
                assert_eq!(result.map_err(|failure| failure.code), expected, "{mode:?}");
            }
            report("sign-in", mode, began);
            let state = if expected.is_ok() {
                StateName::Active
            } else {
                StateName::SignedOut
            };
            for trial in 0..TRIALS {
                assert_eq!(faulty.world.session(&name(trial)).state, state, "{mode:?}");
            }
            faulty.sign_in.set(Mode::Pass).await;
            faulty.restart(PATIENT).await;
            for result in faulty.each(Faulty::enter).await {
                result.expect("it works again");
            }
            for result in faulty.each(Faulty::ask).await {
                assert_eq!(result.expect("an answer"), (200, None), "{mode:?}");
            }
        });
    }
    modes.join_all().await;
}
