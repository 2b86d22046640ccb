-- ARGV: epoch, key, token, milliseconds. Returns the generation and whether there is an entry, or nothing
-- when somebody else has the lease.
if not is_current(ARGV[1]) then
  return changed()
end
local key = ARGV[1] .. ':' .. ARGV[2]
if redis.call('SET', name('l', key), ARGV[3], 'NX', 'PX', ARGV[4]) then
  local generation = tonumber(redis.call('GET', tag .. ':generation'))
  return { generation, redis.call('EXISTS', name('v', key)) }
end
return {}
