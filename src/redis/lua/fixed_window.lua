-- FixedWindow: a window's number, what is used of it, and whether a reservation put the state there.
-- What penstock/detail/algorithm/fixed_window.h does.
--
-- Terms      most, window, scale: the limit, microseconds, and a power of two for the value; most * window < 2^53.
-- Value      window * scale + used, an integer to Redis; or "<window> <used> <0|1>" where `used` does not fit below
--            scale or the window is reserved.
local function terms(most, window, scale)
  return { most = most, window = window, scale = scale }
end

local function parse(limit, value)
  if not value then return { window = 0, used = 0, reserved = false } end
  local packed = tonumber(value:match('^%d+$'))
  if packed then
    local used = packed % limit.scale
    return { window = (packed - used) / limit.scale, used = used, reserved = false }
  end
  local window, used, reserved = value:match('^(%d+) (%d+) ([01])$')
  if not window then return nil end
  return { window = tonumber(window), used = tonumber(used), reserved = reserved == '1' }
end

local function number_of(limit, now)
  return (now - now % limit.window) / limit.window
end

-- The window that a charge would go to, what is spent in it, and whether it has not begun and the state waits for it.
local function look(limit, state, now)
  local window = number_of(limit, now)
  if state.window < window then return window, 0, false end
  return state.window, state.used, state.window > window and state.reserved
end

local function wait(limit, state, now, cost)
  local window, used, closed = look(limit, state, now)
  local fits = used + cost <= limit.most
  if fits and not closed then return 0 end
  return math.max((fits and window or window + 1) * limit.window - now, 0)
end

local function charge(limit, state, now, at, cost)
  local window, used = look(limit, state, at)
  state.reserved = at > now and window > number_of(limit, now)
  state.window, state.used = window, used + cost
end

local function refund(limit, state, now, cost)
  local _, used = look(limit, state, now)
  state.used = state.used - math.min(cost, used)
end

local function free_at(limit, state)
  return (state.used > 0 and state.window + 1 or state.window) * limit.window
end

local function value(limit, state, digits)
  if state.used < limit.scale and not state.reserved then return digits(state.window * limit.scale + state.used) end
  return string.format('%.0f %.0f %d', state.window, state.used, state.reserved and 1 or 0)
end

rules.f = {
  terms = terms, parse = parse, value = value, wait = wait, charge = charge, refund = refund, free_at = free_at,
}
