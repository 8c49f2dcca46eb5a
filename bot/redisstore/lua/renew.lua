-- Extends a lease that the token still holds. ARGV: part, token, now, until.
if holder(KEYS[1], ARGV[1], ARGV[3]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'lease/' .. ARGV[1], ARGV[4] .. ' ' .. ARGV[2])
return 1
