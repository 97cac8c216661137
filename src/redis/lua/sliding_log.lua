-- SlidingLog: the moment of each permit given, oldest first, and the moment of the last charge (`seen`).
-- What penstock/detail/algorithm/sliding_log.h does.
--
-- Terms      most, length, 0: the limit (at most 4096) and microseconds.
-- Value      a Redis list of "<moment>" in microseconds. The last one tells `seen`, too: itself, or what follows it in
--            "<moment> <seen>". Where no permit is left and `seen` still matters, the list is "0 <seen>".
-- Answer     wait, remaining, reset_after in microseconds: the list itself may have 8192 moments.
local function make(rule, most, length)
  return { rule = rule, most = most, length = length, key = '', size = 0, newest = 0, seen = 0, waits = 0 }
end

-- A moment and what it tells of `seen`. What somebody else has put between ours has left long ago.
local MOMENT = '^(%d+) ?(%d*)$'

local function split(element)
  local first, second = element:match(MOMENT)
  local moment = tonumber(first) or 0
  return moment, tonumber(second) or moment
end

local function free_at(log)
  return math.max(log.size > 0 and log.newest + log.length or 0, log.seen)
end

local function load(log, key)
  local size = redis.pcall('LLEN', key)
  if type(size) == 'table' then return size end
  log.key, log.size, log.newest, log.seen = key, size, 0, 0
  if size == 0 then return false, 0 end
  local last = redis.call('LINDEX', key, -1)
  if not last:match(MOMENT) then return false, nil end
  log.newest, log.seen = split(last)
  return false, free_at(log)
end

local function moment_at(log, index)
  return (split(redis.call('LINDEX', log.key, index)))
end

-- How many moments are inside the window: all but those that have left, found by halving. A charge leaves none in the
-- list that has left by then; so `seen` does not matter here, nor below.
local function live(log, now)
  local edge = now - log.length
  if log.size == 0 or moment_at(log, 0) > edge then return log.size end
  local left, inside = 0, log.size
  while inside - left > 1 do
    local middle = left + (inside - left - (inside - left) % 2) / 2
    if moment_at(log, middle) > edge then inside = middle else left = middle end
  end
  return log.size - inside
end

local function wait(log, now, cost)
  local keep = log.most - cost
  log.waits = log.size <= keep and 0 or math.max(moment_at(log, -(keep + 1)) + log.length - now, 0)
  return log.waits
end

local function charge(log, now, at, cost)
  log.seen = math.max(log.seen, now)
  local inside = live(log, now)
  if inside < log.size then redis.call('LTRIM', log.key, log.size - inside, -1) end
  log.newest = math.max(at, log.seen, log.newest)
  local moments = {}
  for i = 1, cost do moments[i] = string.format('%.0f', log.newest) end
  if log.seen ~= log.newest then moments[cost] = string.format('%.0f %.0f', log.newest, log.seen) end
  redis.call('RPUSH', log.key, unpack(moments))
  log.size = inside + cost
  return free_at(log)
end

-- The newest go first: they would have stayed longest.
local function refund(log, now, cost)
  local gone = math.min(cost, live(log, now))
  if gone == 0 then return free_at(log) end
  local seen = log.seen
  log.size = log.size - gone
  redis.call('LTRIM', log.key, 0, -(gone + 1))
  if log.size == 0 then
    log.newest = 0
    if seen > now then redis.call('RPUSH', log.key, string.format('0 %.0f', seen)) end
    return free_at(log)
  end
  log.newest, log.seen = split(redis.call('LINDEX', log.key, -1))
  if log.seen ~= seen then
    log.seen = seen
    redis.call('LSET', log.key, -1, string.format('%.0f %.0f', log.newest, seen))
  end
  return free_at(log)
end

local function answer(log, now)
  return { log.waits, log.most - math.min(log.most, live(log, now)), math.max(free_at(log) - now, 0) }
end

rules.l = { make = make, load = load, wait = wait, charge = charge, refund = refund, answer = answer }
