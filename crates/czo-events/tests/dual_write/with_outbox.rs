//! What a dual write shows where an outbox gives both buses each event by itself.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{Audience, BusError, DomainEvent, EventBus};
use czo_events::{DualWriteBus, InProcessBus, TypeParity};

use crate::faulty_bus::FaultyBus;
use crate::{compared, counted, group, ready};

struct Both {
    bus: DualWriteBus,
    broker_side: Arc<dyn EventBus>,
    broker: FaultyBus,
}

fn both() -> Both {
    let broker = FaultyBus::default();
    let bus = DualWriteBus::with_outbox(Arc::new(InProcessBus::new()), Arc::new(broker.clone()));
    Both { broker_side: bus.broker_side(), bus, broker }
}

impl Both {
    async fn local_has(&self, event: &DomainEvent) {
        let relayed = self.bus.relay(event.clone(), &Audience::Everyone).await;
        relayed.unwrap().await.unwrap();
    }

    async fn broker_has(&self, event: &DomainEvent) {
        let relayed = self.broker_side.relay(event.clone(), &Audience::Everyone).await;
        relayed.unwrap().await.unwrap();
    }

    fn row(&self) -> TypeParity {
        self.bus.ledger().types().into_values().next().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_relayed_goes_to_the_bus_whose_relay_it_is() {
    let both = both();
    let (_subscription, mut numbers) = compared(&both.bus, "one").await;
    let event = counted(1);
    both.local_has(&event).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(both.broker.taken().is_empty());
    let row = both.row();
    assert_eq!((row.published, row.confirmed, row.waiting()), (1, 0, 1));
    both.broker_has(&event).await;
    ready(&both.bus, 1).await;
    assert_eq!(both.broker.taken(), [1]);
    assert_eq!(numbers.recv().await, Some(1));
    assert!(numbers.try_recv().is_err(), "handled once");
    assert!(both.row().lag >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn either_bus_may_be_the_first_to_have_an_event() {
    let both = both();
    let (_subscription, _numbers) = compared(&both.bus, "one").await;
    let event = counted(1);
    both.broker_has(&event).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let row = both.row();
    assert_eq!((row.published, row.confirmed, row.of_others), (0, 0, 1));
    both.local_has(&event).await;
    ready(&both.bus, 1).await;
    let row = both.row();
    assert_eq!((row.published, row.confirmed, row.of_others), (1, 1, 0));
    assert_eq!(both.bus.ledger().groups()[&group("one")].matched, 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_handed_over_again_counts_once() {
    let both = both();
    let (_subscription, _numbers) = compared(&both.bus, "one").await;
    let event = counted(1);
    for _ in 0..3 {
        both.local_has(&event).await;
        both.broker_has(&event).await;
    }
    ready(&both.bus, 1).await;
    let row = both.row();
    assert_eq!((row.published, row.confirmed, row.of_others), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_an_ended_process_left_to_the_broker_is_no_divergence() {
    let both = both();
    let (_subscription, _numbers) = compared(&both.bus, "one").await;
    both.broker_has(&counted(1)).await;
    let event = counted(2);
    both.local_has(&event).await;
    both.broker_has(&event).await;
    ready(&both.bus, 1).await;
    let row = both.row();
    assert_eq!((row.published, row.confirmed, row.of_others), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_the_relay_of_another_process_gave_the_broker_counts_once_it_arrives() {
    let both = both();
    let (_subscription, _numbers) = compared(&both.bus, "one").await;
    let event = counted(1);
    both.local_has(&event).await;
    both.broker.publish(event).await.unwrap();
    ready(&both.bus, 1).await;
    let row = both.row();
    assert_eq!((row.confirmed, row.of_others), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_refuses_is_missing_until_it_takes_it() {
    let both = both();
    let (_subscription, _numbers) = compared(&both.bus, "one").await;
    let event = counted(1);
    both.local_has(&event).await;
    both.broker.refuse(true);
    for _ in 0..2 {
        let refused = both.broker_side.relay(event.clone(), &Audience::Everyone).await;
        assert!(matches!(refused, Err(BusError::Refused { .. })), "{refused:?}");
    }
    assert_eq!((both.row().missing, both.row().waiting()), (1, 0));
    both.broker.refuse(false);
    both.broker_has(&event).await;
    ready(&both.bus, 1).await;
    assert_eq!((both.row().missing, both.row().confirmed), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_broker_is_the_relays_to_wait_for_and_no_divergence() {
    let both = both();
    let (_subscription, _numbers) = compared(&both.bus, "one").await;
    both.broker.fail(true);
    let event = counted(1);
    both.local_has(&event).await;
    let failed = both.broker_side.relay(event.clone(), &Audience::Everyone).await;
    assert!(matches!(failed, Err(BusError::Unavailable { .. })), "{failed:?}");
    assert_eq!((both.row().missing, both.row().waiting()), (0, 1));
    both.broker.fail(false);
    both.broker_has(&event).await;
    ready(&both.bus, 1).await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_longer_than_a_hundred_thousand_others_is_not_followed() {
    let both = both();
    let old = counted(0);
    both.local_has(&old).await;
    for number in 1..=100_000 {
        let event = counted(number);
        both.local_has(&event).await;
        both.broker_has(&event).await;
    }
    let row = both.row();
    assert_eq!(
        (row.published, row.confirmed, row.unfollowed, row.waiting()),
        (100_001, 100_000, 1, 0)
    );
    let verdict = both.bus.ledger().verdict(1).to_string();
    assert!(verdict.contains("1 of `test.number.counted` waited too long"), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn what_happened_before_the_broker_was_listened_to_is_not_compared() {
    let both = both();
    let left = counted(1);
    let (_subscription, mut numbers) = compared(&both.bus, "one").await;
    // An ended process had given it to the broker, and not finished with its handlers.
    both.local_has(&left).await;
    assert_eq!(numbers.recv().await, Some(1));
    let event = counted(2);
    both.local_has(&event).await;
    both.broker_has(&event).await;
    ready(&both.bus, 1).await;
    assert_eq!((both.row().published, both.row().waiting()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_published_past_the_outbox_is_compared_too() {
    let both = both();
    let (_subscription, _numbers) = compared(&both.bus, "one").await;
    for number in 0..10 {
        both.bus.publish(counted(number)).await.unwrap();
    }
    ready(&both.bus, 10).await;
    let row = both.row();
    assert_eq!((row.published, row.confirmed, row.of_others), (10, 10, 0));
    assert_eq!(both.bus.ledger().groups()[&group("one")].matched, 10);
}

#[tokio::test(start_paused = true)]
async fn deliveries_that_are_followed_no_more_leave_room_for_new_ones() {
    let both = both();
    let (_subscription, _numbers) = compared(&both.bus, "one").await;
    let old = counted(0);
    both.local_has(&old).await;
    for number in 1..=100_000 {
        let event = counted(number);
        both.local_has(&event).await;
        both.broker_has(&event).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Its delivery is followed no more, and is no hindrance to others.
    both.broker_has(&old).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let row = both.bus.ledger().groups()[&group("one")].clone();
    assert_eq!((row.matched, row.unfollowed, row.only_local, row.on_their_way), (100_000, 1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_no_queue_is_there_for_waits_until_there_is_one() {
    let both = both();
    let (_subscription, _numbers) = compared(&both.bus, "one").await;
    let event = counted(1);
    both.local_has(&event).await;
    both.broker.be_unroutable(true);
    let failed = both.broker_side.relay(event.clone(), &Audience::Everyone).await;
    assert!(matches!(failed, Err(BusError::Unavailable { .. })), "{failed:?}");
    both.broker.be_unroutable(false);
    both.broker_has(&event).await;
    ready(&both.bus, 1).await;
}
