use std::time::Duration;

use tokio::time::timeout;

use super::connection_slots::RETRY_INTERVAL;
use super::{ConnectionSlots, Slot};

async fn is_evicted(slot: &Slot) -> bool {
    timeout(Duration::ZERO, slot.evicted()).await.is_ok()
}

#[tokio::test]
async fn without_a_free_slot_the_longest_idle_connection_is_evicted() {
    let slots = ConnectionSlots::new(3);
    let [used, oldest, newest] = [
        Slot::acquire(&slots).await,
        Slot::acquire(&slots).await,
        Slot::acquire(&slots).await,
    ];
    drop(used.begin_request());
    used.flushed();
    let other = slots.clone();
    let acquiring = tokio::spawn(async move { Slot::acquire(&other).await });
    oldest.evicted().await;
    assert!(!is_evicted(&used).await && !is_evicted(&newest).await);
    drop(oldest);
    acquiring.await.unwrap();
}

#[tokio::test]
async fn a_connection_is_not_evicted_during_a_request() {
    let slots = ConnectionSlots::new(1);
    let slot = Slot::acquire(&slots).await;
    let request = slot.begin_request();
    let other = slots.clone();
    let acquiring = tokio::spawn(async move { Slot::acquire(&other).await });
    assert!(timeout(2 * RETRY_INTERVAL, slot.evicted()).await.is_err());
    drop(request);
    assert!(timeout(2 * RETRY_INTERVAL, slot.evicted()).await.is_err());
    slot.flushed();
    slot.evicted().await;
    drop(slot);
    acquiring.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_waits_for_a_change_takes_no_slot_and_is_not_evicted() {
    let slots = ConnectionSlots::new(1);
    let waiting = Slot::acquire(&slots).await;
    let _request = waiting.begin_request();
    waiting.give_back();
    let other = Slot::acquire(&slots).await;
    slots.evict_one();
    assert!(is_evicted(&other).await && !is_evicted(&waiting).await);
    let again = tokio::spawn(async move {
        waiting.take_again().await;
        waiting
    });
    tokio::task::yield_now().await;
    assert!(!again.is_finished());
    drop(other);
    let _waiting = again.await.unwrap();
    assert_eq!(slots.free.available_permits(), 0);
}

#[tokio::test]
async fn when_none_is_idle_a_stalled_connection_is_evicted() {
    let slots = ConnectionSlots {
        stall_timeout: Duration::ZERO,
        ..ConnectionSlots::new(3)
    };
    let [stalled, resumed, working] = [
        Slot::acquire(&slots).await,
        Slot::acquire(&slots).await,
        Slot::acquire(&slots).await,
    ];
    let _requests = [
        stalled.begin_request(),
        resumed.begin_request(),
        working.begin_request(),
    ];
    for slot in [&resumed, &stalled] {
        slot.stalled();
        slot.stalled();
    }
    resumed.resumed();
    slots.evict_one();
    stalled.evicted().await;
    slots.evict_one();
    assert!(!is_evicted(&resumed).await && !is_evicted(&working).await);
}

#[tokio::test]
async fn a_client_that_pauses_for_less_than_the_stall_timeout_keeps_its_slot() {
    let slots = ConnectionSlots::new(1);
    let slot = Slot::acquire(&slots).await;
    let _request = slot.begin_request();
    slot.stalled();
    slots.evict_one();
    assert!(!is_evicted(&slot).await);
    drop((_request, slot));
    assert_eq!(slots.queue.lock().len(), 0);
}

#[tokio::test]
async fn a_wait_for_memory_evicts_all_stalled_connections_and_no_idle_one() {
    let slots = ConnectionSlots {
        stall_timeout: Duration::ZERO,
        ..ConnectionSlots::new(3)
    };
    let idle = Slot::acquire(&slots).await;
    let stalled = [Slot::acquire(&slots).await, Slot::acquire(&slots).await];
    for slot in &stalled {
        slot.stalled();
    }
    let [one, other] = &stalled;
    slots.evict_stalled_until(std::future::ready(())).await;
    assert!(!is_evicted(one).await);
    let evicted = async { tokio::join!(one.evicted(), other.evicted()) };
    slots.evict_stalled_until(evicted).await;
    assert!(!is_evicted(&idle).await);
}

#[tokio::test]
async fn when_none_is_idle_or_stalled_the_slowest_upload_is_evicted() {
    let slots = ConnectionSlots {
        slow_step: Duration::from_millis(50),
        ..ConnectionSlots::new(2)
    };
    let [slowest, other] = [Slot::acquire(&slots).await, Slot::acquire(&slots).await];
    let _requests = [slowest.begin_request(), other.begin_request()];
    for slot in [&slowest, &other] {
        slot.upload_step();
    }
    slots.evict_one();
    assert!(!is_evicted(&slowest).await);
    std::thread::sleep(slots.slow_step);
    other.upload_step();
    slots.evict_slow_uploads_until(slowest.evicted()).await;
    assert!(!is_evicted(&other).await);
    std::thread::sleep(slots.slow_step);
    other.uploaded();
    slots.evict_one();
    assert!(!is_evicted(&other).await);
    drop((_requests, slowest, other));
    assert_eq!(slots.queue.lock().len(), 0);
}

#[tokio::test]
async fn a_connection_whose_requests_wait_for_each_other_is_evicted_before_an_idle_one() {
    let slots = ConnectionSlots {
        stall_timeout: Duration::ZERO,
        ..ConnectionSlots::new(3)
    };
    let idle = Slot::acquire(&slots).await;
    let [pipelining, other] = [Slot::acquire(&slots).await, Slot::acquire(&slots).await];
    let _requests = [pipelining.begin_request(), other.begin_request()];
    other.wait_pipelining(std::future::ready(())).await;
    let mut waiting = Box::pin(pipelining.wait_pipelining(std::future::pending::<()>()));
    assert!(timeout(Duration::ZERO, &mut waiting).await.is_err());
    slots.evict_one();
    pipelining.evicted().await;
    assert!(!is_evicted(&other).await && !is_evicted(&idle).await);
    drop(waiting);
    drop((_requests, pipelining, other, idle));
    assert_eq!(slots.queue.lock().len(), 0);
}

#[tokio::test]
async fn an_evicted_slot_that_started_a_request_is_kept() {
    let slots = ConnectionSlots::new(1);
    let slot = Slot::acquire(&slots).await;
    slots.evict_one();
    let _request = slot.begin_request();
    slot.stalled();
    assert!(!is_evicted(&slot).await);
}

#[tokio::test]
async fn a_dropped_slot_leaves_the_queue() {
    let slots = ConnectionSlots::new(2);
    let [gone, kept] = [Slot::acquire(&slots).await, Slot::acquire(&slots).await];
    drop(gone);
    assert_eq!(slots.queue.lock().len(), 1);
    let _acquired = Slot::acquire(&slots).await;
    assert!(!is_evicted(&kept).await);
}
