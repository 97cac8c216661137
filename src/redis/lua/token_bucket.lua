-- TokenBucket: the position up to which permits are spent, on a clock of permits that ticks once a microsecond.
-- What penstock/detail/algorithm/token_bucket.h does, in numbers that a double holds.
--
-- Terms      n, w, burst: n units a microsecond, w units a permit (n/w is the rate in lowest terms);
--            burst * w < 2^53, n <= 2^52, and the bucket fills within a hundred years.
-- Position   us * n + part units, 0 <= part < n: in two limbs, for their product has 100 bits.
-- Value      "<us>", an integer to Redis; or "<us> <part> <n>" where part is not 0.
local function terms(n, w, burst)
  return { n = n, w = w, burst = burst }
end

-- A part of another limit's microsecond counts as a whole one: a changed limit may only get stricter.
local function parse(limit, value)
  if not value then return { us = 0, part = 0 } end
  local us = tonumber(value:match('^%d+$'))
  if us then return { us = us, part = 0 } end
  local whole, part, n = value:match('^(%d+) (%d+) (%d+)$')
  if not whole then return nil end
  if tonumber(n) == limit.n then return { us = tonumber(whole), part = tonumber(part) } end
  return { us = whole + 1, part = 0 }
end

-- It fits when what is owed beyond now is no more than what the cost leaves of the burst.
local function wait(limit, state, now, cost)
  local room = (limit.burst - cost) * limit.w
  local part = room % limit.n
  local fits = state.us - (room - part) / limit.n
  if state.part > part then fits = fits + 1 end
  return fits > now and fits - now or 0
end

local function charge(limit, state, now, at, cost)
  if state.us < at then state.us, state.part = at, 0 end
  local units = cost * limit.w
  local part = units % limit.n
  state.us = state.us + (units - part) / limit.n
  state.part = state.part + part
  if state.part >= limit.n then state.us, state.part = state.us + 1, state.part - limit.n end
end

-- At most what is owed. In steps of less than 2^53 units: the reach of reservations keeps them below 512.
local function refund(limit, state, now, cost)
  local most = (2 ^ 53 - 1 - (2 ^ 53 - 1) % limit.w) / limit.w
  for _ = 1, 512 do
    if cost == 0 then return end
    local some = math.min(cost, most)
    local part = some * limit.w % limit.n
    state.us = state.us - (some * limit.w - part) / limit.n
    state.part = state.part - part
    if state.part < 0 then state.us, state.part = state.us - 1, state.part + limit.n end
    cost = cost - some
  end
end

-- When nothing is owed any more.
local function free_at(limit, state)
  return state.part > 0 and state.us + 1 or state.us
end

local function value(limit, state, digits)
  if state.part == 0 then return digits(state.us) end
  return string.format('%.0f %.0f %.0f', state.us, state.part, limit.n)
end

rules.t = {
  terms = terms, parse = parse, value = value, wait = wait, charge = charge, refund = refund, free_at = free_at,
}
