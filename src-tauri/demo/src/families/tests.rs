//! The rules of families, without a socket and with a clock that is a number.

use super::*;

const CLIENT: &str = "desktop";
const START_MS: u64 = 1_790_000_000_000;

fn mint(reuse: Reuse) -> Mint {
    Mint {
        key: Key::random(),
        origin: "http://127.0.0.1:4000".to_owned(),
        access_ttl: Duration::from_secs(6),
        refresh_ttl: Duration::from_secs(300),
        reuse,
    }
}

struct Story {
    mint: Mint,
    families: Families,
    now_ms: u64,
}

impl Story {
    fn with(reuse: Reuse) -> Self {
        Self {
            mint: mint(reuse),
            families: Families::default(),
            now_ms: START_MS,
        }
    }

    fn sign_in(&mut self) -> Issued {
        self.families
            .sign_in(&self.mint, CLIENT, None, self.now_ms)
            .expect("the whole scope is granted")
    }

    fn refresh(&mut self, token: &str) -> Result<Issued, Refusal> {
        self.families
            .refresh(&self.mint, CLIENT, token, None, false, self.now_ms)
    }

    fn next(&mut self, token: &str) -> Issued {
        self.refresh(token).expect("a good refresh token")
    }

    fn check(&self, token: &str) -> Result<Claims, Unfit> {
        self.families.check(&self.mint, token, self.now_ms)
    }
}

#[test]
fn each_refresh_spends_its_token_and_narrows_the_scope_once() {
    let mut story = Story::with(Reuse::RevokeFamily);
    let first = story.sign_in();
    let second = story.next(&first.refresh_token);
    let third = story.next(&second.refresh_token);
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_ne!(second.refresh_token, third.refresh_token);
    assert_eq!(
        [&first.scope, &second.scope, &third.scope],
        ["read write admin", "read write", "read write"]
    );
    let claims = story.check(&second.access_token).expect("it lives");
    assert_eq!(claims.scope, "read write");
    assert_eq!(claims.sub, "u-17");
}

#[test]
fn a_spent_token_ends_the_family_and_its_access_tokens() {
    let mut story = Story::with(Reuse::RevokeFamily);
    let first = story.sign_in();
    let other = story.sign_in();
    let second = story.next(&first.refresh_token);
    assert_eq!(
        story.refresh(&first.refresh_token).err(),
        Some(Refusal::Spent)
    );
    assert_eq!(
        story.refresh(&second.refresh_token).err(),
        Some(Refusal::Revoked)
    );
    assert_eq!(story.check(&second.access_token), Err(Unfit::Revoked));
    assert!(
        story.check(&other.access_token).is_ok(),
        "another sign-in goes on"
    );
}

#[test]
fn a_grace_window_forgives_the_token_just_replaced_and_no_older_one() {
    let mut story = Story::with(Reuse::Grace(Duration::from_secs(2)));
    let first = story.sign_in();
    let second = story.next(&first.refresh_token);
    story.now_ms += 1_999;
    let again = story.next(&first.refresh_token);
    assert_eq!(
        again.refresh_token, second.refresh_token,
        "the same successor"
    );
    story.now_ms += 1;
    assert_eq!(
        story.refresh(&first.refresh_token).err(),
        Some(Refusal::Spent)
    );

    let mut story = Story::with(Reuse::Grace(Duration::from_secs(2)));
    let first = story.sign_in();
    let second = story.next(&first.refresh_token);
    story.next(&second.refresh_token);
    assert_eq!(
        story.refresh(&first.refresh_token).err(),
        Some(Refusal::Spent)
    );
}

#[test]
fn a_server_that_does_not_look_takes_any_token_of_the_family() {
    let mut story = Story::with(Reuse::Ignore);
    let first = story.sign_in();
    story.next(&first.refresh_token);
    let third = story.next(&first.refresh_token);
    assert!(story.families.is_spent(&story.mint, &first.refresh_token));
    assert!(!story.families.is_spent(&story.mint, &third.refresh_token));
}

