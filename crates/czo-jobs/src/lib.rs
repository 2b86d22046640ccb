#![doc = include_str!("../README.md")]

mod memory_jobs;
#[cfg(feature = "redis")]
mod redis_jobs;
mod schedules;
mod sql_jobs;
mod worker;

#[cfg(feature = "redis")]
pub use czo_redis::{RedisUrl, RedisUrlError};
pub use memory_jobs::MemoryJobs;
#[cfg(feature = "redis")]
pub use redis_jobs::{RedisJobs, RedisJobsError, RedisOptions};
pub use schedules::{RunningSchedules, ScheduleError, Schedules};
pub use sql_jobs::SqlJobs;
pub use worker::{Drained, RunningWorker, Worker};
