-- The beginning of every script: the log of a topic, which is two keys in one slot of a cluster.
--
--   KEYS[1]  the stream: each entry has the id "epoch-offset" and one field, "d", with the payload
--   KEYS[2]  the meta hash:
--              epoch, offset  of the newest entry there ever was
--              run            the server's run id when this epoch began: another one, and the next append begins a new epoch
--              chain          "epoch:offset epoch:offset ...": for each epoch, the oldest first, behind what it began
--              marks          "ms:epoch:offset ...": what there was at some moments, so that what is too old can be found
--              marked         the moment of the last mark
--   ARGV[1]  the server's run id
--   ARGV[2]  how many entries are kept
--   ARGV[3]  for how many milliseconds; 0: for ever
--
-- Numbers are formatted with '%.0f': Lua 5.1 writes large ones as 1.79e+12.

local stream, meta = KEYS[1], KEYS[2]
local run, max_len, max_age = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local DAY, CHAIN_LENGTH, MARKS = 86400000, 64, 16

local function whole(number)
  return string.format('%.0f', number)
end

local function id_of(epoch, offset)
  return whole(epoch) .. '-' .. whole(offset)
end

local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- The newest `limit` items of a list of words.
local function newest_of(words, limit)
  local all = {}
  for word in string.gmatch(words, '%S+') do
    all[#all + 1] = word
  end
  return table.concat(all, ' ', math.max(1, #all - limit + 1))
end

-- Let the log live on. The meta outlives the entries: an offset that is remembered makes no false gap.
local function refresh()
  if max_age > 0 then
    redis.call('PEXPIRE', stream, whole(max_age + math.ceil(max_age / MARKS)))
    redis.call('PEXPIRE', meta, whole(max_age + DAY))
  end
end

-- The log as it is; nil if there is none.
local function known_log()
  local found = redis.call('HMGET', meta, 'epoch', 'offset', 'run', 'chain', 'marks', 'marked')
  if not found[1] then
    return nil
  end
  return {
    epoch = tonumber(found[1]), offset = tonumber(found[2]), run = found[3], chain = found[4],
    marks = found[5] or '', marked = tonumber(found[6] or '0'),
  }
end

-- A new log. Entries whose meta is gone are of no use to anybody.
local function new_log()
  local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)
  local epoch = now()
  if newest[1] then
    epoch = math.max(epoch, tonumber(string.match(newest[1][1], '^%d+')) + 1)
    redis.call('DEL', stream)
  end
  local log = {epoch = epoch, offset = 0, run = run, chain = whole(epoch) .. ':0', marks = '', marked = 0}
  redis.call('HSET', meta, 'epoch', whole(epoch), 'offset', '0', 'run', run, 'chain', log.chain)
  refresh()
  return log
end

-- Trim what is older than max_age, as far as the marks tell.
local function trim_by_age(log, operator, time, before)
  local kept, oldest = {}, nil
  for mark in string.gmatch(log.marks, '%S+') do
    local ms, epoch, offset = string.match(mark, '^(%d+):(%d+):(%d+)$')
    if tonumber(ms) <= time - max_age then
      oldest = id_of(tonumber(epoch), tonumber(offset) + 1)
    else
      kept[#kept + 1] = mark
    end
  end
  kept[#kept + 1] = whole(time) .. ':' .. whole(before.epoch) .. ':' .. whole(before.offset)
  if oldest then
    redis.call('XTRIM', stream, 'MINID', operator, oldest)
  end
  redis.call('HSET', meta, 'marks', table.concat(kept, ' '), 'marked', whole(time))
  refresh()
end

-- Append ARGV[first] and what follows, which must not be nothing.
local function append(log, first)
  local before = {epoch = log.epoch, offset = log.offset}
  local time = now()
  if log.run ~= run then
    -- The server was started again, perhaps with an older copy of the log: what comes now must not look like what was.
    log.epoch = math.max(time, log.epoch + 1)
    log.chain = newest_of(log.chain .. ' ' .. whole(log.epoch) .. ':' .. whole(log.offset), CHAIN_LENGTH)
  end
  local is_new = redis.call('EXISTS', stream) == 0
  local prefix, offset = whole(log.epoch) .. '-', log.offset
  for at = first, #ARGV do
    offset = offset + 1
    redis.call('XADD', stream, prefix .. whole(offset), 'd', ARGV[at])
  end
  log.offset = offset
  if log.run ~= run then
    redis.call('HSET', meta, 'epoch', whole(log.epoch), 'offset', whole(offset), 'run', run, 'chain', log.chain)
  else
    redis.call('HSET', meta, 'offset', whole(offset))
  end
  -- A node of the stream holds a hundred entries. Only what is far larger need not be cut in the midst of one.
  local operator = max_len > 1000 and '~' or '='
  redis.call('XTRIM', stream, 'MAXLEN', operator, whole(max_len))
  if max_age > 0 and (is_new or time - log.marked >= max_age / MARKS) then
    trim_by_age(log, operator, time, before)
  end
end
