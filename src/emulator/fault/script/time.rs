//! Times of a script as people write them: `90s`, `1m 30s`, `PT1H`.

use std::fmt;

use jiff::SignedDuration;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::ser::Serializer;

pub(super) fn serialize<S: Serializer>(time: &SignedDuration, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{time:#}"))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SignedDuration, D::Error> {
    from.deserialize_str(Time)
}

struct Time;

impl Visitor<'_> for Time {
    type Value = SignedDuration;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a time like 90s, 1m 30s or PT1H")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SignedDuration, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// The same where there may be none.
pub(super) mod maybe {
    use jiff::SignedDuration;
    use serde::de::{Deserialize, Deserializer};
    use serde::ser::Serializer;

    #[derive(serde::Deserialize)]
    struct Given(#[serde(with = "super")] SignedDuration);

    pub(in super::super) fn serialize<S: Serializer>(
        time: &Option<SignedDuration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, to),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SignedDuration>, D::Error> {
        Ok(Option::<Given>::deserialize(from)?.map(|Given(time)| time))
    }
}
