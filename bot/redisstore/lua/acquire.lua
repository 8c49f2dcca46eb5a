-- Takes a lease unless another token's runs. ARGV: part, token, now, until.
local owner = holder(KEYS[1], ARGV[1], ARGV[3])
if owner and owner ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'lease/' .. ARGV[1], ARGV[4] .. ' ' .. ARGV[2])
return 1
