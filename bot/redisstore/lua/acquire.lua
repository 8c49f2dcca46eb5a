-- Takes a lease unless another token's runs, or the record is newer than who asks. A lease that ran out and was never given back is of
-- a worker that died, or stood still: that is counted. ARGV: part, token, now, until, format.
if tonumber(redis.call('HGET', KEYS[1], 'format') or '0') > tonumber(ARGV[5]) then
  return -1
end
local owner = holder(KEYS[1], ARGV[1], ARGV[3])
if owner and owner ~= ARGV[2] then
  return 0
end
local last = redis.call('HGET', KEYS[1], 'lease/' .. ARGV[1])
if last and not owner and string.match(last, '^%-?%d+ (.*)$') ~= ARGV[2] then
  redis.call('HINCRBY', KEYS[1], 'deaths/' .. ARGV[1], 1)
end
redis.call('HSET', KEYS[1], 'lease/' .. ARGV[1], ARGV[4] .. ' ' .. ARGV[2])
return 1
