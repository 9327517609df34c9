-- Drops a session, if it is still the caller's. KEYS: session, frames, seen. ARGV: fence, node
local session = redis.call('HMGET', KEYS[1], 'fence', 'owner')
if session[1] == ARGV[1] and session[2] == ARGV[2] then
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
end
