//! Which relay publishes what.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use czo_repo::DatabaseError;
use sea_orm::ConnectionTrait;
use tokio::time::Instant;
use uuid::Uuid;

use crate::partition::{PARTITIONS, Partition};
use crate::store::{Store, numbers};

/// How often the beat goes within the time of a lease.
const BEATS: u32 = 5;

/// A member that stood still for so many leases is taken off the list.
const FORGOTTEN_AFTER: u32 = 3;

const BEAT: &str = "UPDATE outbox_lease SET beat = beat + 1 WHERE owner = $1";
const JOIN: &str = "INSERT INTO outbox_member (id, beat) VALUES ($1, 1) \
                    ON CONFLICT (id) DO UPDATE SET beat = outbox_member.beat + 1";
const LEASES: &str = "SELECT partition, owner, fence, beat FROM outbox_lease";
const MEMBERS: &str = "SELECT id, beat FROM outbox_member";
/// Nobody else has taken or renewed it since it was looked at.
const TAKE: &str = "UPDATE outbox_lease SET owner = $1, fence = fence + 1, beat = 0 \
                    WHERE partition = $2 AND fence = $3 AND beat = $4";
const GIVE_BACK_POSTGRES: &str = "UPDATE outbox_lease SET owner = NULL, fence = fence + 1 \
                                  WHERE owner = $1 AND partition = ANY ($2::text::smallint[])";
const GIVE_BACK_SQLITE: &str = "UPDATE outbox_lease SET owner = NULL, fence = fence + 1 \
     WHERE owner = $1 AND partition IN (SELECT value FROM json_each($2))";

/// What one relay knows of who publishes what.
///
/// What counts is whether a beat in the table has moved while this relay looked, by its own clock
/// that only goes forward: what time it is anywhere is of no importance.
#[derive(Debug)]
pub(super) struct Leases {
    id: Uuid,
    lease: Duration,
    owned: BTreeSet<Partition>,
    /// Owned, and more than this relay's share.
    surplus: BTreeSet<Partition>,
    /// When the leases were last renewed: the moment before the database was asked.
    renewed_at: Option<Instant>,
    seen: HashMap<Partition, Seen<(i64, i64)>>,
    members: HashMap<Uuid, Seen<i64>>,
}

/// What was last seen to move, and when.
#[derive(Clone, Copy, Debug)]
struct Seen<T> {
    beat: T,
    since: Instant,
}

impl<T: PartialEq> Seen<T> {
    fn look(seen: Option<Self>, beat: T, now: Instant) -> Self {
        match seen {
            Some(seen) if seen.beat == beat => seen,
            _ => Self { beat, since: now },
        }
    }
}

/// A row of the table.
struct Lease {
    partition: Partition,
    owner: Option<Uuid>,
    fence: i64,
    beat: i64,
}

impl Leases {
    pub(super) fn new(lease: Duration) -> Self {
        Self {
            id: Uuid::new_v4(),
            lease,
            owned: BTreeSet::new(),
            surplus: BTreeSet::new(),
            renewed_at: None,
            seen: HashMap::new(),
            members: HashMap::new(),
        }
    }

    /// How long to wait between two beats.
    pub(super) fn interval(&self) -> Duration {
        self.lease / BEATS
    }

    pub(super) fn owned(&self) -> &BTreeSet<Partition> {
        &self.owned
    }

    /// What is to be given back once nothing of it is under way.
    pub(super) fn surplus(&self) -> &BTreeSet<Partition> {
        &self.surplus
    }

    /// Until when events may be handed over: well before anybody else may think the leases have
    /// run out.
    pub(super) fn valid_until(&self) -> Option<Instant> {
        self.renewed_at.map(|at| at + self.lease * 3 / 5)
    }

    /// Renews what is owned, looks at what others do, and takes what is this relay's to take.
    pub(super) async fn beat(&mut self, store: &Store) -> Result<(), DatabaseError> {
        let before = Instant::now();
        let database = store.database();
        database.execute_raw(store.same(JOIN, [self.id.into()])).await?;
        database.execute_raw(store.same(BEAT, [self.id.into()])).await?;
        let leases = self.read_leases(store).await?;
        let members = self.look_at_members(store, before).await?;
        self.renewed_at = Some(before);

        let of_mine = leases.iter().filter(|lease| lease.owner == Some(self.id));
        self.owned = of_mine.map(|lease| lease.partition).collect();
        let share = share(members);
        for lease in &leases {
            let seen = self.seen.get(&lease.partition).copied();
            let seen = Seen::look(seen, (lease.fence, lease.beat), before);
            self.seen.insert(lease.partition, seen);
            let is_free = lease.owner.is_none()
                || (lease.owner != Some(self.id) && seen.since + self.lease <= before);
            if is_free && self.owned.len() < share && self.take(store, lease).await? {
                self.owned.insert(lease.partition);
            }
        }
        self.surplus = self.owned.iter().skip(share).copied().collect();
        Ok(())
    }

