-- Numbers and texts. All numbers are integers from 0 to 2^53 - 1: what a double holds.

local MOST = 2 ^ 53 - 1
local LAST_NOW = 2 ^ 52  -- in the year 2112; leaves room for the longest wait

-- A number as a text, faster than Redis makes one of it; in two halves, for its integers may have 32 bits.
local function digits(value)
  if value < 1000000000 then return string.format('%d', value) end
  local low = value % 1000000000
  return string.format('%d%09d', (value - low) / 1000000000, low)
end

-- A text that a pattern has found to be digits is read by `text + 0`: tonumber takes three times as long.
