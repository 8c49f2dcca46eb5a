-- Pages through the cases that are in all of the indexes KEYS, newest first.
-- ARGV: the member after which to go on ('' from the start), how many, how many to look at, the prefix of records.
-- Returns the member to go on after ('' at the end), then member, version, case and code of each.
local limit, patience = tonumber(ARGV[2]), tonumber(ARGV[3])
local main, smallest = 1, nil
for i = 1, #KEYS do
  local size = redis.call('ZCARD', KEYS[i])
  if not smallest or size < smallest then
    main, smallest = i, size
  end
end

local function matches(member)
  for i = 1, #KEYS do
    if i ~= main and not redis.call('ZSCORE', KEYS[i], member) then
      return false
    end
  end
  return true
end

local answer, last, looked, found = { '' }, ARGV[1], 0, 0
while found < limit and looked < patience do
  local bound = '+'
  if last ~= '' then
    bound = '(' .. last
  end
  local page = redis.call('ZREVRANGEBYLEX', KEYS[main], bound, '-', 'LIMIT', 0, 100)
  for _, member in ipairs(page) do
    if found >= limit then
      break
    end
    last, looked = member, looked + 1
    local stored = matches(member) and redis.call('HMGET', ARGV[4] .. string.sub(member, 18), 'version', 'case', 'code')
    if stored and (stored[1] or stored[2]) then
      found = found + 1
      for _, item in ipairs({ member, stored[1] or '', stored[2] or '', stored[3] or '' }) do
        answer[#answer + 1] = item
      end
    end
  end
  if #page == 0 then
    return answer
  end
end
if #redis.call('ZREVRANGEBYLEX', KEYS[main], '(' .. last, '-', 'LIMIT', 0, 1) > 0 then
  answer[1] = last
end
return answer
