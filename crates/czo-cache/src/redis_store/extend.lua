-- ARGV: epoch, key, token, milliseconds. Returns whether the lease is still the caller's.
local lease = name('l', ARGV[1] .. ':' .. ARGV[2])
if redis.call('GET', lease) ~= ARGV[3] then
  return 0
end
redis.call('PEXPIRE', lease, ARGV[4])
return 1
