//! A page of a list whose items are text already.

use std::fmt;
use std::sync::Arc;

/// A page of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Page {
    /// Its items, each a JSON document.
    pub items: Vec<Arc<str>>,
    /// Where the list goes on; none: it ends here.
    pub next_link: Option<String>,
}

impl Page {
    /// The page as a JSON document: `{"value": […]}`, with `nextLink` where it goes on.
    pub fn text(&self) -> String {
        let Self { items, next_link } = self;
        let length: usize = items.iter().map(|item| item.len() + 1).sum();
        let mut text = String::with_capacity(length + 512);
        if let Some(next_link) = next_link {
            text.push_str("{\"nextLink\":");
            text.push_str(&serde_json::Value::from(next_link.as_str()).to_string());
            text.push_str(",\"value\":[");
        } else {
            text.push_str("{\"value\":[");
        }
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            text.push_str(item);
        }
        text.push_str("]}");
        text
    }
}

/// How many items it has: what they show is their owner's.
impl fmt::Debug for Page {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, next_link } = self;
        out.debug_struct("Page").field("items", &items.len()).field("next_link", next_link).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Page;

    #[test]
    fn the_text_is_the_document() -> Result<(), serde_json::Error> {
        let rows: [(&[&str], Option<&str>, Value); 3] = [
            (&[], None, json!({"value": []})),
            (&[r#"{"a":1}"#], None, json!({"value": [{"a": 1}]})),
            (
                &[r#"{"a":1}"#, "2"],
                Some("http://x/\"y"),
                json!({"value": [{"a": 1}, 2], "nextLink": "http://x/\"y"}),
            ),
        ];
        for (items, next_link, wanted) in rows {
            let items = items.iter().map(|item| (*item).into()).collect();
            let page = Page { items, next_link: next_link.map(str::to_owned) };
            assert_eq!(serde_json::from_str::<Value>(&page.text())?, wanted);
        }
        Ok(())
    }
}
