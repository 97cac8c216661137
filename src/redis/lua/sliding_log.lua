-- SlidingLog: the moment of each permit given, oldest first, and the moment of the last charge (`seen`).
-- What penstock/detail/algorithm/sliding_log.h does.
--
-- Terms      most, window, 0: the limit (at most 4096) and microseconds.
-- Value      a Redis list of "<moment>" in microseconds. The last one tells `seen`, too: itself, or what follows it in
--            "<moment> <seen>". Where no permit is left and `seen` still matters, the list is "0 <seen>".
-- Answer     wait, remaining, reset_after in microseconds: the list itself may have 8192 moments.
local function terms(most, window)
  return { most = most, window = window }
end

-- A moment and what it tells of `seen`. What somebody else has put between ours has left long ago.
local MOMENT = '^(%d+) ?(%d*)$'

local function split(element)
  local first, second = element:match(MOMENT)
  local moment = tonumber(first) or 0
  return moment, tonumber(second) or moment
end

local function load(limit, key)
  local size = redis.pcall('LLEN', key)
  if type(size) == 'table' then return nil, size end
  if size == 0 then return { key = key, size = 0, newest = 0, seen = 0 } end
  local last = redis.call('LINDEX', key, -1)
  if not last:match(MOMENT) then return nil end
  local newest, seen = split(last)
  return { key = key, size = size, newest = newest, seen = seen }
end

local function moment_at(state, index)
  return (split(redis.call('LINDEX', state.key, index)))
end

-- How many moments are inside the window: all but those that have left, found by halving. A charge leaves none in the
-- list that has left by then; so `seen` does not matter here, nor below.
local function live(limit, state, now)
  local edge = now - limit.window
  if state.size == 0 or moment_at(state, 0) > edge then return state.size end
  local left, inside = 0, state.size
  while inside - left > 1 do
    local middle = left + (inside - left - (inside - left) % 2) / 2
    if moment_at(state, middle) > edge then inside = middle else left = middle end
  end
  return state.size - inside
end

local function wait(limit, state, now, cost)
  local keep = limit.most - cost
  if state.size <= keep then return 0 end
  return math.max(moment_at(state, -(keep + 1)) + limit.window - now, 0)
end

local function charge(limit, state, now, at, cost)
  state.seen = math.max(state.seen, now)
  local inside = live(limit, state, now)
  if inside < state.size then redis.call('LTRIM', state.key, state.size - inside, -1) end
  state.newest = math.max(at, state.seen, state.newest)
  local moments = {}
  for i = 1, cost do moments[i] = string.format('%.0f', state.newest) end
  if state.seen ~= state.newest then moments[cost] = string.format('%.0f %.0f', state.newest, state.seen) end
  redis.call('RPUSH', state.key, unpack(moments))
  state.size = inside + cost
end

-- The newest go first: they would have stayed longest.
local function refund(limit, state, now, cost)
  local gone = math.min(cost, live(limit, state, now))
  if gone == 0 then return end
  local seen = state.seen
  state.size = state.size - gone
  redis.call('LTRIM', state.key, 0, -(gone + 1))
  if state.size == 0 then
    state.newest = 0
    if seen > now then redis.call('RPUSH', state.key, string.format('0 %.0f', seen)) end
    return
  end
  state.newest, state.seen = split(redis.call('LINDEX', state.key, -1))
  if state.seen ~= seen then
    state.seen = seen
    redis.call('LSET', state.key, -1, string.format('%.0f %.0f', state.newest, seen))
  end
end

local function free_at(limit, state)
  return math.max(state.size > 0 and state.newest + limit.window or 0, state.seen)
end

local function answer(limit, state, now, wait)
  return {
    wait,
    limit.most - math.min(limit.most, live(limit, state, now)),
    math.max(free_at(limit, state) - now, 0),
  }
end

rules.l = {
  terms = terms, load = load, wait = wait, charge = charge, refund = refund, free_at = free_at, answer = answer,
}
