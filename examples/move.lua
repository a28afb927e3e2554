#!/usr/bin/env lua5.3
-- Moves a guest and shows how far it is.
--
--   move.lua GUEST FROM TO [JOURNAL]
--
-- JOURNAL is the file where the job is written down; without it, the default of the user or system.
-- From a build tree: meson devenv -C BUILD lua5.3 examples/move.lua … (lgi is for Lua 5.1 to 5.3)
-- Exit code: 0 moved, 1 not moved, 2 something is left to repair, 64 usage.
local lgi = require 'lgi'
local Migrate = lgi.require('Migrate', '1')

if #arg ~= 3 and #arg ~= 4 then
  io.stderr:write('Usage: move.lua GUEST FROM TO [JOURNAL]\n')
  os.exit(64)
end

local job = Migrate.Job {
  guest = arg[1],
  source = Migrate.Host { uri = arg[2] },
  destination = Migrate.Host { uri = arg[3] },
  journal = Migrate.SqliteJournal { path = arg[4] },
}

-- No main loop: run() itself calls the handlers while it waits.
function job:on_progress(progress)
  print(('%s: %s %.0f %%, %.1f MiB/s'):format(
    job.guest, progress:get_phase():lower(), progress:get_fraction() * 100,
    progress:get_rate() / 1048576))
  io.stdout:flush()
end

function job:on_decision(decision)
  print(('%s: %s: %s'):format(job.guest, decision:get_what(), decision:get_why()))
end

local result, err = job:run()
if result then
  print(('%s: moved in %.1f s, downtime %d ms'):format(
    job.guest, result:get_total_ms() / 1000, result:get_downtime_ms()))
  os.exit(0)
end
if Migrate.is_error(err, 'BLOCKED') then
  io.stderr:write(job.report:describe(), '\n')
elseif err:matches(lgi.Gio.IOErrorEnum, 'CANCELLED') then
  io.stderr:write(job.guest, ': cancelled, it stays\n')
else
  io.stderr:write(('%s: %s: %s\n'):format(job.guest, tostring(err.code), err.message))
end
os.exit(job.state == 'FAILED' and 2 or 1)
