//! The tokens' file, read again when it changes.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::socket::handshake::{Door, tokens_of};

/// How often the file is looked at: who is locked out waits no longer.
const PERIOD: Duration = Duration::from_secs(2);

/// Gives the door the file's tokens whenever they change, for as long as it is polled. A file that can't be read, or holds
/// none, changes nothing: a slip of an editor must neither lock all out nor let all in.
pub(super) async fn watch(file: &Path, door: &Door) {
    let mut said = None;
    loop {
        sleep(PERIOD).await;
        let wrong = match read(file) {
            Ok(tokens) => {
                let count = tokens.len();
                if door.renew(tokens) {
                    tracing::info!(count, "the tokens were read again");
                }
                None
            }
            Err(reason) => Some(reason),
        };
        if let Some(reason) = wrong.as_ref().filter(|_| wrong != said) {
            tracing::warn!(reason, "the tokens were not read again; the former ones hold");
        }
        said = wrong;
    }
}

fn read(file: &Path) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let tokens = tokens_of(&text);
    if tokens.is_empty() { Err("the file holds none".to_owned()) } else { Ok(tokens) }
}