    async fn read_leases(&self, store: &Store) -> Result<Vec<Lease>, DatabaseError> {
        let rows = store.database().query_all_raw(store.same(LEASES, [])).await?;
        let mut leases = Vec::with_capacity(rows.len());
        for row in rows {
            leases.push(Lease {
                partition: Partition(row.try_get("", "partition")?),
                owner: row.try_get("", "owner")?,
                fence: row.try_get("", "fence")?,
                beat: row.try_get("", "beat")?,
            });
        }
        // Each relay looks from a place of its own, so that two who start together do not want
        // the same partitions.
        leases.sort_unstable_by_key(|lease| lease.partition);
        let start = usize::from(self.id.as_bytes()[0]) % leases.len().max(1);
        leases.rotate_left(start);
        Ok(leases)
    }

    /// How many relays there are, this one included.
    async fn look_at_members(
        &mut self,
        store: &Store,
        now: Instant,
    ) -> Result<usize, DatabaseError> {
        let database = store.database();
        let rows = database.query_all_raw(store.same(MEMBERS, [])).await?;
        let mut members = HashMap::new();
        let mut living = 0;
        for row in rows {
            let (id, beat): (Uuid, i64) = (row.try_get("", "id")?, row.try_get("", "beat")?);
            let seen = Seen::look(self.members.get(&id).copied(), beat, now);
            let still = now.saturating_duration_since(seen.since);
            if id == self.id || still < self.lease {
                living += 1;
            } else if still >= self.lease * FORGOTTEN_AFTER {
                let forget = "DELETE FROM outbox_member WHERE id = $1 AND beat = $2";
                database.execute_raw(store.same(forget, [id.into(), beat.into()])).await?;
            }
            members.insert(id, seen);
        }
        self.members = members;
        Ok(living.max(1))
    }

    async fn take(&self, store: &Store, lease: &Lease) -> Result<bool, DatabaseError> {
        let values =
            [self.id.into(), lease.partition.0.into(), lease.fence.into(), lease.beat.into()];
        let taken = store.database().execute_raw(store.same(TAKE, values)).await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Lets others have these partitions.
    pub(super) async fn give_back(
        &mut self,
        store: &Store,
        partitions: &BTreeSet<Partition>,
    ) -> Result<(), DatabaseError> {
        let list = numbers(partitions.iter().map(|partition| partition.0), store.is_sqlite());
        let values = [self.id.into(), list];
        let give_back = store.statement(GIVE_BACK_POSTGRES, GIVE_BACK_SQLITE, values);
        store.database().execute_raw(give_back).await?;
        self.owned.retain(|partition| !partitions.contains(partition));
        self.surplus.retain(|partition| !partitions.contains(partition));
        Ok(())
    }

    /// Lets others have everything, and leaves.
    pub(super) async fn leave(&mut self, store: &Store) -> Result<(), DatabaseError> {
        let all = (0..PARTITIONS).map(Partition).collect();
        self.give_back(store, &all).await?;
        let leave = store.same("DELETE FROM outbox_member WHERE id = $1", [self.id.into()]);
        store.database().execute_raw(leave).await?;
        Ok(())
    }
}

/// How many partitions each of so many relays may have.
fn share(members: usize) -> usize {
    usize::try_from(PARTITIONS).map_or(1, |partitions| partitions.div_ceil(members.max(1)))
}

/// How many relays own something, by the table.
pub(crate) async fn owners(store: &Store) -> Result<BTreeMap<Uuid, usize>, DatabaseError> {
    let sql = "SELECT owner FROM outbox_lease WHERE owner IS NOT NULL";
    let mut owners = BTreeMap::new();
    for row in store.database().query_all_raw(store.same(sql, [])).await? {
        *owners.entry(row.try_get("", "owner")?).or_default() += 1;
    }
    Ok(owners)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_all_partitions_whatever_the_number_of_relays() {
        for members in 1..40 {
            let all = share(members) * members;
            assert!(all >= usize::try_from(PARTITIONS).unwrap(), "{members}");
            assert!(share(members) >= 1);
        }
    }
}
