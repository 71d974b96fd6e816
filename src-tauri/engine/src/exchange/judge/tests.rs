//! The rules of judging, as a table: a head, an attempt, and what they mean.

use url::Url;

use super::*;
use crate::challenge;
use crate::session::step_up::StepUp;
use crate::timeline::event::Verdict::{
    LoginPage, NonceNeeded, Redirected, Returned, StepUpNeeded, TokenRefused,
};

/// An attempt that carried the session's token to where it may go.
fn attempt(url: &Url) -> Attempt<'_> {
    Attempt {
        url,
        authorized: true,
        under_session: true,
        on_list: true,
        retried: false,
        follows: true,
        wants_json: true,
        proven: false,
        nonce_sent: None,
        matched: false,
    }
}

fn url() -> Url {
    Url::parse("https://api.test/orders").expect("a URL")
}

fn head(status: u16, challenges: &[&str]) -> Head {
    Head {
        status,
        challenges: challenge::read(challenges.iter().map(|field| field.as_bytes())),
        ..Head::default()
    }
}

fn check(head: &Head, attempt: &Attempt<'_>, verdict: Verdict, rule_id: &str) {
    assert_eq!(
        judge(head, attempt),
        (verdict, rule_id),
        "{head:?} {attempt:?}"
    );
}

/// Scenarios 55, 56, 57, 62, 63, 64, 65 and 66.
#[test]
fn a_refusal_is_read_by_its_challenges() {
    for (status, challenges, verdict, rule_id) in [
        (401, &[][..], TokenRefused, "answer.bare_401"),
        (401, &[",,"], TokenRefused, "answer.bare_401"),
        (401, &["Bearer"], TokenRefused, "answer.token_refused"),
        (
            401,
            &["Bearer realm=\"x\""],
            TokenRefused,
            "answer.token_refused",
        ),
        (
            401,
            &["bearer error=invalid_token"],
            TokenRefused,
            "answer.invalid_token",
        ),
        (
            401,
            &["Bearer error=\"expired\""],
            TokenRefused,
            "answer.token_refused",
        ),
        (
            401,
            &["Basic realm=\"x\""],
            Returned,
            "answer.not_our_scheme",
        ),
        (
            401,
            &["Negotiate", "NTLM"],
            Returned,
            "answer.not_our_scheme",
        ),
        (
            401,
            &["Basic realm=\"Bearer error=invalid_token\""],
            Returned,
            "answer.not_our_scheme",
        ),
        (
            401,
            &["Basic realm=\"x\", Bearer error=\"invalid_token\""],
            TokenRefused,
            "answer.invalid_token",
        ),
        (
            401,
            &["Bearer error=\"invalid_token\", DPoP error=\"use_dpop_nonce\""],
            TokenRefused,
            "answer.invalid_token",
        ),
        (
            401,
            &["DPoP error=\"use_dpop_nonce\""],
            NonceNeeded,
            "answer.nonce_needed",
        ),
        (
            401,
            &["DPoP error=\"invalid_dpop_proof\""],
            Returned,
            "answer.invalid_proof",
        ),
        (
            401,
            &["Bearer error=\"insufficient_user_authentication\", acr_values=\"gold\""],
            StepUpNeeded,
            "answer.user_authentication",
        ),
        (
            403,
            &["Bearer error=\"insufficient_scope\", scope=\"w\""],
            StepUpNeeded,
            "answer.insufficient_scope",
        ),
        (
            403,
            &["Basic error=\"insufficient_scope\""],
            Returned,
            "answer.not_401",
        ),
        (
            403,
            &["Bearer error=\"invalid_token\""],
            Returned,
            "answer.not_401",
        ),
        (403, &[], Returned, "answer.not_401"),
        (
            400,
            &["Bearer error=\"invalid_request\""],
            Returned,
            "answer.invalid_request",
        ),
        (
            401,
            &["Bearer error=\"invalid_request\""],
            Returned,
            "answer.invalid_request",
        ),
        (404, &[], Returned, "answer.not_401"),
        (
            407,
            &["Bearer error=\"invalid_token\""],
            Returned,
            "answer.proxy_authentication",
        ),
        (
            429,
            &["Bearer error=\"invalid_token\""],
            Returned,
            "answer.not_401",
        ),
        (
            200,
            &["Bearer error=\"invalid_token\""],
            Returned,
            "answer.not_401",
        ),
        (500, &[], Returned, "answer.not_401"),
    ] {
        check(
            &head(status, challenges),
            &attempt(&url()),
            verdict,
            rule_id,
        );
    }
}

/// Scenario 67.
#[test]
fn a_refusal_by_another_origin_is_not_about_our_token() {
    let url = url();
    let elsewhere = Attempt {
        authorized: false,
        on_list: false,
        ..attempt(&url)
    };
    for status in [401, 403] {
        let head = head(status, &["Bearer error=\"invalid_token\""]);
        check(&head, &elsewhere, Returned, "answer.other_origin");
    }
    let without = Attempt {
        authorized: false,
        under_session: false,
        ..attempt(&url)
    };
    check(
        &head(401, &[]),
        &without,
        Returned,
        "answer.no_token_was_sent",
    );
}

