//! Follows a log that can only be read whole: tells what is new, once, and marks what was missed.

/// Remembers what of a log was told already.
#[derive(Clone, Debug, Default)]
pub struct Follower {
    last: Option<String>,
}

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
        News { gap, lines: fresh.iter().map(|line| unstamped(line).to_owned()).collect() }
    }
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

    #[test]
    fn lines_without_stamps_stay_as_they_are() {
        assert_eq!(Follower::default().read("plain text\n", false), news(false, &["plain text"]));
    }
}
