-- ARGV: epoch, what to tell, scope, milliseconds. Returns the generation since then.
if not is_current(ARGV[1]) then
  return changed()
end
local generation = tell(ARGV[2])
redis.call('SET', name('s', ARGV[1] .. ':' .. ARGV[3]), generation, 'PX', ARGV[4])
return generation
