-- ARGV: epoch, cursor, pattern, how many. Returns where to go on, "0" at the end, and some of the keys
-- that match.
if not is_current(ARGV[1]) then
  return changed()
end
return redis.call('SCAN', ARGV[2], 'MATCH', ARGV[3], 'COUNT', ARGV[4])
