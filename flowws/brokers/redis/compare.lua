-- Append one entry if the newest is where the caller believes it to be; where it is then, or false.
--
--   ARGV[4], ARGV[5]  the epoch and the offset
--   ARGV[6]           the payload

local log = known_log()
if not log or log.epoch ~= tonumber(ARGV[4]) or log.offset ~= tonumber(ARGV[5]) then
  return false
end
append(log, 6)
return {whole(log.epoch), whole(log.offset)}
