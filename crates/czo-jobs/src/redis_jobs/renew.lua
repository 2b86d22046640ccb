-- Begins leases anew and stores progress.
--
-- ARGV: the lease; then for each job its id, fence, and progress or nothing.
-- Answers for each: 0 lost, 1 held, 2 held and to be cancelled.

local until_then = whole(now + ARGV[1])
local standing = {}
for i = 2, #ARGV, 3 do
  local id = ARGV[i]
  local job = redis.call('HMGET', job_key(id), 'state', 'fence', 'cancelling')
  if job[1] == 'running' and job[2] == ARGV[i + 1] then
    redis.call('ZREM', leases, id)
    redis.call('ZADD', leases, until_then, id)
    if ARGV[i + 2] ~= '' then
      redis.call('HSET', job_key(id), 'progress', ARGV[i + 2])
    end
    standing[#standing + 1] = job[3] and 2 or 1
  else
    standing[#standing + 1] = 0
  end
end
return standing
