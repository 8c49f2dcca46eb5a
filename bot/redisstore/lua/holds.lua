-- One look at the lease and at the pause. ARGV: part, token, now.
if holder(KEYS[1], ARGV[1], ARGV[3]) ~= ARGV[2] then
  return 'fenced'
end
if redis.call('EXISTS', KEYS[2]) == 1 then
  return 'paused'
end
return 'ok'
