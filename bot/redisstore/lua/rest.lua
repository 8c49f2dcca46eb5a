-- Lets nobody take out of the bucket KEYS[1] before ARGV[1].
local rest = tonumber(redis.call('HGET', KEYS[1], 'rest') or '0')
if tonumber(ARGV[1]) <= rest then
  return 0
end
redis.call('HSET', KEYS[1], 'rest', ARGV[1])
redis.call('PEXPIRE', KEYS[1], 600000)
return 1
