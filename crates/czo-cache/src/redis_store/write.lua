-- ARGV: epoch, node, session, what to tell, then key, record and milliseconds of each. Returns whether
-- each is kept. What an earlier session of a node still has under way comes too late.
if not is_current(ARGV[1]) or redis.call('GET', name('n', ARGV[2])) ~= ARGV[3] then
  return changed()
end
-- First, since a redis that is full refuses it: nothing is written then.
tell(ARGV[4])
local kept = {}
for place = 5, #ARGV, 3 do
  local key = ARGV[1] .. ':' .. ARGV[place]
  redis.call('DEL', name('l', key))
  kept[#kept + 1] = keep(name('v', key), ARGV[place + 1], ARGV[place + 2]) and 1 or 0
end
return kept
