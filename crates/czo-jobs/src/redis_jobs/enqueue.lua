-- Takes jobs, all of them, unless a slot of a schedule is given and was taken.
--
-- ARGV: the schedule and its slot, or two empty texts; then for each job its id, name, priority,
-- delay, unique key or nothing, attempts at most, and body.
-- Answers for each with the id of the job that has its unique key, or nothing; or false.

if ARGV[1] ~= '' then
  local slots = base .. 'slots'
  local last = redis.call('HGET', slots, ARGV[1])
  if last and tonumber(ARGV[2]) <= tonumber(last) then
    return false
  end
  redis.call('HSET', slots, ARGV[1], ARGV[2])
end

local known = {}
local answers = {}
for i = 3, #ARGV, 7 do
  local id, name, priority, unique = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 4]
  local holder = unique ~= '' and redis.call('HGET', unique_key(name), unique)
  -- A holder that is gone was removed by other hands.
  if holder and redis.call('EXISTS', job_key(holder)) == 1 then
    answers[#answers + 1] = holder
  else
    if not known[name] then
      known[name] = true
      redis.call('SADD', names, name)
    end
    local run_at = now + ARGV[i + 3]
    local key = job_key(id)
    redis.call('HSET', key, 'name', name, 'priority', priority, 'state', 'waiting', 'attempts', 0,
      'max_attempts', ARGV[i + 5], 'fence', 0, 'enqueued_at', whole(now), 'run_at', whole(run_at))
    if unique ~= '' then
      redis.call('HSET', key, 'unique', unique)
      redis.call('HSET', unique_key(name), unique, id)
    end
    redis.call('SET', body_key(id), ARGV[i + 6])
    begin_waiting(id, name, priority, run_at)
    answers[#answers + 1] = ''
  end
end
wake()
return answers
