//! `$filter` on the lists of resources and resource groups.
//!
//! The forms are those of ARM's page "Resources - List": comparisons by `eq` and `ne` of `name`, `resourceType`,
//! `resourceGroup`, `location`, `tagName` and `tagValue` with a text in single quotes, `substringof('text', field)`,
//! `startswith(field, 'text')`, `and`, `or` and parentheses. All compare without regard to case. `tagName` and
//! `tagValue` mean the same tag.

use super::refusal::Refusal;
use super::tags::Tags;
use crate::contract::Request;

/// How deep parentheses may stand in each other.
const DEEPEST: usize = 20;

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) resource_group: &'a str,
    pub(crate) location: &'a str,
    pub(crate) tags: Option<&'a Tags>,
}

/// A filter; none wants everything.
#[derive(Debug)]
pub(crate) struct Filter(Option<Expression>);

#[derive(Debug)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Is(Field, Comparison, String),
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Equal,
    NotEqual,
    Contains,
    Begins,
}

#[derive(Clone, Copy, Debug)]
enum Field {
    Name,
    Kind,
    ResourceGroup,
    Location,
    TagName,
    TagValue,
}

impl Filter {
    /// The filter of a request.
    ///
    /// # Errors
    /// A filter of another form.
    pub(crate) fn of(request: &Request) -> Result<Self, Refusal> {
        let Some(text) = request.query.get("$filter").filter(|text| !text.trim().is_empty()) else {
            return Ok(Self(None));
        };
        let mut parser = Parser { words: words(text), at: 0 };
        let expression = parser.any(0).filter(|_| parser.at == parser.words.len());
        match expression {
            Some(expression) => Ok(Self(Some(expression))),
            None => Err(Refusal::InvalidFilter(text.clone())),
        }
    }

    /// Whether the filter lets it through.
    pub(crate) fn wants(&self, subject: &Subject) -> bool {
        let Some(expression) = &self.0 else {
            return true;
        };
        let tags = subject.tags.into_iter().flatten();
        let mut tags = tags.map(|(name, value)| Some((name.as_str(), value.as_str())));
        expression.holds(subject, None) || tags.any(|tag| expression.holds(subject, tag))
    }
}

impl Expression {
    fn holds(&self, subject: &Subject, tag: Option<(&str, &str)>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(subject, tag)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(subject, tag)),
            Self::Is(field, comparison, wanted) => {
                let value = match field {
                    Field::Name => subject.name,
                    Field::Kind => subject.kind,
                    Field::ResourceGroup => subject.resource_group,
                    Field::Location => subject.location,
                    Field::TagName | Field::TagValue => match (tag, field) {
                        (Some((name, _)), Field::TagName) => name,
                        (Some((_, value)), _) => value,
                        (None, _) => return false,
                    },
                };
                let value = value.to_lowercase();
                match comparison {
                    Comparison::Equal => value == *wanted,
                    Comparison::NotEqual => value != *wanted,
                    Comparison::Contains => value.contains(wanted),
                    Comparison::Begins => value.starts_with(wanted),
                }
            }
        }
    }
}

#[derive(Debug, PartialEq)]
enum Word {
    Name(String),
    Text(String),
    Mark(char),
}

/// The words of a filter; a text that does not end, or any other character, gives a mark that no rule takes.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\'' {
            let mut value = String::new();
            loop {
                match rest.next() {
                    // A quote in a text is doubled.
                    Some('\'') if rest.next_if_eq(&'\'').is_some() => value.push('\''),
                    Some('\'') => break words.push(Word::Text(value)),
                    Some(c) => value.push(c),
                    None => break words.push(Word::Mark('\'')),
                }
            }
        } else if c.is_alphanumeric() {
            let mut name = c.to_string();
            while let Some(c) = rest.next_if(|c| c.is_alphanumeric()) {
                name.push(c);
            }
            words.push(Word::Name(name.to_lowercase()));
        } else if !c.is_whitespace() {
            words.push(Word::Mark(c));
        }
    }
    words
}

struct Parser {
    words: Vec<Word>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<&Word> {
        self.at += 1;
        self.words.get(self.at - 1)
    }

    fn takes(&mut self, word: &Word) -> bool {
        let taken = self.words.get(self.at) == Some(word);
        self.at += usize::from(taken);
        taken
    }

    fn name(&mut self, name: &str) -> bool {
        self.takes(&Word::Name(name.to_owned()))
    }

    fn text(&mut self) -> Option<String> {
        match self.next()? {
            Word::Text(text) => Some(text.to_lowercase()),
            _ => None,
        }
    }

