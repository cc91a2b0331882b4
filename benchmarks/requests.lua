-- Sends the requests of a file in turn, a line each: method, path, token and body with tabs in between.
local requests, turn = {}, 0

function init(args)
   for line in io.lines(args[1]) do
      local method, path, token, body = line:match("^(%S+)\t(%S+)\t(%S+)\t(.*)$")
      local headers = { ["Authorization"] = "Bearer " .. token }
      if body == "" then body = nil else headers["Content-Type"] = "application/json" end
      requests[#requests + 1] = wrk.format(method, path, headers, body)
   end
end

function request()
   turn = turn % #requests + 1
   return requests[turn]
end

function done(summary, latency, _)
   local e = summary.errors
   local failed = e.status + e.connect + e.read + e.write + e.timeout
   io.write(string.format("result %d %d %d\n", summary.requests, summary.duration, failed))
end
