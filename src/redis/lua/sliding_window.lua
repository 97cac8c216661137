-- SlidingWindow: a window's number, the counters of the one before and of this one, and whether a reservation put
-- the state there. What penstock/detail/algorithm/sliding_window.h does.
--
-- Terms      most, length, scale: the limit, microseconds, and a power of two for the value; most * length < 2^53.
-- Value      (number * scale + previous) * scale + current, an integer to Redis; or
--            "<number> <previous> <current> <0|1>" where a counter does not fit below scale or the window is reserved.
local function make(rule, most, length, scale)
  return {
    rule = rule, most = most, length = length, scale = scale, number = 0, previous = 0, current = 0, reserved = false,
  }
end

local function free_at(window)
  local windows = window.current > 0 and 2 or window.previous > 0 and 1 or 0
  return (window.number + windows) * window.length
end

local function parse(window, value)
  window.number, window.previous, window.current, window.reserved = 0, 0, 0, false
  if not value then return 0 end
  if value:find('^%d+$') then
    local packed, scale = value + 0, window.scale
    local current = packed % scale
    packed = (packed - current) / scale
    local previous = packed % scale
    window.number, window.previous, window.current = (packed - previous) / scale, previous, current
    return free_at(window)
  end
  local number, previous, current, reserved = value:match('^(%d+) (%d+) (%d+) ([01])$')
  if not number then return nil end
  window.number, window.previous, window.current = number + 0, previous + 0, current + 0
  window.reserved = reserved == '1'
  return free_at(window)
end

-- The window that a charge would go to, the counters as seen from it, how far it has gone, and whether it has not
-- begun and the state waits for it.
local function look(window, now)
  local elapsed = now % window.length
  local number = (now - elapsed) / window.length
  if number < window.number then return window.number, window.previous, window.current, 0, window.reserved end
  if number == window.number then return number, window.previous, window.current, elapsed, false end
  return number, number == window.number + 1 and window.current or 0, 0, elapsed, false
end

-- The time into a window until the one before, in which `count` was spent, covers no more than `allowed`.
local function fade(length, count, allowed)
  if count <= allowed then return 0 end
  local share = allowed * length
  return length - (share - share % count) / count
end

local function wait(window, now, cost)
  local number, previous, current, elapsed, closed = look(window, now)
  local most, length = window.most, window.length
  local left = most - current - cost
  -- As in the header: previous * (length - elapsed) <= left * length, without rounding.
  if not closed and previous * (length - elapsed) <= left * length then return 0 end
  local start = number * length
  local fits
  if left >= 0 then
    fits = start + fade(length, previous, left)
  else
    fits = start + length + fade(length, current, most - cost)
  end
  return math.max(fits - now, 0)
end

local function stored(window)
  local number, previous, current, scale = window.number, window.previous, window.current, window.scale
  if previous < scale and current < scale and not window.reserved then
    return free_at(window), digits((number * scale + previous) * scale + current)
  end
  return free_at(window), string.format('%.0f %.0f %.0f %d', number, previous, current, window.reserved and 1 or 0)
end

local function charge(window, now, at, cost)
  local number, previous, current = look(window, at)
  window.number, window.previous, window.current = number, previous, current + cost
  window.reserved = at > now and number > (now - now % window.length) / window.length
  return stored(window)
end

-- Only this window's counter: what the previous one held has faded in part already.
local function refund(window, now, cost)
  local _, _, current = look(window, now)
  window.current = window.current - math.min(cost, current)
  return stored(window)
end

rules.s = { make = make, parse = parse, wait = wait, charge = charge, refund = refund }
