//! Quantities without floats: cores, gigabytes, periods of time.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount in thousandths, so that `1`, `1.0` and `1.000` are one and the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Thousandths(u32);

impl Thousandths {
    /// So many thousandths.
    pub const fn new(thousandths: u32) -> Self {
        Self(thousandths)
    }

    /// The number of thousandths.
    pub const fn get(self) -> u32 {
        self.0
    }

    fn from_number(number: f64) -> Option<Self> {
        let scaled = (number * 1000.0).round();
        // Values up to u32::MAX thousandths are exact in an f64, so the cast loses nothing.
        (scaled >= 0.0 && scaled <= f64::from(u32::MAX)).then_some(Self(scaled as u32))
    }
}

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:03}", self.0 / 1000, self.0 % 1000);
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Serialize for Thousandths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1000) {
            serializer.serialize_u32(self.0 / 1000)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 1000.0)
        }
    }
}

impl<'de> Deserialize<'de> for Thousandths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Self::from_number(number).ok_or_else(|| de::Error::custom("a number from 0 to 4294967 was expected"))
    }
}

impl JsonSchema for Thousandths {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "exclusiveMinimum": 0, "maximum": 4_294_967})
    }
}

/// CPU cores.
pub type Cpu = Thousandths;

/// Memory in gigabytes, as Azure Container Instances counts it.
pub type Memory = Thousandths;

/// A period of time as people write it: `30s`, `2m`, `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(Duration);

impl Period {
    /// A period of so long.
    pub const fn new(duration: Duration) -> Self {
        Self(duration)
    }

    /// How long it is.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl std::str::FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let signed: SignedDuration = text.parse().map_err(|_| PeriodError)?;
        Duration::try_from(signed).map(Self).map_err(|_| PeriodError)
    }
}

/// The text is no period of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a period such as 30s, 2m or 1h30m was expected")]
pub struct PeriodError;

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.as_secs();
        let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
        let mut text = String::new();
        for (amount, unit) in [(hours, 'h'), (minutes, 'm'), (seconds, 's')] {
            if amount > 0 {
                text.push_str(&amount.to_string());
                text.push(unit);
            }
        }
        f.pad(if text.is_empty() { "0s" } else { &text })
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^([0-9]{1,6}h([0-9]{1,6}m)?([0-9]{1,6}s)?|[0-9]{1,6}m([0-9]{1,6}s)?|[0-9]{1,6}s)$", "examples": ["30s", "2m", "1h30m"]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_without_needless_zeros() {
        for (amount, text) in [(1000, "1"), (1500, "1.5"), (10, "0.01"), (0, "0"), (31_000, "31")] {
            assert_eq!(Thousandths::new(amount).to_string(), text);
        }
    }

    #[test]
    fn numbers_of_any_form_are_the_same_amount() -> Result<(), serde_json::Error> {
        for text in ["1", "1.0", "1.0000", "1e0"] {
            assert_eq!(serde_json::from_str::<Thousandths>(text)?, Thousandths::new(1000));
        }
        assert!(serde_json::from_str::<Thousandths>("-1").is_err());
        Ok(())
    }

    #[test]
    fn periods_round_trip() -> Result<(), PeriodError> {
        for text in ["30s", "2m", "1h30m", "24h"] {
            assert_eq!(text.parse::<Period>()?.to_string(), text);
        }
        assert!("soon".parse::<Period>().is_err());
        assert!("-5s".parse::<Period>().is_err());
        Ok(())
    }
}
