-- What every script begins with. The keys, and what holds of them, are described in `scripts.rs`.
--
-- KEYS[1] is the tag `{prefix}`: it begins every key, and names the node of a cluster that has them.
-- A script that only moves or ends jobs writes a removal first, because Redis lets a script that
-- removed something go on when its memory is full: full, it takes no jobs but gives them out.

local base = KEYS[1] .. ':'
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- Lua writes big numbers with an exponent.
local function whole(number)
  return string.format('%.0f', number)
end

local function job_key(id)
  return base .. 'job:' .. id
end

local function body_key(id)
  return base .. 'body:' .. id
end

local function queue_key(name, priority)
  return base .. 'queue:' .. name .. ':' .. priority
end

local function state_key(state, name)
  return base .. 'state:' .. state .. ':' .. name
end

local function ended_key(state, name)
  return base .. 'ended:' .. state .. ':' .. name
end

local function unique_key(name)
  return base .. 'unique:' .. name
end

local leases = base .. 'leases'
local names = base .. 'names'

-- When the first job of each queue is due, as far as this script knows.
local first_due = {}
-- The names whose workers are to be woken.
local woken = {}

-- Lets a job wait. Whoever waits for the first of its queue would sleep past one that is due
-- earlier; for one that is not, somebody was woken already.
local function begin_waiting(id, name, priority, run_at)
  local queue = queue_key(name, priority)
  if first_due[queue] == nil then
    local head = redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES')
    first_due[queue] = tonumber(head[2]) or math.huge
  end
  if run_at < first_due[queue] then
    first_due[queue] = run_at
    -- Nobody waits longer than a second without looking.
    if run_at - now < 1500000 then
      woken[name] = true
    end
  end
  redis.call('ZADD', queue, whole(run_at), id)
  redis.call('ZADD', state_key('waiting', name), 0, id)
end

-- Whether the job was in the queue.
local function leave_queue(id, name, priority)
  local was_there = redis.call('ZREM', queue_key(name, priority), id) == 1
  redis.call('ZREM', state_key('waiting', name), id)
  return was_there
end

local function leave_worker(id, name)
  redis.call('ZREM', leases, id)
  redis.call('ZREM', state_key('running', name), id)
end

-- Ends a job that neither waits nor runs any more.
local function end_job(id, name, state, unique)
  redis.call('HSET', job_key(id), 'state', state, 'finished_at', whole(now))
  redis.call('ZADD', state_key(state, name), 0, id)
  redis.call('ZADD', ended_key(state, name), whole(now), id)
  if unique then
    redis.call('HDEL', unique_key(name), unique)
  end
end

-- Takes a job from a worker that was lost.
local function free(id)
  redis.call('ZREM', leases, id)
  local key = job_key(id)
  local job = redis.call('HMGET', key, 'name', 'priority', 'run_at', 'cancelling', 'unique')
  if not job[1] then
    return
  end
  leave_worker(id, job[1])
  redis.call('HSET', key, 'reason', 'its worker was lost')
  if job[4] then
    end_job(id, job[1], 'cancelled', job[5])
  else
    redis.call('HSET', key, 'state', 'waiting')
    begin_waiting(id, job[1], job[2], tonumber(job[3]))
  end
end

-- Takes jobs from workers that were lost, at most so many.
local function free_lost(limit)
  local lost = redis.call('ZRANGEBYSCORE', leases, '-inf', whole(now), 'LIMIT', 0, limit)
  for _, id in ipairs(lost) do
    free(id)
  end
end

-- Wakes the workers of the jobs that wait now. The last thing a script does.
local function wake()
  for name in pairs(woken) do
    redis.call('PUBLISH', base .. 'wake', name)
  end
end

