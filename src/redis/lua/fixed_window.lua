-- FixedWindow: a window's number, what is used of it, and whether a reservation put the state there.
-- What penstock/detail/algorithm/fixed_window.h does.
--
-- Terms      most, length, scale: the limit, microseconds, and a power of two for the value.
-- Value      number * scale + used, an integer to Redis; or "<number> <used> <0|1>" where `used` does not fit below
--            scale or the window is reserved.
local function make(rule, most, length, scale)
  return { rule = rule, most = most, length = length, scale = scale, number = 0, used = 0, reserved = false }
end

local function free_at(window)
  return (window.used > 0 and window.number + 1 or window.number) * window.length
end

local function parse(window, value)
  window.number, window.used, window.reserved = 0, 0, false
  if not value then return 0 end
  if value:find('^%d+$') then
    local packed = value + 0
    window.used = packed % window.scale
    window.number = (packed - window.used) / window.scale
    return free_at(window)
  end
  local number, used, reserved = value:match('^(%d+) (%d+) ([01])$')
  if not number then return nil end
  window.number, window.used, window.reserved = number + 0, used + 0, reserved == '1'
  return free_at(window)
end

local function number_at(window, now)
  return (now - now % window.length) / window.length
end

-- The window that a charge would go to, what is spent in it, and whether it has not begun and the state waits for it.
local function look(window, now)
  local number = number_at(window, now)
  if window.number < number then return number, 0, false end
  return window.number, window.used, window.number > number and window.reserved
end

local function wait(window, now, cost)
  local number, used, closed = look(window, now)
  local fits = used + cost <= window.most
  if fits and not closed then return 0 end
  return math.max((fits and number or number + 1) * window.length - now, 0)
end

local function stored(window)
  local number, used, reserved = window.number, window.used, window.reserved
  if used < window.scale and not reserved then return free_at(window), digits(number * window.scale + used) end
  return free_at(window), string.format('%.0f %.0f %d', number, used, reserved and 1 or 0)
end

local function charge(window, now, at, cost)
  local number, used = look(window, at)
  window.number, window.used = number, used + cost
  window.reserved = at > now and number > number_at(window, now)
  return stored(window)
end

local function refund(window, now, cost)
  local _, used = look(window, now)
  window.used = window.used - math.min(cost, used)
  return stored(window)
end

rules.f = { make = make, parse = parse, wait = wait, charge = charge, refund = refund }
