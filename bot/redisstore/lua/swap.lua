-- Puts ARGV[2] in the place of ARGV[1], which is empty for nothing. Returns 0 where something else stands.
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
