//! `rapport index`: embeds documents before they are served, and says which can't be read.

use std::cell::Cell;

use clap::{Arg, ArgAction, ArgMatches, Command};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::{self, StartError};
use crate::config::Config;
use crate::knowledge::{Keep, Library, LibraryError, Progress};

/// Adds the command's own flags.
pub fn add_flags(command: Command) -> Command {
    let command = command.arg(
        Arg::new("rebuild")
            .long("rebuild")
            .action(ArgAction::SetTrue)
            .help("Make all embeddings anew, also those of another model"),
    );
    command.arg(
        Arg::new("titles")
            .long("titles")
            .action(ArgAction::SetTrue)
            .help("Print every document's file and title, and embed nothing"),
    )
}

/// Reads the documents, embeds what is not embedded yet, and prints what was done. What was embedded before an error
/// is kept: the next run goes on from there.
pub async fn carry_out(config: Config, matches: &ArgMatches) -> Result<(), StartError> {
    if matches.get_flag("titles") {
        return titles(&config);
    }
    for warning in config.url_warnings() {
        eprintln!("warning: {warning}");
    }
    let keep = if matches.get_flag("rebuild") { Keep::Anew } else { Keep::Always };
    if keep == Keep::Anew && config.embeddings.is_none() {
        return Err(StartError::NoEmbeddings);
    }
    let Some(library) = app::library(&config)? else { return Ok(()) };
    let knowledge = library.current();
    for skipped in knowledge.skipped() {
        println!("skipped {skipped}");
    }
    if !knowledge.ignored().is_empty() {
        let kind = |(extension, files): (&String, &usize)| match extension.as_str() {
            "" => format!("{files} without an extension"),
            extension => format!("{files} .{extension}"),
        };
        let kinds: Vec<String> = knowledge.ignored().iter().map(kind).collect();
        println!("passed over, of kinds that are not read: {}", kinds.join(", "));
    }
    let merged = match knowledge.merged() {
        0 => String::new(),
        merged => format!("; {merged} more say the same as another"),
    };
    println!("{}{merged}", knowledge.size());
    if !library.is_embedding() {
        println!(
            "nothing is embedded: without --embeddings-url the search goes by words, and needs no index"
        );
        return Ok(());
    }
    let (Progress { done, all, new }, embedded) = embed(&library, keep).await;
    for refused in library.refused() {
        println!("not embedded {refused}");
    }
    if all > 0 {
        println!("{done} of {all} passages are embedded, {new} of them now");
    }
    embedded.map_err(StartError::Index)?;
    let dropped = library.prune().await.map_err(StartError::Index)?;
    if dropped > 0 {
        println!("dropped of former passages: {dropped}");
    }
    Ok(())
}

/// Prints the titles as sources name them, which is what `relevant` of an evaluation's questions has.
fn titles(config: &Config) -> Result<(), StartError> {
    let Some(library) = app::library(config)? else { return Ok(()) };
    for (file, title) in library.current().titles() {
        println!("{file}\t{title}");
    }
    Ok(())
}

/// Embeds with a progress bar on standard error, where that is a terminal; how far it came, and what ended it.
pub(crate) async fn embed(library: &Library, keep: Keep) -> (Progress, Result<(), LibraryError>) {
    let style = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len} passages, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
    let last = Cell::new(Progress::default());
    let told = |progress: Progress| {
        last.set(progress);
        bar.set_length(progress.all as u64);
        bar.set_position(progress.done as u64);
    };
    let embedded = library.embed(keep, told).await;
    bar.finish_and_clear();
    (last.get(), embedded)
}
