-- ARGV: epoch, key, token, and record and milliseconds, or nothing to remove what is there. Returns
-- whether that was done: what was loaded under a lease that is lost is not kept.
if not is_current(ARGV[1]) then
  return changed()
end
local key = ARGV[1] .. ':' .. ARGV[2]
if redis.call('GET', name('l', key)) ~= ARGV[3] then
  return 0
end
redis.call('DEL', name('l', key))
if not ARGV[4] then
  redis.call('UNLINK', name('v', key))
  return 1
end
return keep(name('v', key), ARGV[4], ARGV[5]) and 1 or 0
