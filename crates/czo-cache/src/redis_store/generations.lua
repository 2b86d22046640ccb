-- ARGV: epoch, milliseconds, scopes. Returns when each was last invalidated. One that is not known was
-- just now: it may have been forgotten.
if not is_current(ARGV[1]) then
  return changed()
end
local now = redis.call('GET', tag .. ':generation')
local answer = {}
for place = 3, #ARGV do
  local key = name('s', ARGV[1] .. ':' .. ARGV[place])
  local generation = redis.call('GETEX', key, 'PX', ARGV[2])
  if not generation then
    generation = now
    redis.call('SET', key, generation, 'PX', ARGV[2])
  end
  answer[#answer + 1] = tonumber(generation)
end
return answer
