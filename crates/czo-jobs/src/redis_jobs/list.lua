-- The newest jobs of some names and states, each name and state by itself.
--
-- ARGV: how many of each at most, the id that they are older than or nothing, how many lost jobs to
-- look after, how many states, the states, and the names; without a name, all.
-- Answers with their ids, in no order.

free_lost(ARGV[3])
wake()

local before = ARGV[2] == '' and '+' or '(' .. ARGV[2]
local last_state = 4 + ARGV[4]
local wanted = { unpack(ARGV, last_state + 1) }
if #wanted == 0 then
  wanted = redis.call('SMEMBERS', names)
end
local ids = {}
for _, name in ipairs(wanted) do
  for place = 5, last_state do
    local key = state_key(ARGV[place], name)
    for _, id in ipairs(redis.call('ZREVRANGEBYLEX', key, before, '-', 'LIMIT', 0, ARGV[1])) do
      ids[#ids + 1] = id
    end
  end
end
return ids
