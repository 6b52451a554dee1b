//! Follows a log that can only be read whole: tells what is new, once, and marks what was missed; a stream beside it
//! fills in what the log no longer had when it was read.

use std::collections::VecDeque;

/// Remembers what of a log was told already.
#[derive(Clone, Debug, Default)]
pub struct Follower {
    last: Option<String>,
    /// The last lines that were told, without time stamps; so many that a line that is printed again and again is found
    /// where it was told.
    told: VecDeque<String>,
}

/// How many told lines are looked for in a stream.
const SHARED: usize = 8;
/// What the service keeps of a container that has ended: so many bytes or lines, whichever is less
/// (Microsoft's page "Resource availability and quota limits for ACI").
const KEPT: (usize, usize) = (16_000, 1_000);

/// What a reading of a log adds.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct News {
    /// Whether lines between the last reading and this one are missing.
    pub gap: bool,
    /// The new lines, without time stamps.
    pub lines: Vec<String>,
}

impl Follower {
    /// Takes in the log as it reads now, each line with its time stamp, and gives what is new.
    ///
    /// A last line without an end is not told before it has one, unless the task has ended.
    pub fn read(&mut self, content: &str, ended: bool) -> News {
        let whole = if ended { content } else { content.rfind('\n').map_or("", |end| &content[..=end]) };
        let lines: Vec<&str> = whole.lines().collect();
        let known = self.last.as_ref().map(|last| lines.iter().rposition(|line| line == last));
        let fresh = match known {
            None => &lines[..],
            Some(Some(place)) => &lines[place + 1..],
            Some(None) => &lines[..],
        };
        let gap = known == Some(None) && !fresh.is_empty();
        if let Some(last) = fresh.last() {
            self.last = Some((*last).to_owned());
        }
        let lines: Vec<String> = fresh.iter().map(|line| unstamped(line).to_owned()).collect();
        self.remember(&lines);
        News { gap, lines }
    }

    /// Takes in the log of a container that has ended, and what a stream beside it has heard, where there was one: the
    /// service keeps little of such a log, or none, so what lies between the last reading and this one may be in the stream alone.
    pub fn end(&mut self, content: Option<&str>, heard: Option<Vec<String>>) -> News {
        let before = self.clone();
        let Some(content) = content else {
            // Nothing was seen of the log, so the stream is all there is.
            let lines = heard.and_then(|heard| after(heard, &before.told)).unwrap_or_default();
            return News { gap: false, lines };
        };
        let news = self.read(content, true);
        let first = before.last.is_none();
        let is_short = content.len() >= KEPT.0 || content.lines().count() >= KEPT.1;
        if !(news.gap || first && is_short) {
            return news;
        }
        match heard.and_then(|heard| after(heard, &before.told)) {
            Some(lines) if lines.len() >= news.lines.len() => News { gap: false, lines },
            Some(_) | None => News { gap: true, lines: news.lines },
        }
    }

    fn remember(&mut self, lines: &[String]) {
        self.told.extend(lines.iter().skip(lines.len().saturating_sub(SHARED)).cloned());
        let over = self.told.len().saturating_sub(SHARED);
        drop(self.told.drain(..over));
    }
}

/// What stands behind these lines; all of it where there are none, and nothing where they are not found.
fn after(mut lines: Vec<String>, told: &VecDeque<String>) -> Option<Vec<String>> {
    if told.is_empty() {
        return Some(lines);
    }
    // A stream that began later holds only the last of them.
    let found = (1..=told.len()).rev().find_map(|count| {
        let wanted: Vec<&String> = told.iter().skip(told.len() - count).collect();
        let at = lines.windows(count).rposition(|window| window.iter().eq(wanted.iter().copied()))?;
        (count == told.len() || at == 0).then_some(at + count)
    })?;
    Some(lines.split_off(found))
}

