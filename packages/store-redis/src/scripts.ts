/**
 * One hash holds every entry as `{rev} {value}`, and under the empty field the last revision issued; one sorted set
 * holds the keys, all of score 0, so that it is ordered by byte. Both are named in KEYS and share a hash tag.
 *
 * A revision is the server's time in microseconds, or one more than the last where that is not later. So the time of an
 * entry is part of its revision, neither ever goes back, and a server that lost its latest writes (a crash between two
 * flushes, a lagging replica promoted, a snapshot restored) does not issue again what it has issued before.
 */
const now = `
local time = redis.call('TIME')
local micro = time[1] * 1000000 + time[2]
`;

/** Does nothing, but only on a server that takes writes: a replica, or a primary cut off, must not answer reads. */
const requirePrimary = `redis.call('HDEL', KEYS[1], '\\0')
`;

/**
 * ARGV: the server time (µs) after which it must not happen, the channel, the text to publish or '', then four per op:
 * kind, key, expected revision, value. Everything is checked before the first write, since a script is not rolled back.
 *
 * A full server refuses the first write of a script when it needs memory, and none after it. So a commit that only adds
 * is refused as a whole, and one that deletes or replaces (a finish, a flip, a rollback) begins with a deletion and passes.
 */
export const commitScript: string = `${now}
if micro > tonumber(ARGV[1]) then return {'late', micro} end
local ops = (#ARGV - 3) / 4
local fields = {''}
for i = 1, ops do fields[i + 1] = ARGV[4 * i + 1] end
local found = redis.call('HMGET', KEYS[1], unpack(fields))
local last = tonumber(found[1] or '0')
local rev = micro > last and micro or last + 1
for i = 1, ops do
  local expected = ARGV[4 * i + 2]
  local current = found[i + 1]
  local same
  if expected == '0' then
    same = not current
  else
    same = current and string.sub(current, 1, #expected + 1) == expected .. ' '
  end
  if not same then
    ${requirePrimary}
    return {'conflict', micro, string.format('%.0f', last), i, current or ''}
  end
end
local text = string.format('%.0f', rev)
local put, index, del, replaces = {'', text}, {}, {}, false
for i = 1, ops do
  local kind = ARGV[4 * i]
  if kind == 'p' then
    put[#put + 1] = ARGV[4 * i + 1]
    put[#put + 1] = text .. ' ' .. ARGV[4 * i + 3]
    if ARGV[4 * i + 2] == '0' then
      index[#index + 1] = '0'
      index[#index + 1] = ARGV[4 * i + 1]
    else
      replaces = true
    end
  elseif kind == 'd' then
    del[#del + 1] = ARGV[4 * i + 1]
  end
end
if #put == 2 and #del == 0 then
  ${requirePrimary}
  return {'ok', micro, string.format('%.0f', last)}
end
if #del > 0 then
  redis.call('HDEL', KEYS[1], unpack(del))
  redis.call('ZREM', KEYS[2], unpack(del))
elseif replaces then
  ${requirePrimary}
end
redis.call('HSET', KEYS[1], unpack(put))
if #index > 0 then redis.call('ZADD', KEYS[2], unpack(index)) end
if ARGV[3] ~= '' then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return {'ok', micro, text}
`;

/**
 * The commits of run starts, each [check, put of a new key], which nobody is told of; several that check the same entry may
 * share one call. What a start does on the one thread of the server is what bounds a fleet, so it calls the least that the
 * fence needs. Times stay the text they come in, since making numbers of them and text again costs as much as a lookup: 16
 * digits until the year 2286, so they compare as text. Answers the revision alone where that is the server's time and so
 * says everything. Of several nothing is done when one of the new keys exists (`each`): then each is to be sent alone.
 * ARGV: the server time (µs) after which it must not happen, the key to check, its revision and a space, the new keys, their values.
 */
export const startScript: string = `
local call, entries = redis.call, KEYS[1]
local time = call('TIME')
local small = time[2]
local micro = time[1] .. (#small == 6 and small or string.sub('00000', #small) .. small)
if micro > ARGV[1] then return {'late', micro} end
local starts = (#ARGV - 3) / 2
local found = call('HMGET', entries, '', ARGV[2], unpack(ARGV, 4, 3 + starts))
local last, checked = found[1], found[2]
if not checked or string.sub(checked, 1, #ARGV[3]) ~= ARGV[3] then
  ${requirePrimary}
  return {'conflict', micro, last or '0', 1, checked or ''}
end
for i = 3, 2 + starts do
  if found[i] then
    ${requirePrimary}
    if starts > 1 then return {'each', micro} end
    return {'conflict', micro, last or '0', 2, found[i]}
  end
end
local rev = micro
if last and micro <= last then rev = string.format('%.0f', last + 1) end
if starts == 1 then
  call('HSET', entries, '', rev, ARGV[4], rev .. ' ' .. ARGV[5])
  call('ZADD', KEYS[2], '0', ARGV[4])
else
  local head, put, index = rev .. ' ', {'', rev}, {}
  for i = 1, starts do
    local key = ARGV[3 + i]
    put[2 * i + 1], put[2 * i + 2] = key, head .. ARGV[3 + starts + i]
    index[2 * i - 1], index[2 * i] = '0', key
  end
  call('HSET', entries, unpack(put))
  call('ZADD', KEYS[2], unpack(index))
end
if rev == micro then return rev end
return {'ok', micro, rev}
`;

/** ARGV: the keys. Answers the time, the last revision issued, and `{rev} {value}` or nil per key. */
export const getScript: string = `${now}${requirePrimary}
local fields = {''}
for i = 1, #ARGV do fields[i + 1] = ARGV[i] end
local reply = {}
for from = 1, #fields, 1000 do
  local part = redis.call('HMGET', KEYS[1], unpack(fields, from, math.min(from + 999, #fields)))
  for i = 1, #part do reply[#reply + 1] = part[i] end
end
return {micro, reply}
`;

/** ARGV: the lower and the upper bound of the keys, the limit. */
export const listScript: string = `${now}${requirePrimary}
local keys = redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local last = redis.call('HGET', KEYS[1], '')
local values = {}
if #keys > 0 then values = redis.call('HMGET', KEYS[1], unpack(keys)) end
return {micro, last, keys, values}
`;

/**
 * Answers the time and the layout of the data, and marks fresh data with this layout. Uses once, without a trace, what the
 * other scripts use: a user who may not do all of it is found out here and not in the middle of a commit.
 * ARGV: this layout, the channel, a text that says nothing.
 */
export const openScript: string = `${now}
local layout = redis.call('HGET', KEYS[1], '\\0v')
if layout and tonumber(layout) > tonumber(ARGV[1]) then return {micro, layout} end
redis.call('HMGET', KEYS[1], '')
redis.call('ZRANGEBYLEX', KEYS[2], '-', '+', 'LIMIT', 0, 1)
redis.call('ZREM', KEYS[2], '\\0')
${requirePrimary}
redis.call('PUBLISH', ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[2], 0, '\\0')
redis.call('ZREM', KEYS[2], '\\0')
redis.call('HSET', KEYS[1], '\\0v', ARGV[1])
return {micro, ARGV[1]}
`;
