//! Rows under a line of titles; where the terminal is too narrow for them, each row by itself.

use std::io::{self, Write};

use crate::render::style::{Label, Style};
use crate::render::text::{columns, harmless, padded, parted};

/// Writes columns as wide as their widest cell; a column without a cell is left out. Where the rows do not fit, the first
/// cell of each stands alone, and the others below it with their titles, so that the terminal breaks no line.
///
/// # Errors
/// Those of `out`.
pub fn grid(out: &mut dyn Write, titles: &[&str], rows: Vec<Vec<String>>, style: Style) -> io::Result<()> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| harmless(cell)).collect()).collect();
    let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
    let widest = |column: usize| rows.iter().map(|row| columns(&cell(row, column))).max().unwrap_or(0);
    let shown: Vec<(usize, &str, usize)> = titles
        .iter()
        .enumerate()
        .map(|(column, title)| (column, *title, widest(column)))
        .filter(|(.., width)| *width > 0)
        .map(|(column, title, width)| (column, title, width.max(columns(title))))
        .collect();
    let line = |text: &dyn Fn(usize, &str) -> String| {
        let cells = shown.iter().map(|(column, title, width)| padded(&text(*column, title), *width));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let lines: Vec<String> = rows.iter().map(|row| line(&|column, _| cell(row, column))).collect();
    if lines.iter().all(|line| columns(line) <= style.width) {
        let titles = line(&|_, title| title.to_owned());
        writeln!(out, "{}", style.paint(Label::Aside, &titles))?;
        return lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    }
    for row in &rows {
        let mut cells = shown.iter().map(|(column, title, _)| (*title, cell(row, *column)));
        if let Some((_, first)) = cells.next() {
            writeln!(out, "{first}")?;
        }
        let told = cells.filter(|(_, cell)| !cell.is_empty());
        let told: Vec<String> =
            told.map(|(title, cell)| format!("{} {cell}", title.to_lowercase())).collect();
        parted(&told, style.narrowed(2).width).iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn shown(width: usize) -> Result<String, Box<dyn Error>> {
        let rows = [
            ["nightly/web", "Running", "", "0", "nightly-web.westeurope.azurecontainer.io"],
            ["nightly/worker", "Waiting", "", "12", ""],
        ];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec()).to_vec();
        let mut out = Vec::new();
        let titles = ["GROUP", "STATE", "EXIT", "RESTARTS", "ADDRESS"];
        grid(&mut out, &titles, rows, Style { width, ..Style::PLAIN })?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn rows_that_fit_are_a_table() -> Result<(), Box<dyn Error>> {
        insta::assert_snapshot!(shown(80)?, @r"
        GROUP           STATE    RESTARTS  ADDRESS
        nightly/web     Running  0         nightly-web.westeurope.azurecontainer.io
        nightly/worker  Waiting  12
        ");
        Ok(())
    }

    #[test]
    fn rows_that_do_not_fit_stand_by_themselves() -> Result<(), Box<dyn Error>> {
        insta::assert_snapshot!(shown(60)?, @r"
        nightly/web
          state Running · restarts 0
          address nightly-web.westeurope.azurecontainer.io
        nightly/worker
          state Waiting · restarts 12
        ");
        insta::assert_snapshot!(shown(40)?, @r"
        nightly/web
          state Running · restarts 0
          address
          nightly-web.westeurope.azurecontainer.io
        nightly/worker
          state Waiting · restarts 12
        ");
        Ok(())
    }
}
