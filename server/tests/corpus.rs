//! Retrieval, the built-in engine and the guards against a real corpus: a research institute's 255 documents, all in
//! Traditional Chinese, with questions of six kinds.
//!
//! The corpus is not part of the project. `RAPPORT_TEST_CORPUS` names a directory with `itri/` (the documents)
//! and `itri-questions.dev.jsonl` (the questions, each with the titles that answer it and what an answer
//! must contain).

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use rapport::answer::builtin;
use rapport::knowledge::Knowledge;
use rapport::language::{Lang, is_han, sentence};
use rapport::tone::{facts, script::Traditional};
use serde_json::Value;

/// The characters that a prompt has for passages.
const PASSAGE_CHARS: usize = 2_500;

fn corpus() -> PathBuf {
    std::env::var_os("RAPPORT_TEST_CORPUS")
        .expect("set RAPPORT_TEST_CORPUS to the directory that holds itri/ and itri-questions.dev.jsonl")
        .into()
}

fn knowledge() -> Knowledge {
    Knowledge::load(&[corpus().join("itri")]).expect("the corpus loads")
}

fn questions() -> Vec<Value> {
    let text = std::fs::read_to_string(corpus().join("itri-questions.dev.jsonl"))
        .expect("the questions can be read");
    text.lines().map(|line| serde_json::from_str(line).expect("a question is a JSON object")).collect()
}

/// Counts hits by kind: (hits, of).
#[derive(Default)]
struct Tally(BTreeMap<String, (u32, u32)>);

impl Tally {
    fn add(&mut self, kind: &str, hit: bool) {
        let (hits, of) = self.0.entry(kind.to_owned()).or_default();
        *hits += u32::from(hit);
        *of += 1;
    }

    fn share(&self, kind: &str) -> f64 {
        self.0.get(kind).map_or(0.0, |&(hits, of)| f64::from(hits) / f64::from(of))
    }
}

fn field<'a>(question: &'a Value, name: &str) -> &'a str {
    question[name].as_str().unwrap_or_default()
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The question, with what it refers to if it is a follow-up.
fn standalone(question: &Value) -> String {
    let said = |role: &str| {
        let history = question["history"].as_array().into_iter().flatten().rev();
        history.clone().find(|it| it["role"] == role).map_or("", |it| field(it, "content")).to_owned()
    };
    builtin::standalone(field(question, "question"), &said("user"), &said("assistant"))
}

#[test]
fn questions_find_their_documents() {
    let knowledge = knowledge();
    let mut tally = Tally::default();
    for question in questions() {
        let relevant = strings(&question["relevant"]);
        if relevant.is_empty() {
            continue;
        }
        let found = knowledge.search(&standalone(&question), None, PASSAGE_CHARS);
        let hit = found.iter().any(|it| relevant.contains(&&*it.source.title));
        if !hit {
            println!("missed {}: {}", field(&question, "id"), field(&question, "question"));
        }
        tally.add(field(&question, "kind"), hit);
    }
    println!("recall@6: {:?}", tally.0);
    assert!(tally.share("lexical") >= 1.0);
    assert!(tally.share("numeric") >= 1.0);
}

#[test]
fn the_built_in_engine_answers_and_refuses() {
    let knowledge = knowledge();
    let mut tally = Tally::default();
    for question in questions() {
        let text = standalone(&question);
        let found = knowledge.search(&text, None, PASSAGE_CHARS);
        let answer = builtin::extract(&text, Lang::of(field(&question, "question")), &found).text;
        assert!(answer.chars().count() <= 600, "{answer}");
        let mut alternatives = question["answer_contains"].as_array().into_iter().flatten();
        let hit = alternatives.any(|it| {
            let any = strings(it);
            any.iter().any(|expected| answer.to_lowercase().contains(&expected.to_lowercase()))
        });
        println!("{} {}\n  {text}\n  {answer}", if hit { "ok  " } else { "MISS" }, field(&question, "id"));
        tally.add(field(&question, "kind"), hit);
    }
    println!("answers: {:?}", tally.0);
    let (hits, of) = tally
        .0
        .iter()
        .filter(|(kind, _)| *kind != "unanswerable")
        .fold((0, 0), |sum, (_, it)| (sum.0 + it.0, sum.1 + it.1));
    assert!(f64::from(hits) >= 0.6 * f64::from(of), "{hits} of {of} answerable questions answered");
}

#[test]
fn both_languages_are_answered_from_the_corpus() {
    let knowledge = knowledge();
    for (question, expect) in [("What is ITRI?", "1973"), ("工研院是什麼？", "1973"), ("X-STORE", "統一超商")]
    {
        let found = knowledge.search(question, None, PASSAGE_CHARS);
        let answer = builtin::extract(question, Lang::of(question), &found).text;
        println!("{question} {answer}");
        assert!(answer.contains(expect), "{question}: {answer}");
    }
}

/// Every text of every document.
fn texts() -> Vec<String> {
    let mut documents = 0;
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(corpus().join("itri")).expect("the corpus can be listed") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a document can be read");
        let list: Vec<serde_json::Map<String, Value>> =
            serde_json::from_str(&text).expect("a list of objects");
        documents += list.len();
        for document in list {
            texts.extend(document.values().filter_map(Value::as_str).map(str::to_owned));
        }
    }
    assert_eq!(documents, 255);
    texts
}

/// The text through the script guard, a character at a time.
fn turned(text: &str) -> String {
    let mut stream = Traditional::default();
    let mut out = String::new();
    for c in text.chars() {
        out.push_str(&stream.push(c.encode_utf8(&mut [0; 4])));
    }
    out.push_str(&stream.finish());
    out
}

#[test]
fn traditional_documents_pass_the_script_guard_unchanged() {
    for text in texts() {
        assert_eq!(turned(&text), text);
    }
}

/// Simplified is made by reading the guard's table backwards, and must come back.
#[test]
fn simplified_documents_come_back_as_they_were() {
    let lines = |file: &'static str| file.lines().filter(|line| !line.starts_with('#'));
    let mut simplified = HashMap::new();
    for line in lines(include_str!("../src/tone/script/characters.txt")) {
        let characters: Vec<char> = line.chars().collect();
        simplified.extend(characters.chunks(2).map(|pair| (pair[1], pair[0])));
    }
    for line in lines(include_str!("../src/tone/script/contexts.txt")) {
        let pair: Vec<char> = line.chars().take(2).collect();
        simplified.insert(pair[1], pair[0]);
    }
    let (mut right, mut of, mut han) = (0, 0, 0);
    for text in texts() {
        let rendered: String = text.chars().map(|c| *simplified.get(&c).unwrap_or(&c)).collect();
        let restored = turned(&rendered);
        assert_eq!(restored.chars().count(), text.chars().count());
        for ((expect, from), got) in text.chars().zip(rendered.chars()).zip(restored.chars()) {
            han += u32::from(is_han(expect));
            if from == expect {
                assert_eq!(got, expect, "{rendered}");
            } else {
                of += 1;
                right += u32::from(got == expect);
            }
        }
    }
    println!("{right} of {of} simplified characters (of {han} ideographs) restored");
    assert!(f64::from(right) >= 0.995 * f64::from(of));
}

#[test]
fn documents_keep_the_facts_that_they_state() {
    for text in texts() {
        assert_eq!(facts::missing(&text, &text), Vec::<String>::new(), "{text}");
        for said in sentence::split(&text) {
            assert_eq!(
                facts::unsupported(said, false, [text.as_str()]),
                Vec::<String>::new(),
                "{said} of {text}"
            );
        }
    }
}
