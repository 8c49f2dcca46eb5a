-- What all scripts share. Times are milliseconds since 1970 by the caller's clock.

-- holder returns the token whose lease on part runs at now, or nil.
local function holder(record, part, now)
  local lease = redis.call('HGET', record, 'lease/' .. part)
  if not lease then
    return nil
  end
  local deadline, token = string.match(lease, '^(%-?%d+) (.*)$')
  if tonumber(deadline) > tonumber(now) then
    return token
  end
  return nil
end

-- list reads from ARGV a count and as many items, and returns them with the position behind them.
local function list(at)
  local items, count = {}, tonumber(ARGV[at])
  for i = 1, count do
    items[i] = ARGV[at + i]
  end
  return items, at + count + 1
end

