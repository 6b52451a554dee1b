//! What sounds like a secret by its name, and what looks like one by itself.
//!
//! It decides what is warned of and what is covered where a manifest is shown, so it rather covers too much: a value
//! that was taken for a secret can be looked up in the file.

/// How the names of secrets end, word by word.
const SECRETS: [&str; 17] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "credential",
    "credentials",
    "apikey",
    "accesskey",
    "accountkey",
    "sharedkey",
    "privatekey",
    "connectionstring",
    "authorization",
    "cookie",
];
/// Last words that say that a name is about a secret and not one: where it is, or how it looks.
const ABOUT: [&str; 16] = [
    "url",
    "uri",
    "file",
    "path",
    "dir",
    "name",
    "id",
    "endpoint",
    "issuer",
    "vault",
    "ttl",
    "expiry",
    "length",
    "type",
    "version",
    "algorithm",
];
/// What stands in values that give a login or are one.
const MARKS: [&str; 10] = [
    "private key-----",
    "accountkey=",
    "sharedaccesskey=",
    "password=",
    "pwd=",
    "ghp_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "sk_live_",
];

/// Whether a name is one that secrets have: `API_TOKEN`, `dbPassword`, `Authorization`; not `TOKEN_URL`.
pub(super) fn sounds(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    if ABOUT.contains(&last.as_str()) {
        return false;
    }
    let whole = words.concat();
    let is_key = matches!(last.as_str(), "key" | "keys") && !words.iter().any(|word| word == "public");
    is_key
        || words.iter().any(|word| SECRETS.iter().any(|secret| word.ends_with(secret)))
        || SECRETS.iter().any(|secret| whole.ends_with(secret))
}

/// Whether a value gives a login or is one, whatever it is called.
pub(super) fn looks(value: &str) -> bool {
    // Most values are none, and are not looked at any further.
    let may_be = value.contains(['=', '_'])
        || ["://", "-----", "-"].iter().any(|mark| value.len() > 12 && value.contains(mark));
    if !may_be {
        return false;
    }
    let folded = value.to_ascii_lowercase();
    // What a shell fills in is none.
    let is_given = |secret: &str| {
        let secret = secret.trim_start_matches(['"', '\'']);
        !secret.is_empty() && !secret.starts_with(['$', '{', '<', '*', '&', ';', ' '])
    };
    let password = login(value).and_then(|login| value.get(login)?.split_once(':'));
    password.is_some_and(|(_, password)| is_given(password))
        || MARKS.iter().any(|mark| {
            folded.split_once(mark).is_some_and(|(_, rest)| mark.ends_with("-----") || is_given(rest))
        })
}

/// Where a URL in a text has a user name or a password before its host.
pub(super) fn login(text: &str) -> Option<std::ops::Range<usize>> {
    let start = text.find("://")? + "://".len();
    let host = text.get(start..)?;
    let host = host.split(['/', '?', '#', '"', '\'']).next().unwrap_or(host);
    let end = host.rfind('@')?;
    (!host[..end].contains(char::is_whitespace)).then_some(start..start + end)
}

/// What an argument of a command gives away by where it stands: `x` of `--password=x`, or `x` behind `--password`.
pub(super) fn given<'t>(before: &str, text: &'t str) -> Option<&'t str> {
    let is_flag = |text: &str| text.starts_with('-') && sounds(text);
    match text.split_once('=') {
        Some((flag, value)) if is_flag(flag) => Some(value),
        _ => (is_flag(before) && !before.contains('=') && !text.starts_with('-')).then_some(text),
    }
}

/// The words of a name in small letters: parted by what is no letter or digit, and by capitals inside.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (small && letter.is_uppercase()) {
            words.push(String::new());
        }
        small = letter.is_lowercase();
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_sound_so_and_others_do_not() {
        for name in [
            "PASSWORD",
            "DB_PASSWORD",
            "DBPASSWORD",
            "dbPassword",
            "API_KEY",
            "KEY",
            "ApiKey",
            "APIKEY",
            "TOKEN",
            "SECRET_TOKEN_2",
            "CONNECTION_STRING",
            "Authorization",
            "tls.key",
            "PASSWORD_1",
        ] {
            assert!(sounds(name), "{name}");
        }
        for name in [
            "MODE",
            "KEYBOARD",
            "MONKEY",
            "KEY_VAULT_NAME",
            "KEYVAULTNAME",
            "TOKEN_URL",
            "PASSWORD_FILE",
            "PUBLIC_KEY",
            "TOKENIZER",
            "SECRETARY",
            "ACCESS_KEY_ID",
            "",
        ] {
            assert!(!sounds(name), "{name}");
        }
    }

    #[test]
    fn logins_are_seen_in_values() {
        for value in [
            "postgres://u:p@db/x",
            "jdbc:sqlserver://u:p@h;x",
            "Server=x;Password=y",
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b",
            "-----BEGIN RSA PRIVATE KEY-----\nx",
            "ghp_0123456789",
        ] {
            assert!(looks(value), "{value}");
        }
        for value in ["psql password=$PASSWORD", "postgres://$USER:$PASSWORD@db"] {
            assert!(!looks(value), "{value}");
        }
        for value in
            ["https://example.com/a@b", "https://example.com", "git@github.com:a/b", "http://a b@c", "x"]
        {
            assert!(!looks(value) && login(value).is_none(), "{value}");
        }
        assert_eq!(login("https://token@github.com/a"), Some(8..13));
    }
}
