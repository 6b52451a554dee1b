//! An apply on a terminal: a line with a spinner for each step under way, everything that has been said above them.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::event::{Event, EventKind};
use crate::plan::{Plan, StepId};
use crate::render::lines::Lines;
use crate::render::style::Style;
use crate::render::text::wrapped;

/// Draws events on a terminal.
#[derive(Debug)]
pub struct Live {
    lines: Lines,
    terminal: MultiProgress,
    under_way: BTreeMap<StepId, ProgressBar>,
    style: Style,
}

impl Live {
    /// For the events of a plan, drawn on a target.
    pub fn new(plan: &Plan, target: ProgressDrawTarget, style: Style) -> Self {
        Self {
            lines: Lines::new(plan, style),
            terminal: MultiProgress::with_draw_target(target),
            under_way: BTreeMap::new(),
            style,
        }
    }

    /// Draws one event.
    ///
    /// # Errors
    /// Those of the terminal.
    pub fn tell(&mut self, event: &Event) -> std::io::Result<()> {
        let line = self.lines.line(event);
        match &event.kind {
            EventKind::StepBegan(step) => {
                let spinner = self.terminal.add(spinner(self.style));
                spinner.set_prefix(self.lines.title(*step));
                spinner.set_message(self.lines.phase(*step));
                spinner.enable_steady_tick(Duration::from_millis(100));
                self.under_way.insert(*step, spinner);
                Ok(())
            }
            EventKind::Progress { step, .. } => {
                if let Some(spinner) = self.under_way.get(step) {
                    spinner.set_message(self.lines.phase(*step));
                }
                Ok(())
            }
            EventKind::StepEnded { step, .. } => {
                if let Some(spinner) = self.under_way.remove(step) {
                    spinner.finish_and_clear();
                    self.terminal.remove(&spinner);
                }
                self.say(line)
            }
            EventKind::Log { .. } | EventKind::Retrying { .. } => self.say(line),
            EventKind::Ended(_) => self.terminal.clear(),
            EventKind::Began { .. } => Ok(()),
        }
    }

    /// Says something above the lines that are drawn again and again.
    ///
    /// # Errors
    /// Those of the terminal.
    pub fn remark(&self, text: &str) -> std::io::Result<()> {
        self.terminal.println(wrapped(text, self.style.width).join("\n"))
    }

    fn say(&self, line: Option<String>) -> std::io::Result<()> {
        line.map_or(Ok(()), |line| self.terminal.println(line))
    }
}

fn spinner(style: Style) -> ProgressBar {
    let template = if style.colour {
        "{spinner:.cyan} {elapsed:>5} {prefix}  {wide_msg}"
    } else {
        "{spinner} {elapsed:>5} {prefix}  {wide_msg}"
    };
    // The templates are ours and valid; a wrong one would only cost the layout.
    let layout = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(layout.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "))
}