/// The line without its leading RFC 3339 time stamp.
fn unstamped(line: &str) -> &str {
    match line.split_once(' ') {
        Some((stamp, text)) if stamp.parse::<jiff::Timestamp>().is_ok() => text,
        None if line.parse::<jiff::Timestamp>().is_ok() => "",
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "2026-01-01T00:00:01.000000001Z one\n";
    const TWO: &str = "2026-01-01T00:00:02.000000001Z two\n";
    const THREE: &str = "2026-01-01T00:00:03.000000001Z three\n";

    fn news(gap: bool, lines: &[&str]) -> News {
        News { gap, lines: lines.iter().map(|line| (*line).to_owned()).collect() }
    }

    #[test]
    fn each_line_is_told_once() {
        let mut follower = Follower::default();
        assert_eq!(follower.read(ONE, false), news(false, &["one"]));
        assert_eq!(follower.read(&format!("{ONE}{TWO}"), false), news(false, &["two"]));
        assert_eq!(follower.read(&format!("{ONE}{TWO}"), false), news(false, &[]));
    }

    #[test]
    fn a_line_is_told_when_it_is_whole() {
        let mut follower = Follower::default();
        assert_eq!(follower.read("2026-01-01T00:00:01Z pro", false), news(false, &[]));
        assert_eq!(follower.read("2026-01-01T00:00:01Z progress", true), news(false, &["progress"]));
    }

    #[test]
    fn a_log_that_was_cut_in_front_goes_on_and_one_that_is_new_shows_a_gap() {
        let mut follower = Follower::default();
        follower.read(&format!("{ONE}{TWO}"), false);
        assert_eq!(follower.read(&format!("{TWO}{THREE}"), false), news(false, &["three"]));
        assert_eq!(follower.read(ONE, false), news(true, &["one"]));
    }

    fn texts(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn a_stream_fills_in_what_the_log_no_longer_has() {
        let kept = "2026-01-01T00:00:09.000000001Z nine\n";
        let heard = || Some(texts(&["one", "two", "three", "nine"]));
        let told = || {
            let mut follower = Follower::default();
            follower.read(&format!("{ONE}{TWO}"), false);
            follower
        };
        assert_eq!(told().end(Some(kept), heard()), news(false, &["three", "nine"]));
        // One that began later holds only the last line that was told, or none of them.
        assert_eq!(
            told().end(Some(kept), Some(texts(&["two", "three", "nine"]))),
            news(false, &["three", "nine"])
        );
        assert_eq!(told().end(Some(kept), Some(texts(&["three", "nine"]))), news(true, &["nine"]));
        assert_eq!(told().end(Some(kept), None), news(true, &["nine"]));
        // What the log still has is told from it.
        assert_eq!(told().end(Some(&format!("{TWO}{THREE}")), heard()), news(false, &["three"]));
        assert_eq!(told().end(None, heard()), news(false, &["three", "nine"]));
        // Nothing was read before: a log that is as long as the service keeps may have lost its beginning.
        let much = kept.repeat(1_000);
        let all = texts(&["nine"; 3_000]);
        assert_eq!(Follower::default().end(Some(&much), Some(all.clone())), News { gap: false, lines: all });
        assert!(Follower::default().end(Some(&much), None).gap);
        assert_eq!(Follower::default().end(Some(ONE), None), news(false, &["one"]));
    }

    #[test]
    fn a_line_that_comes_again_and_again_is_found_where_it_was_told() {
        let mut follower = Follower::default();
        let tick = |second: u32| format!("2026-01-01T00:00:{second:02}.000000001Z tick\n");
        follower.read(&format!("{ONE}{}{}", tick(2), tick(3)), false);
        let heard = Some(texts(&["one", "tick", "tick", "tick", "tick", "end"]));
        assert_eq!(follower.end(Some(&tick(9)), heard), news(false, &["tick", "tick", "end"]));
    }

    #[test]
    fn lines_without_stamps_stay_as_they_are() {
        assert_eq!(Follower::default().read("plain text\n", false), news(false, &["plain text"]));
    }
}
