-- Where the log is, its chain, and whether there is anything behind a position. A log that is looked at does not expire.
--
--   ARGV[4]  the id of the position

local behind = redis.call('XRANGE', stream, '(' .. ARGV[4], '+', 'COUNT', 1)
local log = known_log() or new_log()
refresh()
return {whole(log.epoch), whole(log.offset), log.chain, #behind}
