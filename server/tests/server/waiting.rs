//! A message that waits for its turn at a node that dies.

use rapport::config::Config;
use rapport::session::Overlap;

use crate::house::Client;
use crate::redis::Redis;
use crate::store::{ask, node, node_at, on_a_dying_node};

#[tokio::test]
async fn a_message_that_waited_at_a_dead_node_is_taken_when_it_is_sent_again() {
    let redis = Redis::start().await;
    let second = node(&redis, 0, |_| ()).await;
    let store = redis.knobs();
    let (session, seq) = on_a_dying_node(async move {
        let queue = |config: &mut Config| config.session.on_overlap = Overlap::Queue;
        let house = node_at(store, 20, queue).await;
        let mut client = house.connect("").await;
        let session = client.frame().await;
        for id in ["m1", "m2", "m3"] {
            ask(&mut client, id).await; // what is written at the second one's start is written while the third waits
        }
        client.until("turn_done").await;
        client.until("turn_started").await;
        let seq = client.last_seq();
        std::mem::forget((house, client));
        (session, seq)
    })
    .await;
    let mut moved = Client::resume(second.address, &session, seq).await;
    assert_eq!(moved.frame().await["resumed"], true);
    assert_eq!(moved.until("turn_done").await.0["turn_id"], "t2");
    ask(&mut moved, "m3").await;
    assert_eq!(moved.until("turn_done").await.0["turn_id"], "t3");
}
