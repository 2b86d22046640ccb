-- Lets jobs that died or were cancelled wait again, as if they were new.
--
-- ARGV: how long ago they ended at least, whether dead ones are meant, whether cancelled ones are,
-- and their ids.
-- Answers how many it were.

local meant = { dead = ARGV[2] == '1', cancelled = ARGV[3] == '1' }
local count = 0
for i = 4, #ARGV do
  local id = ARGV[i]
  local key = job_key(id)
  local job = redis.call('HMGET', key, 'state', 'name', 'priority', 'unique', 'finished_at')
  local state, name, unique = job[1], job[2], job[4]
  if state and meant[state] and tonumber(job[5]) <= now - ARGV[1]
    and not (unique and redis.call('HEXISTS', unique_key(name), unique) == 1) then
    redis.call('ZREM', state_key(state, name), id)
    redis.call('ZREM', ended_key(state, name), id)
    redis.call('HDEL', key, 'finished_at', 'started_at', 'progress', 'cancelling')
    redis.call('HSET', key, 'state', 'waiting', 'attempts', 0, 'run_at', whole(now))
    if unique then
      redis.call('HSET', unique_key(name), unique, id)
    end
    begin_waiting(id, name, job[3], now)
    count = count + 1
  end
end
wake()
return count
