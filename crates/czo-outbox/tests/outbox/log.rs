//! What was published can be published once more.

use std::sync::Arc;

use czo_core::{Audience, EventHandler};
use czo_outbox::{Inbox, LogFilter, Outbox, Relay, ReplayTarget, once_fn};
use czo_repo::DatabaseError;
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;

use crate::broker::Broker;
use crate::shop::{LONG, number, outbox, scan_once, scanned, soon, until};

const LOGGED: &str = "SELECT count(*) FROM event_log";

/// Publishes what there is, and empties the broker's memory by giving a new one.
async fn publish(outbox: &Outbox) -> Broker {
    let broker = Broker::default();
    let relay = Relay::new(outbox, Arc::new(broker.clone())).options(soon()).spawn();
    assert!(relay.drain(LONG).await);
    broker
}

on_each_database! {
    async fn a_replay_goes_to_one_group_in_the_order_it_was(database: TestDatabase) {
        let outbox = outbox(&database).await;
        for _ in 0..5 {
            scan_once(&database, &outbox, "p1").await;
        }
        let first = publish(&outbox).await;
        let group: czo_core::Group = "search.index".parse().unwrap();
        let mut steps = Vec::new();
        let target = ReplayTarget::group(group.clone());
        let replayed = outbox
            .log()
            .replay(&LogFilter::all(), &target, |replay| steps.push((replay.replayed, replay.total)))
            .await
            .unwrap();
        assert_eq!((replayed, steps), (5, vec![(5, 5)]));
        let again = publish(&outbox).await;
        assert!(again.scans_of("p1").into_iter().eq(1..=5));
        assert!(again.audiences().iter().all(|of| *of == Audience::Group(group.clone())));
        let ids = |broker: &Broker| broker.arrived().iter().map(|e| e.id).collect::<Vec<_>>();
        assert_eq!(ids(&first), ids(&again));
        // What was published once more is not logged again.
        assert_eq!(number(&database, LOGGED).await, 5);
    }

    async fn a_replay_takes_what_it_was_told_to(database: TestDatabase) {
        let outbox = outbox(&database).await;
        scan_once(&database, &outbox, "p1").await;
        let odd = scanned("p2", 1);
        let (correlation, at) = (odd.event().correlation_id.clone(), odd.event().timestamp);
        let done: Result<(), DatabaseError> = database
            .transaction(async |tx| {
                outbox.publish(tx, odd);
                Ok(())
            })
            .await;
        done.unwrap();
        publish(&outbox).await;
        let log = outbox.log();
        let count = async |filter: LogFilter| log.count(&filter).await.unwrap();
        assert_eq!(count(LogFilter::all()).await, 2);
        assert_eq!(count(LogFilter::all().pattern("parcel.*.scanned".parse().unwrap())).await, 2);
        assert_eq!(count(LogFilter::all().pattern("parcel.item.lost".parse().unwrap())).await, 0);
        assert_eq!(count(LogFilter::all().correlation(correlation.clone())).await, 1);
        assert_eq!(count(LogFilter::all().since(at)).await, 1);
        assert_eq!(count(LogFilter::all().until(at)).await, 1);

        let target = ReplayTarget::group("search.index".parse().unwrap());
        let of_it = LogFilter::all().correlation(correlation);
        assert_eq!(log.replay(&of_it, &target, |_| {}).await.unwrap(), 1);
        assert_eq!(publish(&outbox).await.scans_of("p2"), [1]);
    }

    async fn a_long_replay_goes_in_batches(database: TestDatabase) {
        let outbox = outbox(&database).await;
        let done: Result<(), DatabaseError> = database
            .transaction(async |tx| {
                (0..2_500).for_each(|scans| outbox.publish(tx, scanned("p1", scans)));
                Ok(())
            })
            .await;
        done.unwrap();
        publish(&outbox).await;
        let target = ReplayTarget::group("search.index".parse().unwrap());
        let mut steps = Vec::new();
        let progress = |replay: czo_outbox::Replay| steps.push(replay.replayed);
        outbox.log().replay(&LogFilter::all(), &target, progress).await.unwrap();
        assert_eq!(steps, [1_000, 2_000, 2_500]);
        assert!(publish(&outbox).await.scans_of("p1").into_iter().eq(0..2_500));
    }

    async fn a_replay_runs_a_handler_again_only_if_that_is_asked_for(database: TestDatabase) {
        let outbox = outbox(&database).await;
        let inbox = Inbox::new(&database);
        scan_once(&database, &outbox, "p1").await;
        let event = Arc::new(publish(&outbox).await.arrived().remove(0));
        let count = once_fn(|_, tx| {
            Box::pin(async move {
                tx.execute_unprepared("UPDATE parcel SET scans = scans + 10")
                    .await
                    .map_err(DatabaseError::from)?;
                Ok(())
            })
        });
        let handler = inbox.handler("search.index".parse().unwrap(), count);
        let target = ReplayTarget::group("search.index".parse().unwrap());
        handler.handle(event.clone()).await.unwrap();
        outbox.log().replay(&LogFilter::all(), &target, |_| {}).await.unwrap();
        handler.handle(event.clone()).await.unwrap();
        assert_eq!(number(&database, "SELECT scans FROM parcel").await, 11);
        outbox.log().replay(&LogFilter::all(), &target.again(), |_| {}).await.unwrap();
        handler.handle(event).await.unwrap();
        assert_eq!(number(&database, "SELECT scans FROM parcel").await, 21);
    }

    async fn a_row_of_the_log_does_not_change(database: TestDatabase) {
        let outbox = outbox(&database).await;
        scan_once(&database, &outbox, "p1").await;
        publish(&outbox).await;
        until(&database, LOGGED, 1).await;
        let change = "UPDATE event_log SET event = '{}'";
        let error = database.execute_unprepared(change).await.unwrap_err();
        assert!(error.to_string().contains("do not change"), "{error}");
    }
}
