-- Everything there is of some jobs.
--
-- ARGV: their ids.
-- Answers with the time; then for each that there is its id, its body, and a list of its fields and
-- their values.

local found = { whole(now) }
for _, id in ipairs(ARGV) do
  local lease = redis.call('ZSCORE', leases, id)
  if lease and tonumber(lease) <= now then
    free(id)
  end
  local fields = redis.call('HGETALL', job_key(id))
  if #fields > 0 then
    local at = #found
    found[at + 1], found[at + 2], found[at + 3] = id, redis.call('GET', body_key(id)), fields
  end
end
wake()
return found
