-- Ends the token's lease, run out or not. ARGV: part, token.
local lease = redis.call('HGET', KEYS[1], 'lease/' .. ARGV[1])
if lease and string.match(lease, '^%-?%d+ (.*)$') == ARGV[2] then
  redis.call('HDEL', KEYS[1], 'lease/' .. ARGV[1], 'deaths/' .. ARGV[1])
end
return 1
