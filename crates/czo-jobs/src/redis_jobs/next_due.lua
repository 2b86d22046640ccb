-- When somebody who knows these jobs has something to do.
--
-- ARGV: their names.
-- Answers how long until the first is due, or until the first lease of all is over; or false.

local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')[2]
first = first and tonumber(first)
for _, name in ipairs(ARGV) do
  for priority = 0, 2 do
    local head = redis.call('ZRANGE', queue_key(name, priority), 0, 0, 'WITHSCORES')[2]
    if head and (not first or tonumber(head) < first) then
      first = tonumber(head)
    end
  end
end
return first and whole(math.max(first - now, 0))
