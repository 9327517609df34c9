-- Writes, if the session is still the caller's.
-- KEYS: session, frames, seen. ARGV: fence, node, ttl in ms, 'whole' or 'more', first number of use, token,
-- record or '', '1' while a turn runs, seen or '', its ttl in ms, then number and frame in turn.
-- Returns 'ok', 'fenced' or 'missing'.
local session = redis.call('HMGET', KEYS[1], 'fence', 'owner')
if session[1] then
  if session[1] ~= ARGV[1] or session[2] ~= ARGV[2] then
    return 'fenced'
  end
elseif ARGV[4] ~= 'whole' then
  return 'missing'
end
if ARGV[4] == 'whole' then
  redis.call('DEL', KEYS[2], KEYS[3])
  redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'owner', ARGV[2])
end
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[1], 'token', ARGV[6], 'record', ARGV[7], 'running', ARGV[8])
  if ARGV[9] ~= '' then
    redis.call('SET', KEYS[3], ARGV[9], 'PX', ARGV[10])
  end
end
for at = 11, #ARGV, 2 do
  redis.call('XADD', KEYS[2], ARGV[at] .. '-1', 'frame', ARGV[at + 1])
end
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[5] .. '-0')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 'ok'
