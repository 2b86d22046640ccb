//! A module that fails too often is taken out, and tried again.

use chrono::TimeDelta;
use czo_modules::{LogFilter, ModuleStatus};
use czo_testkit::on_each_database;

use crate::house::{House, hostile, owner, until};

async fn status(house: &House) -> ModuleStatus {
    house.modules.show(&owner(), &hostile()).await.unwrap().summary.status
}

on_each_database! {
    async fn five_traps_in_a_row_take_a_module_out_with_a_report(database: TestDatabase) {
        let house = House::new(&database).await;
        house.serves().await;
        for _ in 0..5 {
            house.asks("trap").await.unwrap_err();
        }
        until("it is out", async || status(&house).await == ModuleStatus::Quarantined).await;
        assert_eq!(house.asks("none").await.unwrap_err().status(), 404);
        let shown = house.modules.show(&owner(), &hostile()).await.unwrap();
        let report = shown.quarantine.unwrap();
        assert_eq!((report.times, report.last_errors.len()), (1, 5));
        assert_eq!((report.next_try - report.since).num_minutes(), 1);
    }

    async fn it_is_tried_again_when_it_is_time_and_the_next_time_is_later(database: TestDatabase) {
        let house = House::new(&database).await;
        house.serves().await;
        for round in 1..3 {
            for _ in 0..5 {
                house.asks("trap").await.unwrap_err();
            }
            until("it is out", async || status(&house).await == ModuleStatus::Quarantined).await;
            let shown = house.modules.show(&owner(), &hostile()).await.unwrap();
            assert_eq!(shown.quarantine.unwrap().times, round);
            house.modules.follow().await.unwrap();
            assert_eq!(status(&house).await, ModuleStatus::Quarantined);
            house.clock.advance(TimeDelta::minutes(3).to_std().unwrap());
            house.modules.follow().await.unwrap();
            assert_eq!(status(&house).await, ModuleStatus::Enabled);
            assert_eq!(house.asks("none").await.unwrap().status, 200);
        }
    }

    async fn it_is_enabled_by_hand_at_once(database: TestDatabase) {
        let house = House::new(&database).await;
        house.serves().await;
        for _ in 0..5 {
            house.asks("trap").await.unwrap_err();
        }
        until("it is out", async || status(&house).await == ModuleStatus::Quarantined).await;
        house.modules.enable(&owner(), &hostile()).await.unwrap();
        assert_eq!(house.asks("none").await.unwrap().status, 200);
        let logs = house.modules.logs(&owner(), &hostile(), &LogFilter::default()).await.unwrap();
        assert!(logs.len() <= 1_000);
    }
}
