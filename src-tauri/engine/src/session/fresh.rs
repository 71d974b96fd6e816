//! The token that something goes out with, once it is fresh enough: waits where a newer one is on the way.

use std::time::Duration;

use super::{Lease, Session, Take};
use crate::error::{Code, Failure};
use crate::timeline::event::{EventKey, Subject};

/// Flights that are waited for before the first attempt.
const WAITS_BEFORE_SENDING_MAX: u32 = 3;

impl Session {
    /// A token that lives on for `fresh_for`, where a refresh can bring it. `cause` is the event that it follows from, before
    /// and after.
    ///
    /// # Errors
    /// As [`Session::take`], and as the flight failed that was waited for; with the event that says so.
    pub(crate) async fn fresh(
        &self,
        subject: &Subject,
        cause: &mut EventKey,
        mut fresh_for: Duration,
    ) -> Result<Lease, (Failure, EventKey)> {
        self.family.settled().await;
        let mut waits = 0;
        loop {
            match self
                .take(subject, *cause, fresh_for)
                .map_err(|failure| (failure, *cause))?
            {
                Take::Lease(lease) => return Ok(lease),
                // Its successors were refused as well, before this one could be used: the server's word is final for now.
                Take::Wait(_) if waits == WAITS_BEFORE_SENDING_MAX => {
                    return Err((
                        Failure::new(Code::RefreshTransient).with("session", &self.config.name),
                        *cause,
                    ));
                }
                Take::Wait(seat) => {
                    let end = seat.wait().await;
                    let mine = end.member == self.config.name;
                    if let Err(failure) = end.result.as_ref().map_err(Failure::clone)
                        && mine
                        && fresh_for.is_zero()
                    {
                        return Err((failure, end.finished));
                    }
                    *cause = end.finished;
                    waits += 1;
                    // What the flight brought is as fresh as it gets; where it brought nothing, the server judges what is at hand.
                    if mine {
                        fresh_for = Duration::ZERO;
                    }
                }
            }
        }
    }
}
