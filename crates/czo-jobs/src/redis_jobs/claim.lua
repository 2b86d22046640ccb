-- Gives jobs that are due to a worker: the most urgent, then those that were due first, then the
-- oldest.
--
-- ARGV: the worker, its lease, how many at most, how many bytes of bodies to stop at, how many lost
-- jobs to look after, and the names it knows.
-- Answers with six values for each: its id, the place of its name, its priority, the attempt, the
-- fence and the body.

free_lost(ARGV[5])

local worker, lease, limit, most_bytes = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local until_then = whole(now + lease)
local first_name = 6
local chunk = math.max(8, math.ceil(limit / (#ARGV - first_name + 1)))
local claims, taken, bytes = {}, 0, 0

local function take(id, place, priority)
  local name, key = ARGV[place], job_key(id)
  -- Not there any more when the same name was asked for twice.
  if not leave_queue(id, name, priority) then
    return
  end
  local job = redis.call('HMGET', key, 'attempts', 'fence', 'unique', 'progress')
  if not job[1] then
    return
  end
  local body = redis.call('GET', body_key(id))
  if not body then
    redis.call('HSET', key, 'reason', 'its payload was removed from Redis')
    end_job(id, name, 'dead', job[3])
    return
  end
  local attempts, fence = job[1] + 1, job[2] + 1
  redis.call('HSET', key, 'state', 'running', 'attempts', attempts, 'fence', fence, 'worker', worker,
    'started_at', whole(now))
  if job[4] then
    redis.call('HDEL', key, 'progress')
  end
  redis.call('ZADD', leases, until_then, id)
  redis.call('ZADD', state_key('running', name), 0, id)
  local at = #claims
  claims[at + 1], claims[at + 2], claims[at + 3] = id, place - first_name, tonumber(priority)
  claims[at + 4], claims[at + 5], claims[at + 6] = attempts, fence, body
  taken, bytes = taken + 1, bytes + #body
end

local function due(place, priority)
  local queue = queue_key(ARGV[place], priority)
  return redis.call('ZRANGEBYSCORE', queue, '-inf', whole(now), 'WITHSCORES', 'LIMIT', 0, chunk)
end

for priority = 0, 2 do
  local lists = {}
  if taken < limit and bytes < most_bytes then
    for place = first_name, #ARGV do
      local jobs = due(place, priority)
      if #jobs > 0 then
        lists[#lists + 1] = { jobs = jobs, at = 1, place = place }
      end
    end
  end
  while #lists > 0 and taken < limit and bytes < most_bytes do
    local best, best_id, best_due
    for index, list in ipairs(lists) do
      local id, run_at = list.jobs[list.at], tonumber(list.jobs[list.at + 1])
      if not best or run_at < best_due or (run_at == best_due and id < best_id) then
        best, best_id, best_due = index, id, run_at
      end
    end
    local list = lists[best]
    take(best_id, list.place, priority)
    list.at = list.at + 2
    if list.at > #list.jobs then
      -- What was taken is not there any more, so the next ones are the first.
      list.jobs, list.at = due(list.place, priority), 1
      if #list.jobs == 0 then
        table.remove(lists, best)
      end
    end
  end
end
wake()
return claims