    fn field(&mut self) -> Option<Field> {
        let Word::Name(name) = self.next()? else {
            return None;
        };
        Some(match name.as_str() {
            "name" => Field::Name,
            "resourcetype" => Field::Kind,
            "resourcegroup" => Field::ResourceGroup,
            "location" => Field::Location,
            "tagname" => Field::TagName,
            "tagvalue" => Field::TagValue,
            _ => return None,
        })
    }

    fn any(&mut self, depth: usize) -> Option<Expression> {
        let mut parts = vec![self.all(depth)?];
        while self.name("or") {
            parts.push(self.all(depth)?);
        }
        Some(Expression::Any(parts))
    }

    fn all(&mut self, depth: usize) -> Option<Expression> {
        let mut parts = vec![self.one(depth)?];
        while self.name("and") {
            parts.push(self.one(depth)?);
        }
        Some(Expression::All(parts))
    }

    fn one(&mut self, depth: usize) -> Option<Expression> {
        let (open, close, comma) = (Word::Mark('('), Word::Mark(')'), Word::Mark(','));
        if depth > DEEPEST {
            return None;
        }
        if self.takes(&open) {
            let inner = self.any(depth + 1)?;
            return self.takes(&close).then_some(inner);
        }
        if self.name("substringof") {
            let opened = self.takes(&open);
            let text = self.text()?;
            let between = self.takes(&comma);
            let field = self.field()?;
            let whole = opened && between && self.takes(&close);
            return whole.then_some(Expression::Is(field, Comparison::Contains, text));
        }
        if self.name("startswith") {
            let opened = self.takes(&open);
            let field = self.field()?;
            let between = self.takes(&comma);
            let text = self.text()?;
            let whole = opened && between && self.takes(&close);
            return whole.then_some(Expression::Is(field, Comparison::Begins, text));
        }
        let field = self.field()?;
        let comparison = match self.next()? {
            Word::Name(name) if name == "eq" => Comparison::Equal,
            Word::Name(name) if name == "ne" => Comparison::NotEqual,
            _ => return None,
        };
        let text = self.text()?;
        let text = if matches!(field, Field::Location) { text.replace(' ', "") } else { text };
        Some(Expression::Is(field, comparison, text))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn filter(text: &str) -> Result<Filter, Refusal> {
        let query = [("$filter".to_owned(), text.to_owned())].into();
        let (method, path, origin) = (String::new(), String::new(), String::new());
        Filter::of(&Request { method, path, query, body: Bytes::new(), origin })
    }

    #[test]
    fn what_filters_want() -> Result<(), Refusal> {
        let tags: Tags =
            [("Owner", "us"), ("cost", "c-17")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        let subject = Subject {
            name: "nightly",
            kind: "Microsoft.ContainerInstance/containerGroups",
            resource_group: "Rg",
            location: "westeurope",
            tags: Some(&tags),
        };
        let rows = [
            ("", true),
            ("tagName eq 'owner'", true),
            ("tagName eq 'owner' and tagValue eq 'us'", true),
            ("tagName eq 'owner' and tagValue eq 'c-17'", false),
            ("tagValue eq 'c-17'", true),
            ("startswith(tagName, 'own')", true),
            ("startswith(tagName,'x')", false),
            ("resourceType eq 'microsoft.containerinstance/containergroups'", true),
            ("resourceType ne 'Microsoft.ContainerInstance/containerGroups'", false),
            ("resourceGroup eq 'rg' and location eq 'West Europe'", true),
            ("substringof('ight', name)", true),
            ("name eq 'x' or name eq 'nightly'", true),
            ("(name eq 'x' or name eq 'nightly') and location eq 'eastus'", false),
            ("name eq 'it''s'", false),
        ];
        for (text, wanted) in rows {
            assert_eq!(filter(text)?.wants(&subject), wanted, "{text}");
        }
        let without = Subject { tags: None, ..subject };
        assert!(!filter("tagName eq 'owner'")?.wants(&without));
        assert!(filter("name eq 'nightly'")?.wants(&without));
        Ok(())
    }

    #[test]
    fn what_is_no_filter() {
        let deep = format!("{}name eq 'a'{}", "(".repeat(10_000), ")".repeat(10_000));
        let rows = [
            "name",
            "name eq",
            "name eq 'a",
            "name eq a",
            "name lt 'a'",
            "color eq 'a'",
            "name eq 'a' and",
            "(name eq 'a'",
            "name eq 'a')",
            "substringof('a', name",
            "'a' eq name",
            &deep,
        ];
        for text in rows {
            assert_eq!(filter(text).err(), Some(Refusal::InvalidFilter(text.to_owned())), "{text}");
        }
    }
}
