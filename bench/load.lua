-- Sends the requests of a file over and over and says at the end how it went.
-- BENCH_REQUESTS: a request a line, a token (or nothing), a tab and a JSON body.
-- BENCH_OFFSET: with which to begin. BENCH_RATE: requests a second in all; as fast as it goes without it.

local requests, at = {}, 0
local gap, due = nil, nil
bad = 0

local ok, ffi = pcall(require, "ffi")
if ok then
  ffi.cdef("typedef struct { long sec; long nsec; } bench_time; int clock_gettime(int, bench_time *);")
end

local function now()
  local t = ffi.new("bench_time")
  ffi.C.clock_gettime(1, t)
  return tonumber(t.sec) * 1000 + tonumber(t.nsec) / 1e6
end

function init(args)
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local token, body = string.match(line, "^([^\t]*)\t(.*)$")
    local headers = { ["Content-Type"] = "application/json" }
    if token ~= "" then headers["Authorization"] = token end
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
  at = tonumber(os.getenv("BENCH_OFFSET") or "0") % #requests
  local rate = tonumber(os.getenv("BENCH_RATE") or "")
  if rate then gap = 1000 / rate else delay = nil end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

-- Milliseconds to wait before the next request; requests are due at even distances.
function delay()
  local time = now()
  due = due and math.max(due + gap, time - 1000) or time
  return math.max(0, math.floor(due - time))
end

function response(status, headers, body)
  if status ~= 200 or string.find(body, '"errors"', 1, true) then bad = bad + 1 end
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end

function done(summary, latency, _)
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("bad") end
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "micros": %d, "bytes": %d, "p50": %d, "p90": %d, "p99": %d, "max": %d, ' ..
    '"bad": %d, "lost": %d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency.max, wrong, e.connect + e.read + e.write + e.timeout))
end
