//! `rapport eval`: asks questions whose documents are known, and tells how many were found, how many questions were
//! refused, and how long a search took. Everything is looked up and answered as `rapport serve` would.

mod question;
mod report;

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::answer::{Answerer, Query, Research};
use crate::app::{self, Backends, StartError};
use crate::config::Config;
use crate::event::{HistoryMessage, Source, Speaker, millis};
use crate::index;
use crate::knowledge::{Keep, Searched};
use crate::language::Lang;
use crate::llm::LlmError;
use crate::observe::Metrics;
use crate::tone;
use question::Question;
use report::{Asked, Report};

/// Adds the command's own flags.
pub fn add_flags(command: Command) -> Command {
    let file = Arg::new("questions").value_name("FILE").required(true).help(
        "One question a line as JSON: `id`, `question`, `kind`, `lang`, `history`, `relevant` (titles), `answer_contains`",
    );
    let json = Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Print one JSON object, and nothing else, to standard output");
    command.arg(file).arg(json)
}

/// Asks all questions of the file and prints the report.
pub async fn carry_out(config: Config, matches: &ArgMatches) -> Result<(), EvalError> {
    let path = matches.get_one::<String>("questions").map(PathBuf::from).unwrap_or_default();
    let questions = question::read(&path)?;
    for warning in config.url_warnings() {
        eprintln!("warning: {warning}");
    }
    let house = House::open(&config).await?;
    for (id, title) in house.unknown_titles(&questions) {
        eprintln!("warning: question {id}: no document has the title `{title}`");
    }
    let mut report = Report::default();
    for question in questions {
        report.add(house.ask(question).await?);
    }
    if report.degraded() > 0 {
        let degraded = report.degraded();
        eprintln!(
            "warning: {degraded} questions were not embedded, and searched by words: is --embeddings-url well?"
        );
    }
    if matches.get_flag("json") {
        println!("{}", report.json());
    } else {
        print!("{}", report.table());
    }
    Ok(())
}

/// What answers, without a server around it.
struct House {
    research: Research,
    answerer: Answerer,
}

impl House {
    async fn open(config: &Config) -> Result<Self, EvalError> {
        let library = app::library(config)?.ok_or(EvalError::NoDocuments)?;
        index::embed(&library, Keep::IfPossible).await.1.map_err(StartError::Index)?;
        let prompts = app::prompts(config)?;
        let chat = Backends::of(config, &prompts, &Metrics::new())?.chat;
        let research = app::research(library, chat.clone(), &prompts, config.passage_chars);
        let (answerer, _) = app::voices(chat, &prompts, config.context_tokens);
        Ok(Self { research, answerer })
    }

    /// The titles that answer questions and that no document has, with the questions' names.
    fn unknown_titles<'a>(&self, questions: &'a [Question]) -> Vec<(&'a str, &'a str)> {
        let knowledge = self.research.documents.current();
        let known: HashSet<&str> = knowledge.titles().map(|it| it.1).collect();
        let all =
            questions.iter().flat_map(|it| it.relevant.iter().map(|title| (it.id.as_str(), title.as_str())));
        all.filter(|it| !known.contains(it.1)).collect()
    }

    /// Asks a question behind its history; what of that has no answer is asked first.
    async fn ask(&self, question: Question) -> Result<Asked, EvalError> {
        let mut history: Vec<HistoryMessage> = Vec::new();
        for (at, said) in question.history.iter().enumerate() {
            history.push(said.message());
            let is_answered =
                question.history.get(at + 1).is_none_or(|next| next.speaker() == Speaker::House);
            let is_last = at + 1 == question.history.len();
            if said.speaker() == Speaker::Visitor && (is_last || !is_answered) {
                let earlier = history[..history.len() - 1].to_vec();
                let text = self.answer(&said.content, earlier, None).await?.answer;
                history.push(HistoryMessage { speaker: Speaker::House, text, tone: None });
            }
        }
        let lang = question.lang.as_deref().and_then(|it| it.parse().ok());
        let Replied { answer, sources, is_unknown, is_degraded, took_ms } =
            self.answer(&question.text, history, lang).await?;
        let is_answer_refused = tone::builtin::is_refusal(&answer);
        let is_refused = if self.answerer.is_builtin() { is_unknown } else { is_answer_refused };
        Ok(Asked { question, answer, sources, is_refused, is_answer_refused, is_degraded, took_ms })
    }

    /// What `rapport serve` would say, but for the tone.
    async fn answer(
        &self,
        question: &str,
        history: Vec<HistoryMessage>,
        lang: Option<Lang>,
    ) -> Result<Replied, EvalError> {
        let lang = lang.unwrap_or_else(|| Lang::of(question));
        let begun = Instant::now();
        let (standalone, _) = self.research.standalone(question, &history, lang).await;
        let Searched { passages, is_degraded } = self.research.passages(&standalone).await;
        let took_ms = millis(begun.elapsed());
        let mut sources: Vec<Source> = Vec::new();
        for passage in &passages {
            let source = &passage.source;
            if !sources.iter().any(|it| it.title == source.title && it.file == source.file) {
                sources.push(source.clone());
            }
        }
        let query = Query {
            question: question.to_owned(),
            standalone,
            lang,
            history,
            instructions: None,
            passages: Some(passages),
        };
        let is_unknown = !query.may_be_answered();
        let answer = self.answerer.answer(&query, None).generation.whole().await.map_err(EvalError::Model)?;
        Ok(Replied { answer, sources, is_unknown, is_degraded, took_ms })
    }
}

struct Replied {
    answer: String,
    /// Where it was looked up: each document once, best first.
    sources: Vec<Source>,
    /// Nothing that was found can answer, as far as its form tells.
    is_unknown: bool,
    /// It was searched by words alone although there are embeddings.
    is_degraded: bool,
    /// What the search took, the question's rewriting and embedding included.
    took_ms: f64,
}

/// Why the questions could not be asked.
#[derive(Debug)]
pub enum EvalError {
    /// The file of questions can't be read.
    Unreadable(PathBuf, std::io::Error),
    /// A line of it is no question.
    NoQuestion {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// It holds no line.
    NoQuestions(PathBuf),
    /// There is nothing to find.
    NoDocuments,
    /// A part is missing or broken.
    Start(StartError),
    /// The model doesn't answer.
    Model(LlmError),
}

impl From<StartError> for EvalError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(f, "can't read {}: {error}", path.display()),
            Self::NoQuestion { path, line, reason } => write!(
                f,
                "{}:{line}: {reason}\nhint: write one question a line: {{\"question\": \"...\", \"relevant\": [\"a title\"]}}",
                path.display()
            ),
            Self::NoQuestions(path) => write!(
                f,
                "{} holds no question\nhint: write one question a line: {{\"question\": \"...\", \"relevant\": [\"a title\"]}}",
                path.display()
            ),
            Self::NoDocuments => f.write_str("there is nothing to find\nhint: add --knowledge DIR"),
            Self::Start(error) => error.fmt(f),
            Self::Model(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EvalError {}
