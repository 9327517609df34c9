//! How long a still is held.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::advance;

use super::*;
use crate::tone::SelectMode;

/// Sees stills only.
struct Eye;

impl Vlm for Eye {
    fn describe(&self, scene: Scene) -> BoxFuture<'_, Result<String, VlmError>> {
        Box::pin(async move { scene.image.map(|_| "a man".to_owned()).ok_or(VlmError::NoImage) })
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), VlmError>> {
        Box::pin(async { Ok(()) })
    }

    fn eyes(&self) -> Eyes {
        Eyes::Stills
    }
}

fn descriptions() -> Arc<Descriptions> {
    let selector = Arc::new(Selector::new(SelectMode::Rules, 55, None));
    let timeout = Duration::from_secs(5);
    Descriptions::new(Some(Arc::new(Eye)), selector, timeout, TaskTracker::new(), CancellationToken::new())
}

fn still() -> Image {
    Image { mime: "image/png", bytes: Bytes::from_static(b"a picture") }
}

/// Whether there is a still to look at; it is gone then.
fn looks(descriptions: &Arc<Descriptions>, id: &Arc<str>) -> bool {
    descriptions.refresh(id, Box::new(|_| ())).is_some()
}

#[tokio::test(start_paused = true)]
async fn a_still_is_looked_at_once() {
    let (descriptions, id) = (descriptions(), Arc::from("s"));
    assert!(!looks(&descriptions, &id));
    descriptions.show(&id, still());
    let mut flight = descriptions.refresh(&id, Box::new(|_| ())).unwrap();
    assert_eq!(&*flight.land().await.unwrap().sight.unwrap().text, "a man");
    assert!(!looks(&descriptions, &id));
}

#[tokio::test(start_paused = true)]
async fn a_still_that_nobody_looks_at_is_dropped_after_ten_seconds() {
    let (descriptions, id) = (descriptions(), Arc::from("s"));
    let is_held = || descriptions.slots.get(&id).unwrap().still.is_some();
    descriptions.show(&id, still());
    sleep(Duration::from_secs(6)).await;
    descriptions.show(&id, still()); // in the first one's place, with ten seconds of its own
    sleep(Duration::from_secs(6)).await;
    assert!(is_held());
    sleep(Duration::from_secs(5)).await;
    assert!(!is_held());
    assert!(!looks(&descriptions, &id));
    advance(IMAGE_TTL).await;
    descriptions.tasks.close();
    descriptions.tasks.wait().await; // no task is left that waits for one
}

#[tokio::test(start_paused = true)]
async fn another_visitor_is_not_seen_in_the_last_ones_still() {
    let (descriptions, id) = (descriptions(), Arc::from("s"));
    descriptions.show(&id, still());
    descriptions.change_visitor(&id);
    assert!(!looks(&descriptions, &id));
}
