-- Forgets the hints of an id without a record, unless one arrived since.
local record, hinted, due, newcomers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if redis.call('HEXISTS', record, 'version') == 1 then
  return 0
end
if (redis.call('HGET', record, 'hint') or '0') ~= ARGV[2] then
  return 0
end
redis.call('HDEL', record, 'hint', 'deferred')
redis.call('ZREM', hinted, ARGV[1])
redis.call('ZREM', due, ARGV[1])
redis.call('ZREM', newcomers, ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
return 1
