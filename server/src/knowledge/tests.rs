use std::fs;
use std::path::Path;

use super::vectors::{Vectors, quantized};
use super::{Knowledge, MAX_PASSAGE_CHARS, MAX_PASSAGES};

/// Files by name in a directory of their own.
fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn load(path: &Path) -> Result<Knowledge, String> {
    Knowledge::load(&[path.to_owned()]).map_err(|error| error.to_string())
}

/// The titles found, joined by a bar.
fn titles(knowledge: &Knowledge, question: &str) -> String {
    let found = knowledge.search(question, None, 2_500);
    found.iter().map(|it| it.source.title.to_string()).collect::<Vec<_>>().join("|")
}

#[test]
fn all_shapes_and_kinds() {
    let directory = directory(&[
        (
            "b/items.json",
            "\u{FEFF}[
            {\"question\": \"Where is the loom?\", \"answer\": \"In the attic.\", \"more\": 1},
            {\"term\": \"VLM\", \"full_name\": \"vision language model\", \"content\": \"It describes pictures.\"},
            {\"date\": \"2025-03-01\", \"title\": \"Night\", \"content\": \"The doors stay open.\"},
            {\"title\": \"鐘\", \"content\": \"鐘在入口大廳。\"},
            {\"title\": \"鐘\", \"content\": \"鐘在入口大廳。\"},
            {\"title\": \"empty\", \"content\": \" \"}]"
                .as_bytes(),
        ),
        ("a.md", b"# Visit\n\nOpen **daily**\nfrom 9.\n\n## Way\n\n- [Bus](http://x) 7\n- Walk\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
        ("c.TXT", b"A title\n\nThe garden has a very old tree that so many visitors\ncome to see every spring."),
        ("d.txt", b"Only a sentence. And one."),
        ("picture.png", b"\x89PNG"),
        (".hidden.json", b"not json"),
    ]);
    let knowledge = load(directory.path()).unwrap();
    assert_eq!((knowledge.documents(), knowledge.len(), knowledge.ignored()["png"]), (9, 8, 1));
    let skipped: Vec<_> = knowledge.skipped().iter().map(|it| (it.item, &*it.reason)).collect();
    assert_eq!(skipped, [(Some(6), "its `content` is empty")]);
    assert_eq!(knowledge.skipped_files(), 0);
    assert_eq!(knowledge.titles().filter(|it| *it == ("b/items.json", "鐘")).count(), 1);
    for (question, title, text, file) in [
        ("Where is the loom?", "Where is the loom?", "In the attic.", "b/items.json"),
        ("What is a VLM?", "VLM", "VLM: vision language model\nIt describes pictures.", "b/items.json"),
        ("open doors", "Night", "2025-03-01: The doors stay open.", "b/items.json"),
        ("入口大廳有什麼？", "鐘", "鐘在入口大廳。", "b/items.json"),
        ("daily", "Visit", "Open daily from 9.", "a.md"),
        ("bus", "Visit › Way", "Bus 7\nWalk\n1: 2.", "a.md"),
        (
            "old tree",
            "A title",
            "The garden has a very old tree that so many visitors come to see every spring.",
            "c.TXT",
        ),
        ("sentence", "d", "Only a sentence. And one.", "d.txt"),
    ] {
        let found = knowledge.search(question, None, 2_500);
        let found = found.first().unwrap_or_else(|| panic!("{question} finds nothing"));
        assert_eq!(
            (&*found.source.title, &*found.text, &*found.source.file),
            (title, text, file),
            "{question}"
        );
    }
}

#[test]
fn errors_name_the_file_and_the_remedy() {
    for (name, content, expect) in [
        (
            "a.json",
            &b"[{\"title\": \"x\",\n \"content\" 1}]"[..],
            "a.json:2:12: malformed JSON: expected `:`\nhint: correct the file",
        ),
        ("a.json", b"{}", "a.json: not a JSON list\nhint: "),
        (
            "a.json",
            b"[{\"title\": \"x\", \"content\": \"y\"}, {\"name\": 1}]",
            "a.json: item 2 has no known shape (its fields: name)\nhint: an item has",
        ),
        (
            "a.json",
            b"[{\"title\": \"x\", \"content\": 5}]",
            "a.json: item 1: its `content` is a number, not a text\nhint: ",
        ),
        (
            "a.json",
            b"[{\"title\": [], \"content\": \"y\"}]",
            "a.json: item 1: its `title` is a list, not a text",
        ),
        ("a.json", b"[7]", "a.json: item 1 is not an object with fields"),
        ("a.json", b"[]", " holds no documents (.json, .md, .txt, .html, .pdf)\nhint: "),
        ("a.png", b"x", " holds no documents (.json, .md, .txt, .html, .pdf)\nhint: "),
        ("a.txt", b"one\n\xff", "a.txt: line 2 is not UTF-8; save the file as UTF-8\nhint: "),
    ] {
        let directory = directory(&[(name, content)]);
        let error = load(directory.path()).unwrap_err();
        assert!(error.contains(expect) && error.contains(&directory.path().display().to_string()), "{error}");
    }
    let directory = directory(&[("a.png", b"x")]);
    assert!(load(&directory.path().join("none")).unwrap_err().starts_with("no such file or directory: "));
    assert!(load(&directory.path().join("a.png")).unwrap_err().contains("a.png is no .json, .md, "));
}

#[test]
fn what_cant_be_read_is_told_and_the_rest_is_served() {
    let directory = directory(&[
        ("good.md", b"# Clock\n\nThe clock is tall."),
        ("broken.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type"),
        ("empty.txt", b""),
        ("blank.json", b" \n"),
        ("latin.txt", b"caf\xe9"),
    ]);
    let large = fs::File::create(directory.path().join("large.txt")).unwrap();
    large.set_len(50 << 20).unwrap();
    let knowledge = load(directory.path()).unwrap();
    assert_eq!(knowledge.len(), 1);
    let told: Vec<_> = knowledge
        .skipped()
        .iter()
        .map(|it| format!("{}: {}", it.path.file_name().unwrap().to_string_lossy(), it.reason))
        .collect();
    for (told, expect) in told.iter().zip([
        "blank.json: it holds no text",
        "broken.pdf: no PDF that can be read: ",
        "empty.txt: it holds no text",
        "large.txt: 50 MiB are too much; split it into files of at most 32 MiB",
        "latin.txt: line 1 is not UTF-8",
    ]) {
        assert!(told.starts_with(expect), "{told}");
    }
    assert_eq!(told.len(), 5);
}

#[test]
fn a_file_can_be_named_itself_and_several_paths() {
    let directory = directory(&[("a.txt", b"The clock."), ("b.md", b"The loom.")]);
    let paths = ["a.txt", "b.md"].map(|name| directory.path().join(name));
    let knowledge = Knowledge::load(&paths).unwrap();
    assert_eq!(knowledge.len(), 2);
    assert_eq!(&*knowledge.search("loom", None, 100)[0].source.file, "b.md");
}

#[test]
fn what_is_named_twice_is_read_once() {
    let directory = directory(&[
        ("a/x.md", b"The clock."),
        ("a/b/y.markdown", b"The loom."),
        ("z.xhtml", b"<p>The lens.</p>"),
    ]);
    let paths = ["", "a", "a/b/y.markdown"].map(|name| directory.path().join(name));
    assert_eq!(Knowledge::load(&paths).unwrap().documents(), 3);
}

#[test]
fn a_mistake_is_told_with_all_that_cant_be_read() {
    let directory =
        directory(&[("a.json", b"{"), ("b.json", b"[7]"), ("c.txt", b"\xff"), ("d.txt", b"The clock.")]);
    let error = load(directory.path()).unwrap_err();
    for expect in [
        "a.json:1:1: malformed JSON",
        "not read either:\n",
        "b.json: item 1 has no",
        "c.txt: line 1 is not UTF-8",
        "\nhint: correct",
    ] {
        assert!(error.contains(expect), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    let directory = directory(&[("a/x.txt", b"The clock.")]);
    std::os::unix::fs::symlink(directory.path(), directory.path().join("a/up")).unwrap();
    std::os::unix::fs::symlink("/nowhere", directory.path().join("a/gone.txt")).unwrap();
    let knowledge = load(directory.path()).unwrap();
    assert_eq!(knowledge.len(), 1);
    let skipped: Vec<_> =
        knowledge.skipped().iter().map(|it| (it.path.file_name().unwrap(), &*it.reason)).collect();
    assert_eq!(skipped[1], (std::ffi::OsStr::new("up"), "a link to a directory that it is in"));
    assert_eq!(skipped[0], (std::ffi::OsStr::new("gone.txt"), "a link to nothing"));
}

#[test]
fn searches_keep_to_their_limits() {
    let sentence = "The clock strikes every hour of the day. ";
    let text = sentence.repeat(200);
    let directory = directory(&[("a.txt", text.as_bytes()), ("b.txt", "鐘".repeat(1_000).as_bytes())]);
    let knowledge = load(directory.path()).unwrap();
    for most in [0, 10, 40, 41, 100, 500, 2_500] {
        let found = knowledge.search("clock hour", None, most);
        let chars: usize = found.iter().map(|it| it.text.chars().count()).sum();
        assert!(chars <= most && found.len() <= MAX_PASSAGES, "{chars} of {most}");
        assert_eq!(found.is_empty(), most < 40, "{most}");
        assert!(found.iter().all(|it| it.text.ends_with('.')), "cut inside a sentence");
        assert!(found.windows(2).all(|pair| pair[0].source.score >= pair[1].source.score));
    }
    assert!(
        knowledge.search("鐘", None, 9_999).iter().all(|it| it.text.chars().count() <= MAX_PASSAGE_CHARS)
    );
}

#[test]
fn nothing_fits() {
    let knowledge = Knowledge::sample();
    for question in ["", "？", "the", "quantum chromodynamics", "蕃薯葫蘆", "\u{0}"] {
        assert_eq!(titles(&knowledge, question), "", "{question}");
    }
    assert!(Knowledge::default().search("clock", None, 2_500).is_empty());
}

#[test]
fn definitions_come_first() {
    let directory = directory(&[(
        "a.json",
        r#"[{"title": "ABC Europe (ABC Europe)", "content": "ABC Europe of ABC is ABC's seat in Berlin. ABC ABC."},
            {"title": "概況", "content": "Alpha Beta Center（ABC），簡稱阿貝，是研究機構。"},
            {"title": "阿貝新聞", "content": "阿貝今天開放。阿貝很大。"},
            {"title": "ABC prize", "content": "The ABC prize goes to ABC."}]"#
            .as_bytes(),
    )]);
    let knowledge = load(directory.path()).unwrap();
    for question in [
        "What is ABC?",
        "what's the ABC",
        "ABC是什麼？",
        "阿貝是什麼？",
        "請介紹一下阿貝",
        "Tell me about Alpha Beta Center.",
    ] {
        assert!(
            titles(&knowledge, question).starts_with("概況"),
            "{question}: {}",
            titles(&knowledge, question)
        );
    }
}

/// Documents a, b, c ... with those vectors.
fn embedded(vectors: &[[f32; 2]]) -> Knowledge {
    let items = vectors.iter().enumerate().map(|(at, _)| {
        let name = char::from(b'a' + u8::try_from(at).unwrap());
        format!(r#"{{"term": "Term{name}", "content": "It is the {name} of {at}."}}"#)
    });
    let list = format!("[{}]", items.collect::<Vec<_>>().join(","));
    let knowledge = load(directory(&[("a.json", list.as_bytes())]).path()).unwrap();
    let rows: Vec<_> = (0..).zip(vectors.iter().map(|it| quantized(it))).collect();
    knowledge.set_vectors(Vectors::new(&rows));
    knowledge
}

#[test]
fn a_meaning_stands_out_from_more_than_one_other_and_from_such_as_differ() {
    let found = |vectors: &[[f32; 2]]| embedded(vectors).search("quantum", Some(&[1.0, 0.0]), 500).len();
    assert_eq!(found(&[[1.0, 0.0], [0.0, 1.0]]), 0); // of two, one always is the nearer
    assert_eq!(found(&[[1.0, 0.0], [0.0, 1.0], [0.1, 1.0]]), 1);
    assert_eq!(found(&[[1.0, 0.5], [1.0, 0.502], [1.0, 0.504]]), 0);
}

#[test]
fn what_defines_is_told_how_near_it_is() {
    let knowledge = embedded(&[[0.0, 1.0], [1.0, 0.0], [0.1, 1.0], [0.0, 0.9]]);
    let found = knowledge.search("What is Termb?", Some(&[1.0, 0.0]), 500);
    assert_eq!(&*found[0].source.title, "Termb");
    assert!(found.iter().all(|it| it.nearness.is_some()), "{found:?}");
}

#[test]
fn a_title_defines_with_its_article_and_without() {
    let knowledge = Knowledge::sample();
    for question in ["What is the Great Tide Clock?", "Tell me about the great tide clock"] {
        let found = knowledge.search(question, None, 2_500);
        assert!(found[0].text.starts_with("The Great Tide Clock is"), "{question}: {}", found[0].text);
        let answer = crate::answer::builtin::extract(question, crate::language::Lang::En, &found).text;
        assert!(answer.starts_with("The Great Tide Clock is"), "{question}: {answer}");
    }
}

#[test]
fn the_sample_is_well_formed_and_bilingual() {
    let knowledge = Knowledge::sample();
    assert!(!knowledge.is_empty() && knowledge.documents() > 0 && knowledge.skipped().is_empty());
    let languages: Vec<_> = knowledge.passages.iter().map(|it| it.lang).collect();
    assert!(
        languages.contains(&crate::language::Lang::En) && languages.contains(&crate::language::Lang::ZhHant)
    );
}
