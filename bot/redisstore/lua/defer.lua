-- Puts an id off. KEYS: record, hinted, due, newcomers, those without a record by how often they were put off. ARGV: id, the hint that was loaded ('' for any), until.
local record, hinted, due, newcomers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if ARGV[2] ~= '' and (redis.call('HGET', record, 'hint') or '0') ~= ARGV[2] then
  return 0
end
if redis.call('HEXISTS', record, 'version') == 0 then
  redis.call('ZADD', KEYS[5], redis.call('HINCRBY', record, 'deferred', 1), ARGV[1])
end
redis.call('ZREM', hinted, ARGV[1])
redis.call('ZREM', newcomers, ARGV[1])
redis.call('ZADD', due, ARGV[3], ARGV[1])
return 1
