-- Says that a node lives; returns what others took from it: each `FENCE ID`. KEYS: node, taken. ARGV: address, ttl in ms
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local taken = redis.call('LRANGE', KEYS[2], 0, -1)
redis.call('DEL', KEYS[2])
return taken
