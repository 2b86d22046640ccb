-- ARGV: an epoch to begin, node, session. Returns the epoch and the generation.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local epoch = redis.call('GET', tag .. ':epoch')
local generation = redis.call('GET', tag .. ':generation')
if redis.call('GET', tag .. ':run') ~= run or not epoch or not generation then
  epoch = ARGV[1]
  redis.call('SET', tag .. ':run', run)
  redis.call('SET', tag .. ':epoch', epoch)
  generation = redis.call('INCR', tag .. ':generation')
end
redis.call('SET', name('n', ARGV[2]), ARGV[3], 'PX', NODE)
return { epoch, tonumber(generation) }
