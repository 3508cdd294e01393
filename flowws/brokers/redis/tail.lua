-- Where the log is, its chain, and the newest entries, the newest first.
--
--   ARGV[4]  how many

local entries = {}
if ARGV[4] == '0' then
  redis.call('XLEN', stream) -- fails if it is no stream
end
local log = known_log() or new_log()
if ARGV[4] ~= '0' then
  entries = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', ARGV[4])
end
refresh()
return {whole(log.epoch), whole(log.offset), log.chain, entries}
