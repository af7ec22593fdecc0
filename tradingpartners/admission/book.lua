-- The book all processes share: one call of it admits a call to a payer, or takes its result, or what
-- is said of it later.
-- KEYS  1 the payer's breaker and counts (hash)   2 leases of the lane   3 probes
--       4 organizations seen in the lane          5 calls waiting for a slot there
--       6 processes   7 changes of breakers nobody has noted (list)
-- ARGV  1 what is asked, as JSON (shared.py). Sorted sets are scored by seconds since 1970.
-- Every rule stands in local.py as well, by the same name.

local ask = cjson.decode(ARGV[1])
local limits, rules = ask.limits, ask.rules
local now = ask.now
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end

local book = {}
local flat = redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do book[flat[i]] = flat[i + 1] end

local function number(name) return tonumber(book[name] or '0') end

local function write(name, value)
  if type(value) == 'number' then value = string.format('%.17g', value) end
  book[name] = value
  redis.call('HSET', KEYS[1], name, value)
end

-- --- counts in buckets ----------------------------------------------------------------------

local function read_bucket(name)
  local bucket = {}
  for text in string.gmatch(book[name] or '', '%S+') do bucket[#bucket + 1] = tonumber(text) end
  return bucket
end

local function add(prefix, width, amounts)
  local index = math.floor(now / (width / rules.buckets))
  local name = prefix .. (index % rules.buckets)
  local bucket = read_bucket(name)
  if bucket[1] ~= index then
    bucket = {index}
    for i = 1, #amounts do bucket[i + 1] = 0 end
  end
  for i = 1, #amounts do bucket[i + 1] = bucket[i + 1] + amounts[i] end
  write(name, table.concat(bucket, ' '))
end

local function totals(prefix, width, size)
  local index = math.floor(now / (width / rules.buckets))
  local total = {}
  for i = 1, size do total[i] = 0 end
  for slot = 0, rules.buckets - 1 do
    local bucket = read_bucket(prefix .. slot)
    if bucket[1] and bucket[1] > index - rules.buckets and bucket[1] <= index then
      for i = 1, size do total[i] = total[i] + bucket[i + 1] end
    end
  end
  return total
end

-- --- the breaker ----------------------------------------------------------------------------

local function move(state, reason)
  local counts = totals('w', limits.window, 4)
  redis.call('RPUSH', KEYS[7], cjson.encode({
    id = ask.change_id, payer_id = ask.payer_id, state = state, reason = reason,
    calls = counts[1], failures = counts[2], slow = counts[3], at = now,
  }))
  redis.call('LTRIM', KEYS[7], -1000, -1)
  write('state', state)
  write('era', number('era') + 1)
  write('failed_in_a_row', 0)
  write('good_probes', 0)
  for slot = 0, rules.buckets - 1 do
    book['w' .. slot] = nil
    redis.call('HDEL', KEYS[1], 'w' .. slot)
  end
  redis.call('DEL', KEYS[3])
end

local function open(reason)
  move('open', reason)
  local longest = math.max(rules.longest_open, limits.open_time)
  local span = math.min(limits.open_time * 2 ^ number('times_open'), longest)
  write('open_until', now + span * (1 + rules.jitter_share * ask.jitter))
  write('times_open', math.min(number('times_open') + 1, 30))
end

local function breaker_refuses()
  if book.state == 'open' and now >= number('open_until') then move('half_open', 'open_time_over') end
  if book.state == 'open' then return {code = 'breaker', retry_in = number('open_until') - now} end
  if book.state == 'half_open' then
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', string.format('%.17g', now))
    if redis.call('ZCARD', KEYS[3]) >= rules.probes then
      return {code = 'breaker', retry_in = rules.probe_wait}
    end
  end
end

local function why_open()
  if number('failed_in_a_row') >= limits.failures_in_a_row then return 'failures_in_a_row' end
  local counts = totals('w', limits.window, 4)
  if counts[1] < limits.minimum_calls then return nil end
  if counts[2] >= limits.failure_rate * counts[1] then return 'failure_rate' end
  if counts[4] >= limits.failure_rate * counts[1] then return 'slow_rate' end
end

local function count()
  if ask.verdict == 'promised' and book.state ~= 'half_open' then return end
  local failed, slow = ask.verdict == 'failed', ask.seconds >= limits.slow_after
  local bad = failed or slow
  if ask.is_retry and bad then
    if book.state == 'half_open' then
      write('times_open', math.max(number('times_open') - 1, 0))
      open('trial_failed')
    end
    return
  end
  add('w', limits.window, {1, failed and 1 or 0, slow and 1 or 0, bad and 1 or 0})
  if failed then
    write('failed_in_a_row', number('failed_in_a_row') + 1)
  elseif not slow then
    write('failed_in_a_row', 0)
  end
  if book.state == 'half_open' then
    if bad then return open('trial_failed') end
    write('good_probes', number('good_probes') + 1)
    if number('good_probes') >= rules.good_probes then
      move('closed', 'trials_went_well')
      write('times_open', 0)
    end
    return
  end
  local reason = bad and why_open()
  if reason then open(reason) end
end

-- --- the bulkhead ---------------------------------------------------------------------------

local function prune(key, before)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.17g', before))
end

local function organization_of(token) return string.sub(token, 1, string.find(token, '|', 1, true) - 1) end

local function count_by_organization(tokens)
  local counts = {}
  for _, token in ipairs(tokens) do
    local organization = organization_of(token)
    counts[organization] = (counts[organization] or 0) + 1
  end
  return counts
end

local function kept_free(leases)
  local held = count_by_organization(leases)
  local waiting = count_by_organization(redis.call('ZRANGE', KEYS[5], 0, -1))
  local wanting, number_wanting = {[ask.organization_id] = true}, 0
  for organization in pairs(held) do wanting[organization] = true end
  for organization in pairs(waiting) do wanting[organization] = true end
  for _ in pairs(wanting) do number_wanting = number_wanting + 1 end
  local fair = math.ceil(limits.connections / number_wanting)
  if redis.call('ZCARD', KEYS[4]) < 2 or (held[ask.organization_id] or 0) < fair then return 0 end
  local kept = math.ceil(limits.connections * rules.spare_share)
  for organization, calls in pairs(waiting) do
    if organization ~= ask.organization_id and (held[organization] or 0) < fair then kept = kept + calls end
  end
  return kept
end

local function bulkhead_refuses()
  prune(KEYS[2], now)
  prune(KEYS[5], now)
  prune(KEYS[4], now - rules.neighbour_for)
  redis.call('ZADD', KEYS[4], now, ask.organization_id)
  local leases = redis.call('ZRANGE', KEYS[2], 0, -1)
  if #leases < limits.connections - kept_free(leases) then return nil end
  redis.call('ZADD', KEYS[5], string.format('%.17g', now + rules.waiting_for), ask.token)
  return {code = 'bulkhead', retry_in = rules.slot_wait}
end

-- --- retries and rate -----------------------------------------------------------------------

local function retries_refuse()
  if not ask.is_retry then return nil end
  local counts = totals('r', rules.retry_window, 2)
  if counts[2] < limits.retry_floor + limits.retry_share * counts[1] then return nil end
  return {code = 'retry_budget', retry_in = rules.retry_wait}
end

local paid = 'paid_until_' .. ask.lane

local function rate_refuses()
  local next_paid = math.max(number(paid), now) + 1 / limits.rate
  local early = next_paid - rules.burst - now
  if early > 1e-6 then return {code = 'rate', retry_in = early} end
end

local function take()
  local lease = string.format('%.17g', now + limits.lease)
  redis.call('ZADD', KEYS[2], lease, ask.token)
  redis.call('ZREM', KEYS[5], ask.token)
  write(paid, math.max(number(paid), now) + 1 / limits.rate)
  if book.state == 'half_open' then redis.call('ZADD', KEYS[3], lease, ask.token) end
  add('r', rules.retry_window, {ask.is_retry and 0 or 1, ask.is_retry and 1 or 0})
end

-- --- the three deeds ------------------------------------------------------------------------

local function processes()
  prune(KEYS[6], now - rules.process_for)
  redis.call('ZADD', KEYS[6], now, ask.process)
  return redis.call('ZCARD', KEYS[6])
end

local answer
if ask.deed == 'admit' then
  answer = breaker_refuses() or bulkhead_refuses() or retries_refuse() or rate_refuses()
  if not answer then
    take()
    answer = {era = number('era')}
  end
  answer.processes = processes()
elseif ask.deed == 'tell' then
  if (book.state or 'closed') == 'closed' and ask.verdict ~= 'ignored' then count() end
  answer = {}
else
  local until_ = redis.call('ZSCORE', KEYS[2], ask.token)
  redis.call('ZREM', KEYS[2], ask.token)
  redis.call('ZREM', KEYS[3], ask.token)
  local is_held = until_ and tonumber(until_) > now
  if is_held and ask.era == number('era') and ask.verdict ~= 'ignored' then count() end
  answer = {}
end
for i = 1, 5 do redis.call('EXPIRE', KEYS[i], rules.forget_after) end
return cjson.encode(answer)
