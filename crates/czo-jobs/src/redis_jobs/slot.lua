-- The last slot of a schedule; of one that was never seen, now.
--
-- ARGV: the schedule.
-- Answers with the slot and the time.

local slots = base .. 'slots'
redis.call('HSETNX', slots, ARGV[1], whole(now))
return { redis.call('HGET', slots, ARGV[1]), whole(now) }
