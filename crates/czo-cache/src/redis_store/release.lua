-- ARGV: epoch, key, token.
local lease = name('l', ARGV[1] .. ':' .. ARGV[2])
if redis.call('GET', lease) == ARGV[3] then
  redis.call('DEL', lease)
end
return 0
