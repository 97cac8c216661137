-- What every decision has in common: reads the time once, loads, decides, saves, sets the time to live.
--
-- KEYS   for each request one key a limit, in the order of the limits
-- ARGV   call     "<operation> <now> <patience> <limit>...", with one space between them:
--                   operation   advance, peek, refund or reset
--                   now         - for the server's clock; or microseconds: then keys live an hour longer (for tests)
--                   patience    the longest wait that is good enough, in microseconds
--                   limit       a letter and three terms (see its rule), of up to 16
--        cost...  one for each request, or one for all; 0 asks and charges nothing
-- Reply  now, then for each key what was stored before (nil if nothing was), from which the caller computes with the
--        same rule what was decided; or what the rule answers instead. An error in its place says that the key holds
--        something else: its request is not decided, and charged nothing.
--
-- A request is charged to all its limits, or to none, at the first moment that suits them all. A refusal writes nothing.
-- Whatever is wrong with the arguments is found before anything is written, and no value that a key holds makes the
-- script fail: what the server itself refuses, it refuses at the first command of its kind, which comes before any that
-- changes something.
--
-- A rule (the other files) makes a table of a limit's terms, which then holds the state of one key after the other:
--   make(rule, term, term, term)
--   parse(limit, value)           takes the state from what was stored, false if nothing was
--   load(limit, key)              in its place, if the value is no string; returns the error of reading it, if any, and
--     both return                 when nothing is owed any more; nil if what is stored is not ours
--   wait(limit, now, cost)        until the cost fits
--   charge(limit, now, at, cost)  for permits that are given `at`: now or later
--   refund(limit, now, cost)
--     both return                 when nothing is owed any more, and what to store, if that is not done yet
--   answer(limit, now)            what to reply to a decision, if not what was stored
-- Few functions and tables, for each is made anew in every call, and Redis pays for them more than for what they do.

local function wrong(index, problem)
  error({ err = 'PENSTOCK argument ' .. index .. ': "' .. tostring(ARGV[index]) .. '" ' .. problem })
end

local call = ARGV[1] or ''
local operation, moment, patience, at = call:match('^(%l+) ([%d-]%d*) (%d+) ()')
if operation ~= 'advance' and operation ~= 'peek' and operation ~= 'refund' and operation ~= 'reset' then
  wrong(1, 'does not begin with an operation, a moment and a patience')
end
local asks = operation == 'advance' or operation == 'peek'
patience = patience + 0
if patience > LAST_NOW then wrong(1, 'has a patience above 2^52') end

-- With room for one, which is what most calls have; so is the reply.
local limits, count = { false }, 0
repeat
  local letter, x, y, z, next = call:match('^(%l) (%d+) (%d+) (%d+) ?()', at)
  local rule = rules[letter or 1]
  if not rule then wrong(1, 'has no limit at ' .. at) end
  x, y, z = x + 0, y + 0, z + 0
  if x > MOST or y > MOST or z > MOST then wrong(1, 'has a term above 2^53 - 1 at ' .. at) end
  count, at = count + 1, next
  limits[count] = rule:make(x, y, z)
until at > #call
if count > 16 then wrong(1, 'has more than 16 limits') end

local costs = #ARGV - 1
if costs == 0 or #KEYS % count > 0 or costs > 1 and costs * count ~= #KEYS then
  error({ err = 'PENSTOCK keys: ' .. #KEYS .. ' for ' .. costs .. ' costs of ' .. count .. ' limits' })
end
for i = 2, costs + 1 do
  local cost = tonumber(ARGV[i])
  if not (cost and cost >= 0 and cost <= MOST and cost % 1 == 0) then wrong(i, 'is not an integer below 2^53') end
  ARGV[i] = cost
end

local now, extra
if moment == '-' then
  local time = redis.call('TIME')
  now, extra = time[1] * 1000000 + time[2], 0
else
  now, extra = tonumber(moment), 3600000
  if now < 0 or now > LAST_NOW then wrong(1, 'has a moment above 2^52') end
end

local reply = { now, false }
local turn, cost = 1, 0
for base = 0, #KEYS - 1, count do
  turn = turn + 1
  cost = ARGV[turn] or cost
  local wait, sound = 0, true
  for i = 1, count do
    local limit, key = limits[i], KEYS[base + i]
    local rule = limit.rule
    local value, free_at
    if rule.load then
      value, free_at = rule.load(limit, key)
    else
      value = redis.pcall('GET', key)
      if type(value) ~= 'table' then free_at = rule.parse(limit, value) end
    end
    if type(value) == 'table' then
      -- A missing right, say: every request would meet it.
      if not value.err:find('WRONGTYPE', 1, true) then return value end
      sound = false
    elseif not (free_at and free_at <= MOST) then
      value, sound = { err = 'PENSTOCK the key holds what no limiter of this kind has put there' }, false
    elseif asks then
      local own = rule.wait(limit, now, cost)
      if own > wait then wait = own end
    end
    reply[1 + base + i] = value
  end
  for i = 1, count do
    local limit, key = limits[i], KEYS[base + i]
    local rule = limit.rule
    local free_at, value
    if operation == 'reset' then
      free_at = now
    elseif sound and cost > 0 then
      if operation == 'refund' then
        free_at, value = rule.refund(limit, now, cost)
      elseif operation == 'advance' and wait <= patience then
        free_at, value = rule.charge(limit, now, now + wait, cost)
      end
    end
    if free_at then
      local left = free_at - now
      if left <= 0 then
        redis.call('DEL', key)
      else
        local milliseconds = digits((left - left % -1000) / 1000 + extra)
        if value then
          redis.call('SET', key, value, 'PX', milliseconds)
        else
          redis.call('PEXPIRE', key, milliseconds)
        end
      end
    end
    if asks and rule.answer and not reply[1 + base + i] then reply[1 + base + i] = rule.answer(limit, now) end
  end
end
return reply
