-- Which replicas go by the newest rules of intake. KEYS: the rules. ARGV: digest of the caller's, now, how long a generation without a sign of
-- life lasts. Returns the generation and whether the caller's rules are its own. Rules that were never seen begin a generation; ones that
-- were, and are asked for by somebody who still has them, begin one only when nobody has had the newest for that long.
local now, patience = tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('HMGET', KEYS[1], 'generation', 'digest', 'seen', 'was/' .. ARGV[1])
local generation = tonumber(stored[1] or '0')
if stored[2] == ARGV[1] then
  redis.call('HSET', KEYS[1], 'seen', now)
  return { generation, 1 }
end
if stored[2] and stored[4] and now - tonumber(stored[3]) <= patience then
  return { generation, 0 }
end
generation = generation + 1
redis.call('HSET', KEYS[1], 'generation', generation, 'digest', ARGV[1], 'seen', now, 'was/' .. ARGV[1], generation)
return { generation, 1 }
