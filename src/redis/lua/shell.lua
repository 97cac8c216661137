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

local LAST_NOW = 2 ^ 52  -- in the year 2112; leaves room for the longest wait
local LAST_FREE = 2 ^ 54  -- above what any limiter can owe

local function number(index, most)
  local value = tonumber(ARGV[index])
  if value and value >= 0 and value <= most and value % 1 == 0 then return value end
  error({ err = 'PENSTOCK argument ' .. index .. ': "' .. tostring(ARGV[index]) .. '" is not an integer from 0 to '
    .. string.format('%.0f', most) })
end

local function server_now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function load(rule, limit, key)
  if rule.load then return rule.load(limit, key) end
  local value = redis.pcall('GET', key)
  if not value then return rule.none() end
  if type(value) == 'table' then return nil, value end
  local state = rule.parse(limit, value)
  if state then state.value = value end
  return state
end

local function save(rule, limit, key, state, now, extra)
  local left = rule.free_at(limit, state) - now
  if left <= 0 then
    redis.call('DEL', key)
    return
  end
  local milliseconds = (left - left % -1000) / 1000 + extra
  if rule.save then
    rule.save(state, milliseconds)
  else
    redis.call('SET', key, rule.format(limit, state), 'PX', milliseconds)
  end
end

local function answer(rule, limit, state, now, wait)
  if rule.answer then return rule.answer(limit, state, now, wait) end
  return state.value or false
end

local operation = ARGV[1]
if operation ~= 'advance' and operation ~= 'peek' and operation ~= 'refund' and operation ~= 'reset' then
  error({ err = 'PENSTOCK argument 1: no operation "' .. tostring(operation) .. '"' })
end
local asks = operation == 'advance' or operation == 'peek'
local extra = ARGV[2] == '' and 0 or 3600000
local now = ARGV[2] == '' and server_now() or number(2, LAST_NOW)
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
local costs = {}
for r = 1, requests do costs[r] = number(first + r, 2 ^ 53 - 1) end

local reply = { now }
for r = 1, requests do
  local base, cost, states, waits, wait, sound = (r - 1) * count, costs[r], {}, {}, 0, true
  for i = 1, count do
    local state, wrong = load(rule_of[i], limits[i], KEYS[base + i])
    -- A missing right, say: every request would meet it.
    if wrong and not wrong.err:find('WRONGTYPE', 1, true) then return wrong end
    if state and not (rule_of[i].free_at(limits[i], state) <= LAST_FREE) then state = nil end
    states[i] = state
    if not state then
      sound = false
      reply[1 + base + i] = wrong or { err = 'PENSTOCK the key holds what no limiter of this kind has put there' }
    elseif asks then
      waits[i] = cost == 0 and 0 or rule_of[i].wait(limits[i], state, now, cost)
      wait = math.max(wait, waits[i])
    end
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
    if state then reply[1 + base + i] = asks and answer(rule, limit, state, now, waits[i]) or false end
  end
end
return reply
