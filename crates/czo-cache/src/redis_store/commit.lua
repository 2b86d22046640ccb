-- ARGV: epoch, key, token, record and milliseconds. Returns whether the record took its place: what was
-- loaded under a lease that is lost does not.
if not is_current(ARGV[1]) then
  return changed()
end
local key = ARGV[1] .. ':' .. ARGV[2]
if redis.call('GET', name('l', key)) ~= ARGV[3] then
  return 0
end
redis.call('DEL', name('l', key))
return keep(name('v', key), ARGV[4], ARGV[5]) and 1 or 0
