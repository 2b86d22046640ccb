-- ARGV: epoch, node, session, number.
if not is_current(ARGV[1]) or redis.call('GET', name('n', ARGV[2])) ~= ARGV[3] then
  return changed()
end
redis.call('PEXPIRE', name('n', ARGV[2]), NODE)
local generation = redis.call('GET', tag .. ':generation')
redis.call('PUBLISH', tag .. ':beats:' .. ARGV[3], ARGV[4] .. ' ' .. generation)
return 0
