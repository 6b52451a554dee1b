//! The table of effects for people: what changing each field of a container group does, and who says so.

use std::io::{self, Write};

use crate::model::effect::{EFFECTS_VERSION, Effect, Field};
use crate::render::text::{columns, padded, wrapped};

/// Writes the table, grouped by effect, with its sources below it.
///
/// # Errors
/// What the writer refuses.
pub fn write(out: &mut dyn Write, width: usize) -> io::Result<()> {
    let mut flow = |text: &str| wrapped(text, width).iter().try_for_each(|line| writeln!(out, "{line}"));
    flow(&format!(
        "What changing a field does to a running container group (version {EFFECTS_VERSION} of the table):"
    ))?;
    let mut sources: Vec<&str> = Vec::new();
    let column = Field::ALL.iter().map(|field| columns(field.path())).max().unwrap_or_default();
    for effect in Effect::ALL {
        writeln!(out, "\n{effect}: {}", effect.says())?;
        for field in Field::ALL.into_iter().filter(|field| field.effect() == effect) {
            let source = field.source();
            let place = sources.iter().position(|known| *known == source).unwrap_or_else(|| {
                sources.push(source);
                sources.len() - 1
            });
            writeln!(out, "  {}  [{}]", padded(field.path(), column), place + 1)?;
        }
    }
    writeln!(out)?;
    let mut flow = |text: &str| wrapped(text, width).iter().try_for_each(|line| writeln!(out, "{line}"));
    flow(
        "Where the restart policy is not Always, and where the group is stopped, an update is a replace: \"terminated or \
         deleted container groups can't be updated\", and whether a group has finished changes by itself.",
    )?;
    flow("A resource group cannot be moved, so another location of one is an error and never a replace.")?;
    writeln!(out)?;
    for (place, source) in sources.iter().enumerate() {
        for (line, text) in wrapped(source, width.saturating_sub(4)).iter().enumerate() {
            match line {
                0 => writeln!(out, "[{}] {text}", place + 1)?,
                _ => writeln!(out, "    {text}")?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_stands_under_its_effect_and_has_a_source() -> io::Result<()> {
        for width in [80, 200] {
            let mut page = Vec::new();
            write(&mut page, width)?;
            let page = String::from_utf8_lossy(&page).into_owned();
            assert!(page.lines().all(|line| columns(line) <= width), "{page}");
            let (mut effect, mut told) = ("", 0);
            for line in page.lines() {
                if let Some(found) = Effect::ALL
                    .iter()
                    .map(Effect::to_string)
                    .find(|word| line.starts_with(&format!("{word}: ")))
                {
                    effect = Effect::ALL
                        .iter()
                        .map(|one| one.says())
                        .find(|says| line.ends_with(says))
                        .unwrap_or_default();
                    assert!(!effect.is_empty(), "{found}");
                } else if let Some((path, source)) = line.trim().split_once("  ")
                    && let Some(field) = Field::ALL.into_iter().find(|field| field.path() == path)
                {
                    assert_eq!(field.effect().says(), effect, "{path}");
                    assert!(page.contains(&format!("\n{} ", source.trim())), "{source}");
                    told += 1;
                }
            }
            assert_eq!(told, Field::ALL.len());
        }
        Ok(())
    }
}
