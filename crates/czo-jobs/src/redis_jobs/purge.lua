-- Deletes jobs that ended.
--
-- ARGV: how long ago they ended at least, and their ids.
-- Answers how many it were.

local count = 0
for i = 2, #ARGV do
  local id = ARGV[i]
  local job = redis.call('HMGET', job_key(id), 'state', 'name', 'finished_at')
  if job[3] and tonumber(job[3]) <= now - ARGV[1] then
    redis.call('ZREM', state_key(job[1], job[2]), id)
    redis.call('ZREM', ended_key(job[1], job[2]), id)
    redis.call('UNLINK', job_key(id), body_key(id))
    count = count + 1
  end
end
return count
