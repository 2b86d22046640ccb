//! From where on a relay reads.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::partition::Partition;
use crate::store::Batch;

/// How often everything is looked at.
const SWEEP: Duration = Duration::from_secs(1);

/// How many answers are remembered of each partition, while a transaction does not end.
const MEMORY: usize = 64;

/// How often is asked which transactions have not begun to write: that takes the number of one.
const ASK: Duration = Duration::from_millis(100);

/// From where on a relay reads each partition.
///
/// What has arrived is deleted, but its traces stay in the index until they are cleaned up, and a
/// read from the very beginning steps over all of them. So it begins behind what was read before,
/// **once every transaction has ended that was writing then**: each may have been given a position
/// further in front, and commit however late. It had written before it was given one, if it locked
/// or changed what the event is about, so that no later event of its key overtakes it.
///
/// Once a second everything is looked at all the same, for what is committed late by those who
/// wrote nothing else, and for what a server that failed shows again.
#[derive(Debug, Default)]
pub(super) struct Marks {
    partitions: HashMap<Partition, Mark>,
    swept_at: Option<Instant>,
    asked_at: Option<Instant>,
    generation: u64,
}

#[derive(Debug)]
struct Mark {
    /// Nothing comes up to here any more.
    low: i64,
    /// Up to where everything was read that was there.
    read: i64,
    /// Up to where it was, by the number of the transaction before which all others have to end
    /// until nothing comes there any more.
    pending: VecDeque<(i64, i64)>,
}

impl Default for Mark {
    fn default() -> Self {
        Self { low: i64::MIN, read: i64::MIN, pending: VecDeque::new() }
    }
}

impl Marks {
    /// Begins anew with these partitions: what others have left in them is not known.
    pub(super) fn reset(&mut self, partitions: &BTreeSet<Partition>) {
        let anew = |partition: &Partition| (*partition, Mark::default());
        self.partitions = partitions.iter().map(anew).collect();
        self.generation += 1;
    }

    /// Begins anew with this partition: something that was read is to be read again.
    pub(super) fn forget(&mut self, partition: Partition) {
        self.partitions.insert(partition, Mark::default());
        self.generation += 1;
    }

    /// Grows when something begins anew: a read that began before says nothing then.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Where to begin to read each partition.
    pub(super) fn low(&mut self, partitions: &[Partition], now: Instant) -> Vec<i64> {
        let sweeps = self.swept_at.is_none_or(|at| at + SWEEP <= now);
        if sweeps {
            self.swept_at = Some(now);
        }
        let low = |partition: &Partition| match self.partitions.get(partition) {
            Some(mark) if !sweeps => mark.low,
            _ => i64::MIN,
        };
        partitions.iter().map(low).collect()
    }

    /// Whether the next read is to find out which transactions have not begun to write.
    pub(super) fn asks(&mut self, now: Instant) -> bool {
        let asks = self.asked_at.is_none_or(|at| at + ASK <= now);
        if asks {
            self.asked_at = Some(now);
        }
        asks
    }

