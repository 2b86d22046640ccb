//! A million published events.

use anyhow::Result;
use sea_orm::ConnectionTrait;

use crate::place::Place;

/// Fills the log with a million events, in the manner of those that are measured.
pub(crate) async fn fill(place: &Place) -> Result<()> {
    let fill = "
INSERT INTO event_log (position, partition, event_id, event_type, version, source, correlation_id,
    occurred_at, ordering_key, event, published_at)
SELECT -n, n % 16, gen_random_uuid(), 'bench.order.placed', 1, 'bench', md5(n::text),
    now() - n * interval '1 millisecond', md5(n::text), repeat('x', 350), now()
FROM generate_series(1, 1000000) AS n";
    place.database.execute_unprepared(fill).await?;
    place.database.execute_unprepared("VACUUM ANALYZE event_log").await?;
    Ok(())
}
