//! What comes first.

use std::time::Duration;

use czo_core::Priority;
use tokio::time::Instant;

use super::JobsUnderTest;
use super::probe::{LONG, count, number_of};

/// However late it was enqueued.
pub async fn the_more_urgent_comes_first(test: JobsUnderTest) {
    for (number, priority) in [Priority::Low, Priority::Normal, Priority::High].iter().enumerate() {
        test.enqueue(count(number).priority(*priority)).await;
    }
    let one_by_one = [test.next().await, test.next().await, test.next().await];
    assert_eq!(one_by_one.each_ref().map(number_of), [2, 1, 0]);

    let priorities = [Priority::Low, Priority::High, Priority::Normal];
    let jobs = priorities.iter().enumerate();
    let jobs = jobs.map(|(number, priority)| count(number).priority(*priority)).collect();
    test.queue.enqueue(jobs).await.expect("a queue takes jobs");
    let at_once = test.claim(3).await;
    assert_eq!(at_once.iter().map(number_of).collect::<Vec<_>>(), [1, 2, 0]);
}

/// Enqueued one after the other, they are given out so.
pub async fn of_equals_the_one_that_was_due_first_comes_first(test: JobsUnderTest) {
    for number in 0..10 {
        test.enqueue(count(number)).await;
    }
    let mut numbers: Vec<_> = test.claim(4).await.iter().map(number_of).collect();
    numbers.extend(test.claim(10).await.iter().map(number_of));
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
}

/// Not before, and soon after.
pub async fn a_delayed_job_comes_when_its_time_has_come(test: JobsUnderTest) {
    let start = Instant::now();
    test.enqueue(count(1).after(test.moment)).await;
    test.enqueue(count(2).after(LONG)).await;
    assert_eq!(test.claim(10).await, []);
    assert_eq!(number_of(&test.next().await), 1);
    // Stores count whole milliseconds.
    assert!(start.elapsed() + Duration::from_millis(2) >= test.moment, "{:?}", start.elapsed());
    assert!(start.elapsed() < test.moment + Duration::from_secs(5), "{:?}", start.elapsed());
}

/// Even more urgent ones.
pub async fn many_jobs_of_later_are_not_in_the_way(test: JobsUnderTest) {
    let later = |number| count(number).after(LONG).priority(Priority::High);
    test.queue.enqueue((0..1_000).map(later).collect()).await.expect("a queue takes jobs");
    test.enqueue(count(7).priority(Priority::Low)).await;
    assert_eq!(test.claim(10).await.iter().map(number_of).collect::<Vec<_>>(), [7]);
}
