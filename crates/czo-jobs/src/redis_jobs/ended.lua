-- Jobs of one name that ended in one state, those that ended first before the others.
--
-- ARGV: the state, the name, how long ago they ended at least, how many to pass over, and how many
-- at most.
-- Answers with their ids.

return redis.call('ZRANGEBYSCORE', ended_key(ARGV[1], ARGV[2]), '-inf', whole(now - ARGV[3]),
  'LIMIT', ARGV[4], ARGV[5])
