-- Append a batch, without what is in already; the position behind it, how many were in, and how many entries of this
-- producer were in once, were acknowledged, and are not any more: the server has come back with an older copy of the log.
--
--   KEYS[3]  what is known of the producer: "seq epoch offset" of its last entry
--   ARGV[4]  the number of the first payload; the others follow on
--   ARGV[5]  for how many milliseconds the producer is remembered
--   ARGV[6]  and what follows: the payloads

local producer, first, remembered, begin = KEYS[3], tonumber(ARGV[4]), ARGV[5], 6
local last = first + #ARGV - begin
local lost = 0
local known = redis.call('GET', producer)
if known then
  local seq, epoch, offset = string.match(known, '^(%d+) (%d+) (%d+)$')
  seq = tonumber(seq)
  if seq >= last then
    return {epoch, offset, whole(last - first + 1), '0'}
  end
  lost = math.max(0, first - 1 - seq)
  begin = begin + math.max(0, seq - first + 1)
end
local log = known_log() or new_log()
append(log, begin)
local epoch, offset = whole(log.epoch), whole(log.offset)
redis.call('SET', producer, whole(last) .. ' ' .. epoch .. ' ' .. offset, 'PX', remembered)
return {epoch, offset, whole(begin - 6), whole(lost)}
