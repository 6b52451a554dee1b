//! Whether and when a post is tried again. Pure.
//!
//! Invariant: only what promises a change is repeated: a connection that did not stand or broke,
//! 429 and 5xx. An answer that did not come in time is not: the endpoint may have acted on it.

use std::time::Duration;

use super::send::Try;

/// The pause after the first try; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause of our own choice.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The longest `Retry-After` that is waited for; where more is asked, waiting is somebody else's.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// What follows a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It was the last one.
    Stop,
    /// Another one, after this time.
    Wait(Duration),
}

/// What follows a try, when so many retries have been made of so many that are allowed.
#[must_use]
pub fn next(tried: &Try, made: u32, allowed: u32) -> Next {
    if made >= allowed {
        return Next::Stop;
    }
    let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(made)).min(LONGEST_PAUSE);
    match tried {
        Try::NoConnection(_) => Next::Wait(pause),
        Try::Answered(answer) if answer.status == 429 || (500..600).contains(&answer.status) => {
            match answer.retry_after {
                Some(asked) if asked > LONGEST_RETRY_AFTER => Next::Stop,
                Some(asked) => Next::Wait(asked.max(pause)),
                None => Next::Wait(pause),
            }
        }
        Try::Answered(_) | Try::NoTrust(_) | Try::NoAnswer(_) => Next::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::send::{Answer, Shown};

    fn answered(status: u16, retry_after: Option<u64>) -> Try {
        let body = Shown { text: String::new(), fault: None };
        Try::Answered(Answer { status, retry_after: retry_after.map(Duration::from_secs), body })
    }

    #[test]
    fn only_what_promises_a_change_is_repeated() {
        let wait = |milliseconds| Next::Wait(Duration::from_millis(milliseconds));
        let cases = [
            (Try::NoConnection(String::new()), 0, wait(500)),
            (Try::NoConnection(String::new()), 2, wait(2000)),
            (Try::NoConnection(String::new()), 3, Next::Stop),
            (Try::NoTrust(String::new()), 0, Next::Stop),
            (Try::NoAnswer(String::new()), 0, Next::Stop),
            (answered(200, None), 0, Next::Stop),
            (answered(302, None), 0, Next::Stop),
            (answered(400, None), 0, Next::Stop),
            (answered(404, Some(1)), 0, Next::Stop),
            (answered(429, None), 1, wait(1000)),
            (answered(429, Some(7)), 0, wait(7000)),
            (answered(429, Some(0)), 0, wait(500)),
            (answered(500, None), 0, wait(500)),
            (answered(503, Some(60)), 0, wait(60_000)),
            (answered(503, Some(61)), 0, Next::Stop),
        ];
        for (tried, made, expected) in cases {
            assert_eq!(next(&tried, made, 3), expected, "{tried:?} after {made}");
        }
        assert_eq!(next(&Try::NoConnection(String::new()), 19, 20), wait(10_000));
    }
}
