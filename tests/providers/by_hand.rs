//! The provider without the engine: what the other test rests on is really so.

use crate::client::{Client, DESKTOP, Pair, WEB_BASIC, api_status};
use crate::provider::Provider;

/// Signs in, refreshes once, and uses the spent refresh token again.
fn check(client: Client) {
    let provider = Provider::start();
    let at = &provider.addresses;
    let first = client.sign_in(at);
    assert_eq!(first.expires_in, 5);
    assert_eq!(
        first.access_token.split('.').count(),
        1,
        "opaque: only introspection tells what it is worth"
    );
    assert_eq!(api_status(at, &first.access_token), 200);
    assert_eq!(api_status(at, "guessed"), 401);

    let (status, reply) = client.refresh(at, &first.refresh_token);
    assert_eq!(status, 200, "{client:?}");
    let second: Pair = serde_json::from_value(reply).expect("a pair of tokens");
    assert_ne!(second.refresh_token, first.refresh_token, "rotation is on");
    assert_eq!(api_status(at, &second.access_token), 200);

    let (status, reply) = client.refresh(at, &first.refresh_token);
    assert_eq!(
        (status, reply["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    assert_eq!(
        api_status(at, &second.access_token),
        401,
        "reuse ends everything of this sign-in"
    );
    let counts = provider.counts();
    assert_eq!((counts.token_calls, counts.token_errors), (3, 1));
    assert_eq!((counts.tokens_honoured, counts.tokens_refused), (2, 2));
}

#[test]
fn a_public_client_sees_rotation_and_reuse_detection() {
    check(DESKTOP);
}

#[test]
fn a_client_with_a_secret_sees_rotation_and_reuse_detection() {
    check(WEB_BASIC);
}
