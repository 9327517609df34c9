//! How long a still is held.

use std::sync::Mutex;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::advance;

use super::*;
use crate::description::replicas::Replicas;
use crate::tone::SelectMode;

/// Sees stills only.
struct Eye;

/// Sees stills a second after they are shown, once nothing is left of its failures.
#[derive(Default)]
struct SlowEye {
    failures: Mutex<Vec<VlmError>>,
    calls: AtomicU32,
}

impl Vlm for SlowEye {
    fn describe(&self, scene: Scene) -> BoxFuture<'_, Result<String, VlmError>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            if let Some(error) = self.failures.lock().unwrap().pop() {
                return Err(error);
            }
            sleep(Duration::from_secs(1)).await;
            let image = scene.image.ok_or(VlmError::NoImage)?;
            Ok(String::from_utf8_lossy(&image.bytes).into_owned())
        })
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), VlmError>> {
        Box::pin(async { Ok(()) })
    }

    fn eyes(&self) -> Eyes {
        Eyes::Stills
    }
}

fn slow(eye: &Arc<SlowEye>) -> Arc<Descriptions> {
    let (selector, eye) = (Arc::new(Selector::new(SelectMode::Rules, 55, None)), Arc::clone(eye));
    let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let (timeout, metrics) = (Duration::from_secs(5), Metrics::new());
    let eye = Replicas::new(vec![(String::new(), eye)], timeout, metrics.upstream("vlm"));
    Descriptions::new(Some(Arc::new(eye)), selector, timeout, Arc::new(metrics), tasks, shutdown)
}

fn still_of(what: &'static str) -> Image {
    Image { mime: "image/png", bytes: Bytes::from_static(what.as_bytes()) }
}

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
    let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
    Descriptions::new(Some(Arc::new(Eye)), selector, timeout, Arc::default(), tasks, shutdown)
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

#[tokio::test(start_paused = true)]
async fn a_still_that_comes_while_another_is_looked_at_is_looked_at_next() {
    let (descriptions, id) = (slow(&Arc::default()), Arc::from("s"));
    descriptions.show(&id, still_of("a man in a hat"));
    let mut flight = descriptions.refresh(&id, Box::new(|_| ())).unwrap();
    descriptions.show(&id, still_of("a woman in a coat"));
    let (told, heard) = tokio::sync::oneshot::channel();
    let landing = Box::new(|sight: &Sight| told.send(Arc::clone(&sight.text)).unwrap());
    descriptions.refresh(&id, landing).unwrap();
    assert_eq!(&*flight.land().await.unwrap().sight.unwrap().text, "a man in a hat");
    assert_eq!(&*heard.await.unwrap(), "a woman in a coat");
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_tried_again_within_the_timeout_and_nothing_else_is() {
    let gone = || VlmError::Unreachable("reset".into());
    for (failures, calls, is_described) in [
        (vec![gone(), gone()], 3, true),
        (vec![gone(), gone(), gone()], 3, false),
        (vec![VlmError::Refused(500)], 1, false),
        (vec![VlmError::Garbage("html")], 1, false),
    ] {
        let eye = Arc::new(SlowEye { failures: failures.into(), calls: AtomicU32::new(0) });
        let (descriptions, id) = (slow(&eye), Arc::from("s"));
        descriptions.show(&id, still());
        let mut flight = descriptions.refresh(&id, Box::new(|_| ())).unwrap();
        assert_eq!(flight.land().await.unwrap().sight.is_ok(), is_described);
        assert_eq!(eye.calls.load(Ordering::Relaxed), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_vlms_own_faults_make_it_distrusted() {
    let refused = |status| VlmError::Refused(status);
    for (error, is_trusted) in [
        (VlmError::Garbage("off the schema"), true),
        (refused(400), true),
        (refused(413), true),
        (refused(404), false),
        (refused(429), false),
        (refused(503), false),
    ] {
        let eye = Arc::new(SlowEye { failures: vec![error.clone(); 2].into(), ..SlowEye::default() });
        let (descriptions, id) = (slow(&eye), Arc::from("s"));
        for _ in 0..2 {
            descriptions.show(&id, still());
            descriptions.refresh(&id, Box::new(|_| ())).unwrap().land().await.unwrap();
        }
        assert_eq!(descriptions.is_trusted(), is_trusted, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stills_description_is_as_old_as_the_still() {
    let (descriptions, id) = (slow(&Arc::default()), Arc::from("s"));
    descriptions.show(&id, still());
    sleep(Duration::from_secs(9)).await;
    let mut flight = descriptions.refresh(&id, Box::new(|_| ())).unwrap();
    let sight = flight.land().await.unwrap().sight.unwrap();
    assert_eq!(sight.age(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn another_visitor_ends_a_look_outside_the_cache() {
    let (descriptions, id) = (slow(&Arc::default()), Arc::from("s"));
    descriptions.show(&id, still());
    let look = descriptions.look(&id);
    let (look, ()) = tokio::join!(look, async {
        sleep(Duration::from_millis(500)).await;
        descriptions.change_visitor(&id);
    });
    assert!(look.is_none());
    // The next one's is looked at.
    descriptions.show(&id, still());
    assert!(descriptions.look(&id).await.unwrap().text.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_look_uses_what_a_prefetch_has_taken_the_still_for() {
    let (descriptions, id) = (slow(&Arc::default()), Arc::from("s"));
    assert!(!descriptions.can_look(&id));
    descriptions.show(&id, still());
    descriptions.refresh(&id, Box::new(|_| ())).unwrap();
    assert!(descriptions.can_look(&id));
    for _ in ["in flight", "landed"] {
        assert_eq!(&*descriptions.look(&id).await.unwrap().text.unwrap(), "a picture");
    }
    advance(IMAGE_TTL).await;
    assert!(!descriptions.can_look(&id) && descriptions.look(&id).await.is_none());
}

/// Has a camera, and looks at stills where there are any.
struct BothEyes;

impl Vlm for BothEyes {
    fn describe(&self, scene: Scene) -> BoxFuture<'_, Result<String, VlmError>> {
        let seen = if scene.image.is_some() { "the still" } else { "the camera" };
        Box::pin(async move { Ok(format!("{seen}'s visitor {}", scene.visitor)) })
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), VlmError>> {
        Box::pin(async { Ok(()) })
    }

    fn eyes(&self) -> Eyes {
        Eyes::Both
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_shown_a_still_is_not_seen_by_the_camera() {
    let selector = Arc::new(Selector::new(SelectMode::Rules, 55, None));
    let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let timeout = Duration::from_secs(5);
    let descriptions =
        Descriptions::new(Some(Arc::new(BothEyes)), selector, timeout, Arc::default(), tasks, shutdown);
    let id = Arc::from("s");
    let text = async || {
        let mut flight = descriptions.refresh(&id, Box::new(|_| ()))?;
        flight.land().await?.sight.ok().map(|sight| sight.text.to_string())
    };
    assert_eq!(text().await.as_deref(), Some("the camera's visitor 0"));
    descriptions.show(&id, still());
    assert_eq!(text().await.as_deref(), Some("the still's visitor 0"));
    descriptions.change_visitor(&id);
    assert_eq!(text().await, None);
    descriptions.show(&id, still());
    assert_eq!(text().await.as_deref(), Some("the still's visitor 1"));
}
