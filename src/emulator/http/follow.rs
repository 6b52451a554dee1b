//! A log stream over a websocket: first the password, then what the container has printed and prints, as binary
//! messages, until it ends. A container that is restarted begins a new log, which follows the old one.
//!
//! The runtimes keep logs and tell nothing of them, so the log is looked at again and again.

use axum::extract::ws::{Message, WebSocket, close_code};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use tokio::time::{Duration, sleep};

use super::cut::Left;
use super::socket::{NO_PASSWORD, close, knows};
use crate::contract::{AttachSession, LogLine};
use crate::emulator::Emulator;

/// How long a look at the log is from the next.
const LOOK: Duration = Duration::from_millis(200);

/// The longest message; more is told in several.
const LONGEST: usize = 64 * 1024;

/// Runs one attach from the password to the close.
pub(super) async fn stream(
    mut socket: WebSocket,
    session: AttachSession,
    emulator: Emulator,
    mut left: Left,
) {
    let AttachSession { password, sandbox, container } = session;
    if !knows(&mut socket, &password).await {
        return close(socket, close_code::POLICY, NO_PASSWORD).await;
    }
    let (mut to_client, mut from_client) = socket.split();
    let told = async {
        let mut seen = Seen::default();
        loop {
            // Asked before the log is read: what was printed before the end is then in the log.
            let ended = !emulator.prints(sandbox, &container);
            let lines = emulator.runtime().logs(sandbox, &container).await;
            let mut news = seen.news(&lines, ended);
            while !news.is_empty() {
                let mut bytes = news.split_to(news.len().min(LONGEST));
                while !bytes.is_empty() {
                    let message = left.pass(&mut bytes);
                    if to_client.send(Message::Binary(message)).await.is_err() || left.is_over() {
                        return false;
                    }
                }
            }
            if ended {
                return left.closes();
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                () = emulator.stop().cancelled() => return true,
            }
        }
    };
    // What the client sends means nothing; only that it goes is heard.
    let gone = async { while let Some(Ok(_)) = from_client.next().await {} };
    let ended = tokio::select! {
        ended = told => ended,
        () = gone => false,
    };
    if let Ok(socket) = to_client.reunite(from_client)
        && ended
    {
        close(socket, close_code::NORMAL, "").await;
    }
}

/// How much of a log was told: everything up to this line, and so much of it.
#[derive(Debug, Default)]
struct Seen {
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    /// When the line began.
    at: Timestamp,
    /// How many lines before it began in the same instant.
    nth: usize,
    /// How many of its bytes were told.
    told: usize,
    /// Whether its end was told.
    ended: bool,
}

impl Seen {
    /// What was printed since the last look. The last line may still grow: its end is told when it has not grown
    /// for one look, or nothing can come any more.
    fn news(&mut self, lines: &[LogLine], ended: bool) -> Bytes {
        let Some(newest) = lines.last() else {
            return Bytes::new();
        };
        let mut text = BytesMut::new();
        let mut from = 0;
        if let Some(last) = self.last {
            // A log that began after the last line is another one.
            let same = lines.first().is_some_and(|first| first.at <= last.at);
            let at = lines.partition_point(|line| line.at < last.at) + last.nth;
            let line = lines.get(at).filter(|line| same && line.at == last.at);
            let rest = line.and_then(|line| line.text.get(last.told..)).unwrap_or_default();
            text.put_slice(rest);
            let grew = !rest.is_empty();
            if (grew || !last.ended) && (!grew || ended || at + 1 < lines.len() || !same) {
                text.put_u8(b'\n');
            }
            from = if same { at + 1 } else { 0 };
            if line.is_some() && at + 1 == lines.len() {
                let ended = !grew || ended;
                self.last = Some(Last { told: newest.text.len(), ended, ..last });
                return text.freeze();
            }
        }
        let fresh = lines.get(from.min(lines.len())..).unwrap_or_default();
        for (number, line) in fresh.iter().enumerate() {
            text.put_slice(&line.text);
            if ended || number + 1 < fresh.len() {
                text.put_u8(b'\n');
            }
        }
        let nth = lines.len() - 1 - lines.partition_point(|line| line.at < newest.at);
        self.last = Some(Last { at: newest.at, nth, told: newest.text.len(), ended });
        text.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[(i64, &'static str)]) -> Vec<LogLine> {
        let line = |(second, text): &(i64, &'static str)| LogLine {
            at: Timestamp::constant(*second, 0),
            text: Bytes::from_static(text.as_bytes()),
        };
        lines.iter().map(line).collect()
    }

    /// Lines with their seconds, whether the container has ended, and what is shown.
    type Row = (&'static [(i64, &'static str)], bool, &'static str);

    #[test]
    fn each_line_is_told_once() {
        let mut seen = Seen::default();
        let rows: [Row; 11] = [
            (&[], false, ""),
            (&[(1, "on")], false, "on"),
            (&[(1, "one"), (1, "tw")], false, "e\ntw"),
            (&[(1, "one"), (1, "two"), (2, "three"), (2, "f")], false, "o\nthree\nf"),
            (&[(1, "one"), (1, "two"), (2, "three"), (2, "f")], false, "\n"),
            (&[(1, "one"), (1, "two"), (2, "three"), (2, "f")], false, ""),
            // The oldest lines of a long log go.
            (&[(1, "two"), (2, "three"), (2, "f"), (3, "five"), (4, "")], false, "five\n"),
            (&[(2, "three"), (2, "f"), (3, "five"), (4, "six")], false, "six"),
            // A new log.
            (&[(7, "again"), (8, "e")], false, "\nagain\ne"),
            (&[(7, "again"), (8, "end")], true, "nd\n"),
            (&[(7, "again"), (8, "end")], true, ""),
        ];
        for (number, (lines, ended, wanted)) in rows.into_iter().enumerate() {
            assert_eq!(seen.news(&log(lines), ended), wanted.as_bytes(), "look {number}");
        }
    }
}
