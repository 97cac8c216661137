-- TokenBucket: the position up to which permits are spent, on a clock of permits that ticks once a microsecond.
-- What penstock/detail/algorithm/token_bucket.h does, in numbers that a double holds.
--
-- Terms      n, w, burst: n units a microsecond, w units a permit (n/w is the rate in lowest terms);
--            burst * w < 2^53, n <= 2^52, and the bucket fills within a hundred years.
-- Position   us * n + part units, 0 <= part < n: in two limbs, for their product has 100 bits.
-- Value      "<us>", an integer to Redis; or "<us> <part> <n>" where part is not 0.
local function make(rule, n, w, burst)
  return { rule = rule, n = n, w = w, burst = burst, us = 0, part = 0 }
end

-- A part of another limit's microsecond counts as a whole one: a changed limit may only get stricter.
local function parse(bucket, value)
  bucket.us, bucket.part = 0, 0
  if not value then return 0 end
  if value:find('^%d+$') then
    bucket.us = value + 0
    return bucket.us
  end
  local us, part, n = value:match('^(%d+) (%d+) (%d+)$')
  if not us then return nil end
  if n + 0 == bucket.n then
    bucket.us, bucket.part = us + 0, part + 0
  else
    bucket.us = us + 1
  end
  return us + 1
end

-- It fits when what is owed beyond now is no more than what the cost leaves of the burst.
local function wait(bucket, now, cost)
  local n = bucket.n
  local room = (bucket.burst - cost) * bucket.w
  local part = room % n
  local fits = bucket.us - (room - part) / n
  if bucket.part > part then fits = fits + 1 end
  return fits > now and fits - now or 0
end

local function stored(bucket)
  if bucket.part == 0 then return bucket.us, digits(bucket.us) end
  return bucket.us + 1, string.format('%.0f %.0f %.0f', bucket.us, bucket.part, bucket.n)
end

local function charge(bucket, now, at, cost)
  local us, part, n = bucket.us, bucket.part, bucket.n
  if us < at then us, part = at, 0 end
  local units = cost * bucket.w
  local rest = units % n
  us, part = us + (units - rest) / n, part + rest
  if part >= n then us, part = us + 1, part - n end
  bucket.us, bucket.part = us, part
  return stored(bucket)
end

-- At most what is owed. In steps of less than 2^53 units: the reach of reservations keeps them below 512.
local function refund(bucket, now, cost)
  local us, part, n, w = bucket.us, bucket.part, bucket.n, bucket.w
  local most = (MOST - MOST % w) / w
  for _ = 1, 512 do
    if cost == 0 then break end
    local some = math.min(cost, most)
    local rest = some * w % n
    us, part = us - (some * w - rest) / n, part - rest
    if part < 0 then us, part = us - 1, part + n end
    cost = cost - some
  end
  bucket.us, bucket.part = us, part
  return stored(bucket)
end

rules.t = { make = make, parse = parse, wait = wait, charge = charge, refund = refund }
