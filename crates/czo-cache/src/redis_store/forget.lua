-- ARGV: epoch, what to tell, then keys. Returns the generation since then.
if not is_current(ARGV[1]) then
  return changed()
end
for place = 3, #ARGV do
  local key = ARGV[1] .. ':' .. ARGV[place]
  redis.call('UNLINK', name('l', key))
  forget(name('v', key))
end
return tell(ARGV[2])
