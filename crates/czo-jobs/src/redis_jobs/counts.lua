-- How many jobs of some names are in some states.
--
-- ARGV: how long ago they ended at least or nothing, how many lost jobs to look after, how many
-- states, the states, and the names; without a name, all.
-- Answers with three values for each of which there are some: name, state and how many.

free_lost(ARGV[2])
wake()

local last_state = 3 + ARGV[3]
local wanted = { unpack(ARGV, last_state + 1) }
if #wanted == 0 then
  wanted = redis.call('SMEMBERS', names)
end
local counts = {}
for _, name in ipairs(wanted) do
  for place = 4, last_state do
    local state, jobs = ARGV[place]
    if ARGV[1] == '' then
      jobs = redis.call('ZCARD', state_key(state, name))
    else
      jobs = redis.call('ZCOUNT', ended_key(state, name), '-inf', whole(now - ARGV[1]))
    end
    if jobs > 0 then
      local at = #counts
      counts[at + 1], counts[at + 2], counts[at + 3] = name, state, jobs
    end
  end
end
return counts
