-- Takes one out of a bucket, or tells how long it is too early. KEYS: bucket, sharers.
-- ARGV: now, what comes in in a millisecond, burst, floor, who takes, how long who took counts as a sharer, 0 to take nothing.
-- Returns the wait in milliseconds and the number of sharers.
local now, rate, burst, floor = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZADD', KEYS[2], now, ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[6]))
local sharers = math.max(1, redis.call('ZCARD', KEYS[2]))
local stored = redis.call('HMGET', KEYS[1], 'level', 'at', 'rest')
local level, at, rest = tonumber(stored[1] or burst), tonumber(stored[2] or now), tonumber(stored[3] or 0)
if now > at then
  level, at = level + (now - at) * rate, now
end
level = math.min(level, burst)
if rest > now then
  return { rest - now, sharers }
end
local lacks = floor + 1 - level
if lacks > 0.000001 then
  return { math.ceil(lacks / rate), sharers }
end
if ARGV[7] == '0' then
  return { 0, sharers }
end
level = level - 1
redis.call('HSET', KEYS[1], 'level', string.format('%.9f', level), 'at', string.format('%.0f', at))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - level) / rate) + 600000)
return { 0, sharers }
