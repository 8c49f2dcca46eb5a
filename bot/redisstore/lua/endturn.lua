-- Ends the turn of the token ARGV[1], if it is its still.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
