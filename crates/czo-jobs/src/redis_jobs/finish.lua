-- Ends attempts.
--
-- ARGV: for each its id, fence, outcome, delay, progress or nothing, and a letter before the reason,
-- or nothing.
-- Answers with the places of those that were not the worker's any more, the first is 0.

local lost = {}
for i = 1, #ARGV, 6 do
  local id = ARGV[i]
  local key = job_key(id)
  local job = redis.call('HMGET', key, 'state', 'fence', 'name', 'priority', 'run_at', 'attempts',
    'cancelling', 'unique')
  if job[1] ~= 'running' or job[2] ~= ARGV[i + 1] then
    lost[#lost + 1] = (i - 1) / 6
  else
    local name, outcome = job[3], ARGV[i + 2]
    leave_worker(id, name)
    if ARGV[i + 4] ~= '' then
      redis.call('HSET', key, 'progress', ARGV[i + 4])
    end
    if ARGV[i + 5] ~= '' then
      redis.call('HSET', key, 'reason', string.sub(ARGV[i + 5], 2))
    end
    if job[7] and outcome ~= 'succeeded' then
      outcome = 'cancelled'
    end
    if outcome == 'retry' then
      local run_at = now + ARGV[i + 3]
      redis.call('HSET', key, 'state', 'waiting', 'run_at', whole(run_at))
      begin_waiting(id, name, job[4], run_at)
    elseif outcome == 'released' then
      redis.call('HSET', key, 'state', 'waiting', 'attempts', job[6] - 1)
      begin_waiting(id, name, job[4], tonumber(job[5]))
    else
      end_job(id, name, outcome, job[8])
    end
  end
end
wake()
return lost
