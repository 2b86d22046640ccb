local tag = KEYS[1]

-- How long it is remembered which session a node has: as long as it beats, and much longer.
local NODE = 3600000

local function name(kind, rest)
  return tag .. ':' .. kind .. ':' .. rest
end

-- Whether the session's epoch is still the server's, and a generation is there to go on from.
local function is_current(epoch)
  return redis.call('GET', tag .. ':epoch') == epoch
    and redis.call('EXISTS', tag .. ':generation') == 1
end

local function changed()
  return redis.error_reply('CHANGED the cache was emptied, or redis restarted')
end

-- Raises the generation, and tells everybody what was invalidated.
local function tell(what)
  local generation = redis.call('INCR', tag .. ':generation')
  redis.call('PUBLISH', tag .. ':notices', generation .. ' ' .. what)
  return generation
end

-- The version in a record, if it has one: a bit of its second byte says so. In two halves, since a
-- number of Lua has no room for all of it.
local function version_of(record)
  if type(record) ~= 'string' or #record < 10 or string.byte(record, 1) ~= 1 then
    return nil
  end
  if string.byte(record, 2) % 2 == 0 then
    return nil
  end
  local high, low = struct.unpack('>i4I4', record, 3)
  return { high, low }
end

-- Forgets what is known of a key, but not which versions are too low.
local function forget(key)
  local head = redis.pcall('GETRANGE', key, 0, 1)
  local format, flags = 0, 0
  if type(head) == 'string' and #head == 2 then
    format, flags = string.byte(head, 1, 2)
  end
  if format ~= 1 or flags % 8 < 4 then
    redis.call('UNLINK', key)
  end
end

-- Whether a record is of before everything was forgotten: its version says nothing. That of a
-- tombstone does.
local function is_over(record)
  if #record < 26 or string.byte(record, 2) % 8 >= 4 then
    return false
  end
  local high, low = struct.unpack('>I4I4', record, 19)
  local cleared = tonumber(redis.pcall('GET', name('s', ARGV[1] .. ':all')))
  return cleared ~= nil and high * 4294967296 + low < cleared
end

-- Whether a later version than this one is there, or with `same` this one.
local function has_later(key, version, same)
  local record = redis.pcall('GETRANGE', key, 0, 25)
  local there = version and version_of(record)
  if not there or is_over(record) then
    return false
  end
  if version[1] ~= there[1] then
    return version[1] < there[1]
  end
  return version[2] < there[2] or (same and version[2] == there[2])
end

-- Keeps a record unless a later version is there. One that is kept for no time leaves nothing there.
local function keep(key, record, milliseconds)
  if has_later(key, version_of(record)) then
    return false
  end
  if milliseconds == '0' then
    forget(key)
  else
    redis.call('SET', key, record, 'PX', milliseconds)
  end
  return true
end

