-- ARGV: epoch, what to tell, key, record of a tombstone, milliseconds. This version or a later one that is
-- there stays. Returns the generation since then.
if not is_current(ARGV[1]) then
  return changed()
end
local generation = tell(ARGV[2])
local key = ARGV[1] .. ':' .. ARGV[3]
redis.call('DEL', name('l', key))
if not has_later(name('v', key), version_of(ARGV[4]), true) then
  redis.call('SET', name('v', key), ARGV[4], 'PX', ARGV[5])
end
return generation
