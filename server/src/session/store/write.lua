-- Writes, if the session is still the caller's.
-- KEYS: session, frames, seen. ARGV: fence, node, ttl in ms, 'whole' or 'more', first number of use, token,
-- record or '', '1' while a turn runs, seen or '', its ttl in ms, the write's number, then number and frame in turn.
-- Returns 'ok', 'fenced', 'collided' or 'missing'.
local session = redis.call('HMGET', KEYS[1], 'fence', 'owner', 'written')
local fence, number = tonumber(ARGV[1]), tonumber(ARGV[11])
local is_whole = ARGV[4] == 'whole'
if session[1] then
  local held, written = tonumber(session[1]), tonumber(session[3] or 0)
  if held > fence then
    return 'fenced'
  end
  -- A fence has one owner, whose writes come in order: the session that is here was begun apart.
  if held == fence and (session[2] ~= ARGV[2] or number <= written) then
    return 'collided'
  end
  -- A lower fence is held by a former owner: it came first to a store that had lost the session.
  if not is_whole and (held < fence or number ~= written + 1) then
    return 'missing'
  end
elseif not is_whole then
  return 'missing'
end
redis.call('HSET', KEYS[1], 'written', number)
if is_whole then
  redis.call('DEL', KEYS[2], KEYS[3])
  redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'owner', ARGV[2])
end
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[1], 'token', ARGV[6], 'record', ARGV[7], 'running', ARGV[8])
  if ARGV[9] ~= '' then
    redis.call('SET', KEYS[3], ARGV[9], 'PX', ARGV[10])
  else
    redis.call('DEL', KEYS[3])
  end
end
for at = 12, #ARGV, 2 do
  redis.call('XADD', KEYS[2], ARGV[at] .. '-1', 'frame', ARGV[at + 1])
end
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[5] .. '-0')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 'ok'