#[test]
fn a_kept_token_refreshes_again() {
    let mut story = Story::with(Reuse::RevokeFamily);
    let first = story.sign_in();
    let kept = story.families.refresh(
        &story.mint,
        CLIENT,
        &first.refresh_token,
        None,
        true,
        story.now_ms,
    );
    assert!(kept.is_ok());
    story.next(&first.refresh_token);
}

#[test]
fn tokens_expire_to_the_millisecond() {
    let mut story = Story::with(Reuse::RevokeFamily);
    let first = story.sign_in();
    story.now_ms = START_MS + 5_999;
    assert!(story.check(&first.access_token).is_ok());
    story.now_ms = START_MS + 6_000;
    assert_eq!(story.check(&first.access_token), Err(Unfit::Expired));
    story.now_ms = START_MS + 299_999;
    let second = story.next(&first.refresh_token);
    story.now_ms += 300_000;
    assert_eq!(
        story.refresh(&second.refresh_token).err(),
        Some(Refusal::Expired)
    );
}

#[test]
fn expiring_all_spares_what_is_issued_afterwards_in_the_same_millisecond() {
    let mut story = Story::with(Reuse::RevokeFamily);
    let first = story.sign_in();
    story.families.expire_all();
    assert_eq!(story.check(&first.access_token), Err(Unfit::Expired));
    let second = story.next(&first.refresh_token);
    assert!(story.check(&second.access_token).is_ok());
}

#[test]
fn a_token_serves_its_own_client_and_its_own_scope_only() {
    let mut story = Story::with(Reuse::RevokeFamily);
    let first = story.sign_in();
    let mut refresh = |client: &str, token: &str, scope: Option<&str>| {
        story
            .families
            .refresh(&story.mint, client, token, scope, false, START_MS)
            .err()
    };
    let token = first.refresh_token.as_str();
    assert_eq!(
        refresh("web-basic", token, None),
        Some(Refusal::OtherClient)
    );
    assert_eq!(
        refresh(CLIENT, token, Some("read admin")),
        Some(Refusal::ScopeTooWide)
    );
    assert_eq!(refresh(CLIENT, "guessed", None), Some(Refusal::Unknown));
    assert_eq!(
        refresh(CLIENT, token, Some("read")),
        None,
        "none of these spent it"
    );
}

#[test]
fn revoking_takes_a_token_of_either_kind() {
    let mut story = Story::with(Reuse::RevokeFamily);
    for by_access_token in [true, false] {
        let first = story.sign_in();
        let token = if by_access_token {
            &first.access_token
        } else {
            &first.refresh_token
        };
        assert!(!story.families.revoke(&story.mint, "web-basic", token));
        assert!(story.families.revoke(&story.mint, CLIENT, token));
        assert!(
            !story.families.revoke(&story.mint, CLIENT, token),
            "once is enough"
        );
        assert_eq!(
            story.refresh(&first.refresh_token).err(),
            Some(Refusal::Revoked)
        );
    }
    assert_eq!(story.families.revoke_all(), 0);
    story.sign_in();
    assert_eq!(story.families.revoke_all(), 1);
}

#[test]
fn a_thief_gets_the_spent_token_of_the_newest_family_that_lives() {
    let mut story = Story::with(Reuse::RevokeFamily);
    assert_eq!(story.families.spent_last(&story.mint), None);
    let old = story.sign_in();
    story.next(&old.refresh_token);
    let new = story.sign_in();
    assert_eq!(
        story.families.spent_last(&story.mint),
        None,
        "nothing spent yet"
    );
    story.next(&new.refresh_token);
    let stolen = story.families.spent_last(&story.mint);
    assert_eq!(stolen, Some((CLIENT.to_owned(), new.refresh_token)));
}

#[test]
fn the_idlest_family_makes_room_when_there_are_too_many() {
    let mut story = Story::with(Reuse::RevokeFamily);
    let first = story.sign_in();
    story.now_ms += 1;
    for _ in 1..FAMILIES_MAX {
        story.sign_in();
    }
    assert!(story.check(&first.access_token).is_ok());
    story.sign_in();
    assert_eq!(story.check(&first.access_token), Err(Unfit::Revoked));
    assert_eq!(story.families.summaries().len(), FAMILIES_MAX);
}
