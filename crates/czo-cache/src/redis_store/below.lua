-- ARGV: epoch, what to tell, key, record of a tombstone, milliseconds. A later version that is there
-- stays. Returns the generation since then.
if not is_current(ARGV[1]) then
  return changed()
end
local generation = tell(ARGV[2])
local key = ARGV[1] .. ':' .. ARGV[3]
redis.call('DEL', name('l', key))
keep(name('v', key), ARGV[4], ARGV[5])
return generation
