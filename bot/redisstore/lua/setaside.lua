-- Puts a damaged record aside with its ledger. Claims and leases of runs are given up; the step's lease, which must be ARGV[2]'s, and
-- the hint stay. KEYS: record, events, where record and events go, claims, due, hinted. ARGV: id, token, now, prefix.
local record, events, claims = KEYS[1], KEYS[2], KEYS[5]
if holder(record, '', ARGV[3]) ~= ARGV[2] then
  return 0
end
local kept = redis.call('HMGET', record, 'hint', 'lease/', 'arrival')
local fields = redis.call('HGETALL', record)
for i = 1, #fields, 2 do
  local facet = string.match(fields[i], '^facet/(.*)$')
  if facet and kept[3] then
    redis.call('ZREM', ARGV[4] .. 'index/' .. facet .. '/' .. fields[i + 1], kept[3])
  end
end
redis.call('RENAME', record, KEYS[3])
redis.call('DEL', KEYS[4])
if redis.call('EXISTS', events) == 1 then
  redis.call('RENAME', events, KEYS[4])
end
redis.call('HSET', record, 'lease/', kept[2])
if kept[1] then
  redis.call('HSET', record, 'hint', kept[1])
end
local claimed = redis.call('HGETALL', claims)
for i = 1, #claimed, 2 do
  if claimed[i + 1] == ARGV[1] then
    redis.call('HDEL', claims, claimed[i])
  end
end
redis.call('ZREM', KEYS[7], ARGV[1])
redis.call('ZADD', KEYS[6], 0, ARGV[1])
return 1
