-- Takes one out of each bucket, or none out of any and tells how long it is too early. KEYS: sharers, buckets.
-- ARGV: now, who takes, how long who took counts as a sharer, 0 to take nothing; for each bucket what comes in in a millisecond, burst, floor.
-- Who knows of no limit has 0 come in, and is given unless the bucket rests.
-- Returns the wait in milliseconds and the number of sharers.
local now = tonumber(ARGV[1])
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[3]))
local sharers = math.max(1, redis.call('ZCARD', KEYS[1]))
local wait, buckets = 0, {}
for i = 2, #KEYS do
  local from = 3 * i - 1
  local rate, burst, floor = tonumber(ARGV[from]), tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2])
  local stored = redis.call('HMGET', KEYS[i], 'level', 'at', 'rest')
  local level, at, rest = tonumber(stored[1] or burst), tonumber(stored[2] or now), tonumber(stored[3] or 0)
  local lacks = 0
  if rate > 0 then
    if now > at then
      level, at = level + (now - at) * rate, now
    end
    level = math.min(level, burst)
    lacks = floor + 1 - level
  end
  if rest > now then
    wait = math.max(wait, rest - now)
  elseif lacks > 0.000001 then
    wait = math.max(wait, math.ceil(lacks / rate))
  end
  if rate > 0 or stored[1] then
    buckets[i] = { level = level - 1, at = at, full = rate > 0 and math.ceil((burst - level + 1) / rate) or 0 }
  end
end
if wait > 0 or ARGV[4] == '0' then
  return { wait, sharers }
end
for i = 2, #KEYS do
  local b = buckets[i]
  if b then
    redis.call('HSET', KEYS[i], 'level', string.format('%.9f', b.level), 'at', string.format('%.0f', b.at))
    redis.call('PEXPIRE', KEYS[i], b.full + 600000)
  end
end
return { 0, sharers }
