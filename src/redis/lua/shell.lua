-- What every decision has in common: reads the time once, loads, decides, saves, sets the time to live.
--
-- KEYS   for each request one key a limit, in the order of the limits
-- ARGV   operation   "advance", "peek", "refund" or "reset"
--        now         "" for the server's clock; else microseconds, and then keys live an hour longer (for tests)
--        patience    the longest wait that is good enough, in microseconds
--        limits      how many a request has, 1 to 16; then for each of them a letter and three terms (see its rule)
--        cost...     one for each request; 0 asks and charges nothing
-- Reply  now, then for each key what was stored before (nil if nothing was), from which the caller computes with the
--        same rule what was decided; or what the rule says that it answers instead; nil to "refund" and "reset". An
--        error in its place says that the key holds something else: its request is not decided, and charged nothing.
--
-- A request is charged to all its limits, or to none, at the first moment that suits them all. A refusal writes nothing.
-- All numbers are integers from 0 to 2^53 - 1. Whatever is wrong with them is found before anything is written, and
-- no value that a key holds makes the script fail: what the server itself refuses, it refuses at the first command of
-- its kind, which comes before any that changes something.

-- A rule (the other files) has terms, parse and value or load and answer, wait, charge, refund and free_at.
-- Few functions and tables, for each is made anew in every call, and Redis pays for them more than for what they do.

local LAST_NOW = 2 ^ 52  -- in the year 2112; leaves room for the longest wait
local LAST_FREE = 2 ^ 53  -- above what any limiter can owe

local function number(index, most)
  local value = tonumber(ARGV[index])
  if value and value >= 0 and value <= most and value % 1 == 0 then return value end
  error({ err = 'PENSTOCK argument ' .. index .. ': "' .. tostring(ARGV[index]) .. '" is not an integer from 0 to '
    .. string.format('%.0f', most) })
end

-- A number as a text, faster than Redis makes one of it; in two halves, for its integers may have 32 bits.
local function digits(value)
  if value < 1000000000 then return string.format('%d', value) end
  local low = value % 1000000000
  return string.format('%d%09d', (value - low) / 1000000000, low)
end

-- The state, or nothing if it is not ours; and what was stored, or the error of reading it.
local function load(rule, limit, key)
  if rule.load then return rule.load(limit, key) end
  local value = redis.pcall('GET', key)
  if type(value) == 'table' then return nil, value end
  local state = rule.parse(limit, value)
  return state, state and value
end

local function save(rule, limit, key, state, now, extra)
  local left = rule.free_at(limit, state) - now
  if left <= 0 then
    redis.call('DEL', key)
    return
  end
  local milliseconds = digits((left - left % -1000) / 1000 + extra)
  if rule.value then
    redis.call('SET', key, rule.value(limit, state, digits), 'PX', milliseconds)
  else
    redis.call('PEXPIRE', key, milliseconds)
  end
end

local operation = ARGV[1]
if operation ~= 'advance' and operation ~= 'peek' and operation ~= 'refund' and operation ~= 'reset' then
  error({ err = 'PENSTOCK argument 1: no operation "' .. tostring(operation) .. '"' })
end
local asks = operation == 'advance' or operation == 'peek'
local extra, now = 0, nil
if ARGV[2] == '' then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
else
  extra, now = 3600000, number(2, LAST_NOW)
end
local patience = number(3, 2 ^ 52)
local count = number(4, 16)
local limits, rule_of = {}, {}
for i = 1, count do
  local at = 4 * i + 1
  rule_of[i] = rules[ARGV[at]]
  if not rule_of[i] then error({ err = 'PENSTOCK argument ' .. at .. ': no rule "' .. tostring(ARGV[at]) .. '"' }) end
  limits[i] = rule_of[i].terms(number(at + 1, 2 ^ 53 - 1), number(at + 2, 2 ^ 53 - 1), number(at + 3, 2 ^ 53 - 1))
end
local first = 4 * count + 4
local requests = #ARGV - first
if count == 0 or #KEYS ~= requests * count then
  error({ err = 'PENSTOCK keys: ' .. #KEYS .. ' for ' .. requests .. ' requests of ' .. count .. ' limits' })
end
for r = 1, requests do ARGV[first + r] = number(first + r, 2 ^ 53 - 1) end

local reply, states, waits = { now, false }, {}, {}
for r = 1, requests do
  local base, cost, wait, sound = (r - 1) * count, ARGV[first + r], 0, true
  for i = 1, count do
    local state, value = load(rule_of[i], limits[i], KEYS[base + i])
    -- A missing right, say: every request would meet it.
    if type(value) == 'table' and not value.err:find('WRONGTYPE', 1, true) then return value end
    if state and not (rule_of[i].free_at(limits[i], state) <= LAST_FREE) then state, value = nil, nil end
    states[i] = state
    if not state then
      sound = false
      value = value or { err = 'PENSTOCK the key holds what no limiter of this kind has put there' }
    elseif asks then
      waits[i] = rule_of[i].wait(limits[i], state, now, cost)
      if waits[i] > wait then wait = waits[i] end
    else
      value = false
    end
    reply[1 + base + i] = value
  end
  for i = 1, count do
    local rule, limit, state = rule_of[i], limits[i], states[i]
    if sound then
      if operation == 'advance' and cost > 0 and wait <= patience then
        rule.charge(limit, state, now, now + wait, cost)
        save(rule, limit, KEYS[base + i], state, now, extra)
      elseif operation == 'refund' and cost > 0 then
        rule.refund(limit, state, now, cost)
        save(rule, limit, KEYS[base + i], state, now, extra)
      end
    end
    if operation == 'reset' then redis.call('DEL', KEYS[base + i]) end
    if state and asks and rule.answer then reply[1 + base + i] = rule.answer(limit, state, now, waits[i]) end
  end
end
return reply
