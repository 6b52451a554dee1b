//! `acitask emulator sink`: what tasks posted.

use acitask_emulator::sink::Post;
use clap::Args;
use serde::Deserialize;

use super::{local, none_ran};
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};
use crate::render::style::Label;
use crate::render::text::{counted, harmless};

/// Show what tasks posted to its sink.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  acitask emulator sink\n  acitask emulator sink --json")]
pub(crate) struct Sink {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Posts {
    posts: Vec<Post>,
}

/// Shows the posts, oldest first.
pub(crate) async fn sink(desk: &Desk, arguments: &Sink) -> Result<Code, Failure> {
    let Some(home) = project::found_home(desk)? else { return none_ran(desk) };
    let answer = local::ensure(desk, &home).await?.read("/_emulator/sink").await?;
    let Ok(Posts { posts }) = serde_json::from_value(answer) else {
        return Err(Failure::EmulatorRefuses("its answer is no list of posts".to_owned()));
    };
    let style = desk.screen.out;
    desk.screen.result(|out| {
        if arguments.json {
            return posts.iter().try_for_each(|post| writeln!(out, "{}", serde_json::to_string(post)?));
        }
        for Post { number, at, path, body } in &posts {
            let time = style.paint(Label::Aside, &at.strftime("%H:%M:%S").to_string());
            writeln!(out, "{number:>3}  {time}  {}  {}", harmless(path), harmless(&body.to_string()))?;
        }
        match posts.len() {
            0 => writeln!(out, "No posts."),
            count => writeln!(out, "{}.", counted(count, "post", "posts")),
        }
    })?;
    Ok(Code::DONE)
}
