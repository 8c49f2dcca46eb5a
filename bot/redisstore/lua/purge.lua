-- Removes a record with its ledger, its places in the indexes and the facts that are still its own, if it still has the version that was loaded.
-- KEYS: record, events, due, hinted, facts, what was set aside of record and events. ARGV: id, version, prefix.
local record = KEYS[1]
local stored = redis.call('HMGET', record, 'version', 'arrival')
if not stored[1] then
  return 1 -- it is gone already
end
if stored[1] ~= ARGV[2] then
  return 0
end
local fields = redis.call('HGETALL', record)
for i = 1, #fields, 2 do
  local facet = string.match(fields[i], '^facet/(.*)$')
  if facet then
    redis.call('ZREM', ARGV[3] .. 'index/' .. facet .. '/' .. fields[i + 1], stored[2])
  end
  local fact = string.match(fields[i], '^fact/(.*)$')
  local noted = fact and redis.call('HGET', KEYS[5], fact)
  if noted and string.match(noted, '^%-?%d+ ([^\t]*)') == ARGV[1] then
    redis.call('HDEL', KEYS[5], fact)
  end
end
redis.call('DEL', record, KEYS[2], KEYS[6], KEYS[7])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
return 1