/// Scenarios 58, 59 and 60: a wish for a nonce is told apart, and takes nothing from the other budget.
#[test]
fn a_nonce_that_was_used_already_is_not_tried_again() {
    let url = url();
    let asks = Head {
        nonce: Some("n-1".to_owned()),
        ..head(401, &["DPoP error=\"use_dpop_nonce\""])
    };
    check(&asks, &attempt(&url), NonceNeeded, "answer.nonce_needed");
    let with = |nonce_sent| Attempt {
        nonce_sent: Some(nonce_sent),
        ..attempt(&url)
    };
    check(&asks, &with("n-0"), NonceNeeded, "answer.nonce_needed");
    check(&asks, &with("n-1"), Returned, "answer.nonce_again");
    let proven = Attempt {
        proven: true,
        ..with("n-0")
    };
    let both = Head {
        nonce: Some("n-1".to_owned()),
        ..head(401, &["Bearer, DPoP error=\"use_dpop_nonce\""])
    };
    check(&both, &proven, NonceNeeded, "answer.nonce_needed");
    let expired = head(401, &["DPoP error=\"invalid_token\""]);
    check(&expired, &with("n-1"), TokenRefused, "answer.invalid_token");
}

/// Scenario 68. The engine's half.
#[test]
fn a_wrong_audience_is_named_once_a_fresh_token_was_refused_too() {
    let url = url();
    let head = head(
        401,
        &["Bearer error=\"invalid_token\", error_description=\"The audience is not us\""],
    );
    check(&head, &attempt(&url), TokenRefused, "answer.invalid_token");
    let again = Attempt {
        retried: true,
        ..attempt(&url)
    };
    check(&head, &again, TokenRefused, "answer.audience_mismatch");
}

/// Scenario 69.
#[test]
fn a_sessions_own_description_of_a_refusal_counts_after_what_standards_say() {
    let url = url();
    let matched = Attempt {
        matched: true,
        ..attempt(&url)
    };
    check(&head(200, &[]), &matched, TokenRefused, "answer.matched");
    check(&head(403, &[]), &matched, TokenRefused, "answer.matched");
    check(
        &head(401, &["Basic"]),
        &matched,
        TokenRefused,
        "answer.matched",
    );
    let scope = head(403, &["Bearer error=\"insufficient_scope\""]);
    check(&scope, &matched, StepUpNeeded, "answer.insufficient_scope");
    let without = Attempt {
        authorized: false,
        ..matched
    };
    check(&head(200, &[]), &without, Returned, "answer.not_401");
}

/// Scenario 70.
#[test]
fn a_page_to_sign_in_on_is_told_from_an_answer() {
    let url = url();
    let page = |status| Head {
        media_type: Some("text/html".to_owned()),
        ..head(status, &[])
    };
    check(&page(200), &attempt(&url), LoginPage, "answer.login_page");
    check(&page(404), &attempt(&url), Returned, "answer.not_401");
    let of_people = Attempt {
        wants_json: false,
        ..attempt(&url)
    };
    check(&page(200), &of_people, Returned, "answer.not_401");

    let to = |location: &str| Head {
        location: Some(location.as_bytes().to_vec()),
        ..head(302, &[])
    };
    for location in [
        "/login",
        "/users/sign_in?next=%2Forders",
        "https://id.test/oauth2/authorize?client_id=x",
        "https://login.id.test/",
        "/Login.html",
        "/login;jsessionid=1",
    ] {
        check(
            &to(location),
            &attempt(&url),
            LoginPage,
            "answer.login_redirect",
        );
    }
    for location in [
        "/orders/2",
        "https://api.test/logins",
        "/catalogin",
        "http://[",
    ] {
        check(&to(location), &attempt(&url), Redirected, "answer.redirect");
    }
    let from_login = Url::parse("https://api.test/login/start").expect("a URL");
    check(
        &to("/login/2"),
        &attempt(&from_login),
        Redirected,
        "answer.redirect",
    );
    let by_hand = Attempt {
        follows: false,
        ..attempt(&url)
    };
    check(&to("/orders/2"), &by_hand, Returned, "answer.not_401");
}

#[test]
fn a_step_up_is_read_from_our_schemes_only() {
    let head = head(
        401,
        &[
            "Basic scope=\"evil\"",
            "Bearer scope=\"read  write\", acr_values=\"gold silver\", max_age=\"300\"",
            "DPoP max_age=x",
        ],
    );
    let expected = StepUp {
        scopes: vec!["read".to_owned(), "write".to_owned()],
        acr_values: vec!["gold".to_owned(), "silver".to_owned()],
        max_age_s: Some(300),
    };
    assert_eq!(StepUp::read(ours(&head.challenges)), expected);
}
