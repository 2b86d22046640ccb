-- Cancels a job: one that waits at once, one that runs when its worker hears of it.
--
-- ARGV: its id.
-- Answers with the state it is in then; false when there is none.

local id = ARGV[1]
local key = job_key(id)
local lease = redis.call('ZSCORE', leases, id)
if lease and tonumber(lease) <= now then
  free(id)
end
local job = redis.call('HMGET', key, 'state', 'name', 'priority', 'unique')
local state = job[1]
if state == 'waiting' then
  leave_queue(id, job[2], job[3])
  end_job(id, job[2], 'cancelled', job[4])
  state = 'cancelled'
elseif state == 'running' then
  redis.call('HDEL', key, 'cancelling')
  redis.call('HSET', key, 'cancelling', 1)
end
-- No wake-up: one that was freed is cancelled here.
return state
