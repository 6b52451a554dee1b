//! The text of a container's log, as `GET …/logs` gives it: one string, of which the end is kept where it is too long.

use crate::contract::{LogLine, LogQuery};

/// The part of the log that the query asks for; what is not UTF-8 shows as replacement characters.
pub(super) fn content(lines: &[LogLine], query: &LogQuery) -> String {
    let most = query.tail.unwrap_or(usize::MAX).min(query.max_lines.unwrap_or(usize::MAX));
    let mut text = Vec::new();
    for LogLine { at, text: line } in lines.iter().skip(lines.len().saturating_sub(most)) {
        if query.timestamps {
            // Ticks of 100 ns (azure-sdk-for-net, ContainerInstanceLogsAndAttachTest).
            text.extend_from_slice(format!("{at:.7} ").as_bytes());
        }
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    let end = text.split_off(text.len().saturating_sub(query.max_bytes));
    let cut = !text.is_empty();
    // A cut may fall inside a character: then its remaining bytes are no text.
    let rest = end.iter().take_while(|byte| cut && (**byte & 0b1100_0000) == 0b1000_0000).count();
    String::from_utf8_lossy(end.get(rest..).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::SandboxId;
    use bytes::Bytes;
    use jiff::Timestamp;

    fn log() -> Vec<LogLine> {
        let line = |second, text: &'static [u8]| LogLine {
            at: Timestamp::constant(second, 500),
            text: Bytes::from_static(text),
        };
        vec![line(0, b"one"), line(1, "zw\u{f6}".as_bytes()), line(2, b"\xff!")]
    }

    #[test]
    fn tail_stamps_and_limits() {
        let whole = LogQuery {
            sandbox: SandboxId(1),
            container: "c".to_owned(),
            tail: None,
            timestamps: false,
            max_bytes: 1000,
            max_lines: None,
        };
        let rows = [
            (whole.clone(), "one\nzw\u{f6}\n\u{fffd}!\n"),
            (LogQuery { tail: Some(1), ..whole.clone() }, "\u{fffd}!\n"),
            (LogQuery { tail: Some(0), ..whole.clone() }, ""),
            (LogQuery { tail: Some(9), max_lines: Some(1), ..whole.clone() }, "\u{fffd}!\n"),
            (LogQuery { max_bytes: 5, ..whole.clone() }, "\n\u{fffd}!\n"),
            (LogQuery { max_bytes: 6, ..whole.clone() }, "\u{f6}\n\u{fffd}!\n"),
            (
                LogQuery { tail: Some(2), timestamps: true, ..whole },
                "1970-01-01T00:00:01.0000005Z zw\u{f6}\n1970-01-01T00:00:02.0000005Z \u{fffd}!\n",
            ),
        ];
        for (query, wanted) in rows {
            assert_eq!(content(&log(), &query), wanted, "{query:?}");
        }
        assert_eq!(content(&[], &rows_query()), "");
    }

    fn rows_query() -> LogQuery {
        LogQuery {
            sandbox: SandboxId(1),
            container: "c".to_owned(),
            tail: None,
            timestamps: true,
            max_bytes: 10,
            max_lines: None,
        }
    }
}
