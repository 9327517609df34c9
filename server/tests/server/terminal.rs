//! The real websocat as a client: a line is a question, a line is a sentence.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::house::{DEADLINE, House};

/// Runs `printf QUESTIONS | websocat -n URL` and returns what it printed.
async fn websocat(url: &str, questions: &str) -> String {
    // make test installs it and says where; otherwise it is looked for as usual.
    let program = std::env::var("WEBSOCAT").unwrap_or_else(|_| "websocat".into());
    let mut child = Command::new(&program)
        .args(["-n", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{program} can't be run ({error}); `make tools` installs it"));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(questions.as_bytes()).await.unwrap();
    drop(stdin);
    let output = timeout(DEADLINE, child.wait_with_output()).await.expect("websocat ends in time").unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_piped_question_is_answered_and_the_program_ends() {
    let house = House::with_camera(Duration::from_millis(5), |_| ()).await;
    let url = format!("ws://{}/ws?format=text&once=1", house.address);
    for (question, fact) in [("How tall is the clock?\n", "3.2 metres"), ("這座鐘有多高？\n", "3.2 公尺")]
    {
        let printed = websocat(&url, question).await;
        assert!(printed.contains(fact), "{printed}");
        assert!(printed.ends_with("\nEND_FLAG\n"), "{printed}");
    }
    let printed = websocat(&url, "\n").await;
    assert!(printed.starts_with("ERROR: empty_question: "), "{printed}");
}

#[tokio::test]
async fn without_options_the_frames_are_printed() {
    let house = House::with_camera(Duration::from_millis(5), |_| ()).await;
    let printed = websocat(&format!("ws://{}/ws?once=1", house.address), "How tall is the clock?\n").await;
    let last: serde_json::Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    assert_eq!(last["status"], "completed");
}
