-- Makes a session the caller's.
-- KEYS: session, frames, seen. ARGV: token, node, 'polite' or 'force', prefix, id, ttl in ms
-- Returns {'unknown'}, {'elsewhere', address} or {'ours', fence, record, seen or '', its ttl in ms, frames}.
local session = redis.call('HMGET', KEYS[1], 'token', 'owner', 'running')
if not session[1] or session[1] ~= ARGV[1] then
  return {'unknown'}
end
local owner = session[2]
local address = owner ~= ARGV[2] and redis.call('GET', ARGV[4] .. 'node:' .. owner)
if address and address ~= '' and session[3] == '1' and ARGV[3] == 'polite' then
  return {'elsewhere', address}
end
local fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
if owner ~= ARGV[2] then
  local taken = ARGV[4] .. 'taken:' .. owner
  redis.call('RPUSH', taken, fence .. ' ' .. ARGV[5])
  redis.call('PEXPIRE', taken, 60000)
end
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'written', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
local frames = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', '+')) do
  frames[#frames + 1] = entry[2][2]
end
local record = redis.call('HGET', KEYS[1], 'record')
return {'ours', fence, record, redis.call('GET', KEYS[3]) or '', redis.call('PTTL', KEYS[3]), frames}
