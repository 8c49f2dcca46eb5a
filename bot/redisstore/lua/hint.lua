-- Notes that something happened for each id. KEYS: hinted, sequence, the invocation's key if there is one, then the records.
-- ARGV: nonce, how long the invocation is remembered (0: there is none), then the ids.
local hinted, sequence, records = KEYS[1], KEYS[2], 2
if ARGV[2] ~= '0' then
  records = 3
  if not redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[2]) then
    if redis.call('GET', KEYS[3]) == ARGV[1] then
      return 1 -- this very call landed before; only its answer was lost
    end
    return 0
  end
end
for i = 3, #ARGV do
  local position = redis.call('INCR', sequence)
  redis.call('HSET', KEYS[records + i - 2], 'hint', position)
  redis.call('ZADD', hinted, position, ARGV[i])
end
return 1
