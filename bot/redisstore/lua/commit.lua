-- Applies one change whole, or nothing: every check comes before the first write.
local record, events, claims, due, hinted, sequence = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local known, newcomers = KEYS[7], KEYS[8]
local id, nonce, expected, version, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local hint, wake, case, sealing, sealed = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local prior_seq, prior_head, seq, head = ARGV[11], ARGV[12], ARGV[13], ARGV[14]
local prefix, arrival, code, over, format = ARGV[15], ARGV[16], ARGV[17], ARGV[18], ARGV[19]
local at = 20
local leases, release, claim, absent, caps, appended, facets, facts
leases, at = list(at)
release, at = list(at)
claim, at = list(at)
absent, at = list(at)
caps, at = list(at)
appended, at = list(at)
facets, at = list(at)
facts, at = list(at)

local stored = redis.call('HMGET', record, 'version', 'nonce', 'seq', 'head', 'hint', 'arrival', 'format')
if tonumber(stored[7] or '0') > tonumber(format) then
  return { 'newer' }
end
if stored[1] and stored[2] == nonce then
  return { 'ok' } -- this very change landed before; only its answer was lost
end
if (stored[1] or '0') ~= expected then
  return { 'conflict' }
end
for i = 1, #leases, 2 do
  if holder(record, leases[i], now) ~= leases[i + 1] then
    return { 'conflict' }
  end
end
if (stored[3] or '0') ~= prior_seq or (stored[4] or '') ~= prior_head then
  return { 'chain' }
end
for _, names in ipairs({ claim, absent }) do
  for _, name in ipairs(names) do
    local owner = redis.call('HGET', claims, name)
    if owner and owner ~= id then
      return { 'claimed', name, owner }
    end
  end
end
for i = 1, #caps, 4 do
  if (redis.call('GET', caps[i]) or '') ~= caps[i + 2] then
    return { 'again' } -- another change was counted since this one read the count
  end
end
if over == '1' then
  return { 'capped' }
end

redis.call('HSET', record, 'version', version, 'nonce', nonce, 'case', case, 'seq', seq, 'head', head, 'arrival', arrival, 'code', code, 'format', format)
if sealing == 'set' then
  redis.call('HSET', record, 'sealed', sealed)
elseif sealing == 'forget' then
  redis.call('HDEL', record, 'sealed')
end
for _, event in ipairs(appended) do
  redis.call('RPUSH', events, event)
end
for _, name in ipairs(release) do
  if redis.call('HGET', claims, name) == id then
    redis.call('HDEL', claims, name)
  end
end
for _, name in ipairs(claim) do
  redis.call('HSET', claims, name, id)
end
for i = 1, #caps, 4 do
  redis.call('SET', caps[i], caps[i + 3])
  if caps[i + 1] ~= '0' then
    redis.call('PEXPIRE', caps[i], caps[i + 1])
  end
end
for i = 1, #facts, 2 do
  redis.call('HSET', known, facts[i], facts[i + 1])
  redis.call('HSET', record, 'fact/' .. facts[i], '')
end

if wake == '' then
  redis.call('ZREM', due, id)
else
  redis.call('ZADD', due, wake, id)
end
if not stored[1] then
  redis.call('ZREM', newcomers, id)
  redis.call('HDEL', record, 'deferred')
  redis.call('ZREM', prefix .. 'putoff', id)
end
if (stored[5] or '0') == hint then
  redis.call('ZREM', hinted, id)
elseif not redis.call('ZSCORE', hinted, id) then
  redis.call('ZADD', hinted, redis.call('INCR', sequence), id)
end

for i = 1, #facets, 2 do
  local facet, value = facets[i], facets[i + 1]
  local old = redis.call('HGET', record, 'facet/' .. facet)
  if old and (old ~= value or stored[6] ~= arrival) then
    redis.call('ZREM', prefix .. 'index/' .. facet .. '/' .. old, stored[6])
  end
  if value == '-' then
    redis.call('HDEL', record, 'facet/' .. facet)
  else
    redis.call('HSET', record, 'facet/' .. facet, value)
    redis.call('ZADD', prefix .. 'index/' .. facet .. '/' .. value, 0, arrival)
  end
end
if tonumber(redis.call('HGET', prefix .. 'cursors', 'format') or '0') < tonumber(format) then
  redis.call('HSET', prefix .. 'cursors', 'format', format)
end
return { 'ok' }
