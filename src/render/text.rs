//! Laying out words: wrapping, tables, times, commands, and text from outside made harmless.

use std::time::Duration;

/// How many columns a text takes.
pub fn columns(text: &str) -> usize {
    text.chars().count()
}

/// The text with a space after it up to a width.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// Text from outside without anything that a terminal would obey: escape sequences are taken out, other control
/// characters are taken out or shown escaped.
pub fn harmless(text: &str) -> String {
    let stripped = anstream::adapter::strip_str(text).to_string();
    let mut clean = String::with_capacity(stripped.len());
    for character in stripped.chars() {
        if character.is_control() && character != '\t' {
            clean.extend(character.escape_default());
        } else {
            clean.push(character);
        }
    }
    clean
}

/// Breaks a text at spaces into lines of at most so many columns; a longer word keeps a line of its own.
/// What stands between backticks is one word, because a command must not be broken.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words(text) {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Stands between the parts of a line.
pub const SEPARATOR: &str = " · ";

/// Joins parts with a dot into lines of at most so many columns; a line is broken between parts, or within one that is
/// longer than a line.
pub fn parted(parts: &[impl AsRef<str>], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts.iter().map(AsRef::as_ref) {
        match lines.last_mut() {
            Some(line) if columns(line) + columns(SEPARATOR) + columns(part) <= width => {
                line.push_str(SEPARATOR);
                line.push_str(part);
            }
            _ => lines.extend(wrapped(part, width)),
        }
    }
    lines
}

fn words(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|character: char| {
        quoted ^= character == '`';
        character == ' ' && !quoted
    })
    .collect()
}

/// Texts that would have fewer columns than this beside their keys stand below them.
const BESIDE: usize = 20;

/// Rows of a key and a text: the keys in a column, the texts wrapped beside them, or below where there is little room.
pub fn table(rows: &[(String, String)], width: usize) -> Vec<String> {
    let key_width = rows.iter().map(|(key, _)| columns(key)).max().unwrap_or(0);
    let room = width.saturating_sub(key_width + 2);
    let mut lines = Vec::new();
    for (key, text) in rows {
        let mut key = key.as_str();
        if room < BESIDE && columns(key) + 2 + columns(text) <= width {
            lines.push(format!("{key}  {text}"));
            continue;
        }
        if room < BESIDE {
            lines.push(key.to_owned());
            let depth = key.len() - key.trim_start().len() + 2;
            let below = wrapped(text, width.saturating_sub(depth).max(BESIDE));
            lines.extend(below.iter().map(|line| format!("{}{line}", " ".repeat(depth))));
            continue;
        }
        for line in wrapped(text, room) {
            lines.push(format!("{}  {line}", padded(key, key_width)));
            key = "";
        }
    }
    lines
}

/// A command as a shell would take it.
pub fn command_line(argv: &[String]) -> String {
    argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@%+".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", harmless(&word.replace('\'', r"'\''")))
    }
}

/// How long something took: `0.4s`, `12.3s`, `2m05s`, `3h07m`, `4d02h`.
pub fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{seconds}.{}s", time.subsec_millis() / 100)
    } else if seconds < 3600 {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    } else if seconds < 86_400 {
        format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60)
    } else {
        format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24)
    }
}

/// `1 run`, `2 runs`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable word", 4), ["unbreakable", "word"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("see `acitask logs cat` and wait", 12), ["see", "`acitask logs cat`", "and wait"]);
    }

    #[test]
    fn parts_are_kept_whole_where_they_fit() {
        assert_eq!(parted(&["one two", "three", "four"], 15), ["one two · three", "four"]);
        assert_eq!(parted(&["one two", "three four"], 8), ["one two", "three", "four"]);
        assert_eq!(parted(&[""; 0], 8), [""; 0]);
    }

    #[test]
    fn a_terminal_obeys_nothing_from_outside() {
        assert_eq!(harmless("\u{1b}[2Jred\u{7}\tx\r\u{9b}"), "red\tx\\r\\u{9b}");
    }

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let argv = ["/bin/post", "--name", "a dog", "it's", ""].map(str::to_owned);
        assert_eq!(command_line(&argv), r"/bin/post --name 'a dog' 'it'\''s' ''");
    }

    #[test]
    fn times_are_short() {
        for (millis, text) in [
            (40, "0.0s"),
            (12_340, "12.3s"),
            (125_000, "2m05s"),
            (11_220_000, "3h07m"),
            (352_800_000, "4d02h"),
        ] {
            assert_eq!(elapsed(Duration::from_millis(millis)), text);
        }
    }
}