    /// Remembers what was read of all partitions.
    pub(super) fn has_read(&mut self, batch: &Batch) {
        // What belongs to keys that were left out may lie anywhere.
        let Some(horizon) = batch.horizon else { return };
        for (partition, mark) in &mut self.partitions {
            let reach = batch.reach(*partition);
            mark.read = batch.last(*partition).unwrap_or(mark.read).max(mark.read);
            let read = mark.read.min(reach);
            let known = mark.pending.back().map_or(mark.low, |(_, up_to)| *up_to);
            if let Some(next) = horizon.next.filter(|_| read > known) {
                // One more than is remembered: as if the last had been read now.
                if mark.pending.len() >= MEMORY {
                    mark.pending.pop_back();
                }
                mark.pending.push_back((next, read));
            }
            let is_over = |(next, up_to): &&(i64, i64)| *next <= horizon.ended && *up_to <= reach;
            while let Some((_, up_to)) = mark.pending.front().filter(is_over) {
                mark.low = *up_to;
                mark.pending.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::store::{Horizon, Row};

    const HERE: Partition = Partition(3);
    const ELSEWHERE: Partition = Partition(4);

    fn row(partition: Partition, position: i64) -> Row {
        let (key, group, occurred_at) = (None, None, DateTime::UNIX_EPOCH);
        Row { partition, position, key, group, event: String::new(), occurred_at }
    }

    fn batch(positions: &[i64], horizon: Option<(i64, Option<i64>)>, limit: u64) -> Batch {
        let rows = positions.iter().map(|position| row(HERE, *position)).collect();
        let horizon = horizon.map(|(ended, next)| Horizon { ended, next });
        Batch::new(rows, horizon, limit, false)
    }

    /// Marks that have swept a moment ago, and that moment.
    fn marks() -> (Marks, Instant) {
        let (mut marks, now) = (Marks::default(), Instant::now());
        marks.reset(&BTreeSet::from([HERE]));
        assert_eq!(marks.low(&[HERE], now), [i64::MIN]);
        (marks, now)
    }

    #[test]
    fn a_read_begins_behind_the_one_before_it_once_all_have_ended_that_were_writing() {
        let (mut marks, now) = marks();
        marks.has_read(&batch(&[1, 5], Some((10, Some(20))), 9));
        assert_eq!(marks.low(&[HERE], now), [i64::MIN]);
        // 3 was committed late, by one of those.
        marks.has_read(&batch(&[3, 9], Some((19, None)), 9));
        assert_eq!(marks.low(&[HERE], now), [i64::MIN]);
        marks.has_read(&batch(&[12], Some((20, None)), 9));
        assert_eq!(marks.low(&[HERE], now), [5]);
        marks.has_read(&batch(&[], Some((30, Some(30))), 9));
        assert_eq!(marks.low(&[HERE], now), [12]);
    }

    #[test]
    fn a_read_that_was_cut_off_moves_nothing_behind_its_end() {
        let (mut marks, now) = marks();
        marks.has_read(&batch(&[5, 8], Some((10, Some(20))), 2));
        marks.has_read(&batch(&[2, 3], Some((20, Some(20))), 2));
        assert_eq!(marks.low(&[HERE], now), [i64::MIN]);
        marks.has_read(&batch(&[6, 9], Some((20, None)), 2));
        assert_eq!(marks.low(&[HERE], now), [8]);
    }

    #[test]
    fn a_read_that_is_cut_off_over_all_partitions_reaches_its_last_row_in_each() {
        let rows = vec![row(ELSEWHERE, 4), row(HERE, 7)];
        let batch = Batch::new(rows, None, 2, true);
        assert_eq!([HERE, ELSEWHERE].map(|of| batch.reach(of)), [7, 7]);
    }

    #[test]
    fn a_transaction_that_does_not_end_does_not_fill_the_memory() {
        let (mut marks, now) = marks();
        for position in 1..=10_000 {
            marks.has_read(&batch(&[position], Some((5, Some(10 + position))), 9));
        }
        assert_eq!(marks.partitions[&HERE].pending.len(), MEMORY);
        assert_eq!(marks.low(&[HERE], now), [i64::MIN]);
        marks.has_read(&batch(&[10_001], Some((20_000, Some(20_000))), 9));
        assert_eq!(marks.low(&[HERE], now), [10_001]);
    }

    #[test]
    fn a_read_that_left_out_keys_moves_nothing() {
        let (mut marks, now) = marks();
        marks.has_read(&batch(&[6], Some((10, Some(20))), 9));
        marks.has_read(&batch(&[7], None, 9));
        assert_eq!(marks.low(&[HERE], now), [i64::MIN]);
        marks.has_read(&batch(&[], Some((20, Some(20))), 9));
        assert_eq!(marks.low(&[HERE], now), [6]);
    }

    #[test]
    fn everything_is_looked_at_once_a_second_and_where_something_begins_anew() {
        let (mut marks, now) = marks();
        let at = |milliseconds| now + Duration::from_millis(milliseconds);
        marks.has_read(&batch(&[7], Some((20, Some(20))), 9));
        assert_eq!(marks.low(&[HERE], at(999)), [7]);
        assert_eq!(marks.low(&[HERE], at(1_000)), [i64::MIN]);
        assert_eq!(marks.low(&[HERE], at(1_001)), [7]);
        let generation = marks.generation();
        marks.forget(HERE);
        assert_eq!(marks.low(&[HERE], at(1_002)), [i64::MIN]);
        assert!(marks.generation() > generation);
    }
}
