-- SlidingWindow: a window's number, the counters of the one before and of this one, and whether a reservation put
-- the state there. What penstock/detail/algorithm/sliding_window.h does.
--
-- Terms      most, window, scale: the limit, microseconds, and a power of two for the value; most * window < 2^53.
-- Value      (window * scale + previous) * scale + current, an integer to Redis; or
--            "<window> <previous> <current> <0|1>" where a counter does not fit below scale or the window is reserved.
local function terms(most, window, scale)
  return { most = most, window = window, scale = scale }
end

local function parse(limit, value)
  if not value then return { window = 0, previous = 0, current = 0, reserved = false } end
  local packed = tonumber(value:match('^%d+$'))
  if packed then
    local current = packed % limit.scale
    packed = (packed - current) / limit.scale
    local previous = packed % limit.scale
    return { window = (packed - previous) / limit.scale, previous = previous, current = current, reserved = false }
  end
  local window, previous, current, reserved = value:match('^(%d+) (%d+) (%d+) ([01])$')
  if not window then return nil end
  return {
    window = tonumber(window),
    previous = tonumber(previous),
    current = tonumber(current),
    reserved = reserved == '1',
  }
end

-- The window that a charge would go to, the counters as seen from it, how far it has gone, and whether it has not
-- begun and the state waits for it.
local function view(limit, state, now)
  local elapsed = now % limit.window
  local window = (now - elapsed) / limit.window
  if window < state.window then return state.window, state.previous, state.current, 0, state.reserved end
  if window == state.window then return window, state.previous, state.current, elapsed, false end
  return window, window == state.window + 1 and state.current or 0, 0, elapsed, false
end

-- The time into a window until the one before, in which `count` was spent, covers no more than `allowed`.
local function fade(limit, count, allowed)
  if count <= allowed then return 0 end
  local share = allowed * limit.window
  return limit.window - (share - share % count) / count
end

local function wait(limit, state, now, cost)
  local window, previous, current, elapsed, closed = view(limit, state, now)
  local left = limit.most - current - cost
  -- As in the header: previous * (window - elapsed) <= left * window, without rounding.
  if not closed and previous * (limit.window - elapsed) <= left * limit.window then return 0 end
  local start = window * limit.window
  local fits
  if left >= 0 then
    fits = start + fade(limit, previous, left)
  else
    fits = start + limit.window + fade(limit, current, limit.most - cost)
  end
  return math.max(fits - now, 0)
end

local function charge(limit, state, now, at, cost)
  local window, previous, current = view(limit, state, at)
  state.reserved = at > now and window > (now - now % limit.window) / limit.window
  state.window, state.previous, state.current = window, previous, current + cost
end

-- Only this window's counter: what the previous one held has faded in part already.
local function refund(limit, state, now, cost)
  local _, _, current = view(limit, state, now)
  state.current = state.current - math.min(cost, current)
end

local function free_at(limit, state)
  local windows = state.current > 0 and 2 or state.previous > 0 and 1 or 0
  return (state.window + windows) * limit.window
end

local function value(limit, state, digits)
  if state.previous < limit.scale and state.current < limit.scale and not state.reserved then
    return digits((state.window * limit.scale + state.previous) * limit.scale + state.current)
  end
  return string.format('%.0f %.0f %.0f %d', state.window, state.previous, state.current, state.reserved and 1 or 0)
end

rules.s = {
  terms = terms, parse = parse, value = value, wait = wait, charge = charge, refund = refund, free_at = free_at,
}
