-- Notes that something happened for each id. KEYS: hinted, sequence, newcomers, the invocation's key if there is one, then the records.
-- ARGV: nonce, how long the invocation is remembered (0: there is none), then the ids.
local hinted, sequence, newcomers, records = KEYS[1], KEYS[2], KEYS[3], 3
if ARGV[2] ~= '0' then
  records = 4
  if not redis.call('SET', KEYS[4], ARGV[1], 'NX', 'PX', ARGV[2]) then
    if redis.call('GET', KEYS[4]) == ARGV[1] then
      return 1 -- this very call landed before; only its answer was lost
    end
    return 0
  end
end
for i = 3, #ARGV do
  local position = redis.call('INCR', sequence)
  local record, at = KEYS[records + i - 2], newcomers
  redis.call('HSET', record, 'hint', position)
  if redis.call('HEXISTS', record, 'version') == 1 then
    at = hinted
  end
  redis.call('ZADD', at, position, ARGV[i])
end
return 1
