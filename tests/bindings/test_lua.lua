-- Every public call once from Lua, on simulated hosts (sim://w/h1 and h2, from MIGRATE_SIM) and on
-- libvirt's test driver. The last test compares with the GIR: a call that is not here fails it.
local lgi = require 'lgi'
local GLib, GObject, Gio = lgi.GLib, lgi.GObject, lgi.Gio
local Migrate = lgi.require('Migrate', '1')

-- ---- a little TAP ----

local tests = {}
local function test(name, run) tests[#tests + 1] = { name = name, run = run } end

local function eq(a, b)
  if a ~= b then error(('%s is not %s'):format(tostring(a), tostring(b)), 2) end
end

local function run_tests()
  local failed = 0
  print('1..' .. #tests)
  for number, each in ipairs(tests) do
    local ok, why = xpcall(each.run, debug.traceback)
    print(('%s %d - %s'):format(ok and 'ok' or 'not ok', number, each.name))
    if not ok then
      failed = failed + 1
      print('# ' .. tostring(why):gsub('\n', '\n# '))
    end
    io.stdout:flush()
  end
  os.exit(failed == 0 and 0 or 1)
end

-- ---- what the GIR says is public ----

local calls, properties, seen = {}, {}, {}

local function read_gir()
  local owner, depth
  for line in io.lines(os.getenv('MIGRATE_GIR')) do
    local indent, tag, name = line:match('^( *)<([%w:]+) name="([%w_-]+)"')
    if tag == 'class' or tag == 'interface' or tag == 'record' or tag == 'enumeration' then
      owner, depth = name, #indent
    elseif line:match('^( *)</') and owner and #line:match('^( *)') == depth then
      owner = nil
    elseif tag == 'method' or tag == 'constructor' or tag == 'function' then
      if name ~= 'ref' and name ~= 'unref' and (owner or name ~= 'error_quark') then
        calls[(owner and owner .. '.' or '') .. name] = true
      end
    elseif tag == 'property' then
      properties[owner] = properties[owner] or {}
      properties[owner][name] = true
    end
  end
end

local function watch()
  for path in pairs(calls) do
    local class, name = path:match('^(%w+)%.([%w_]+)$')
    local owner = class and Migrate[class] or Migrate
    name = name or path
    local original = owner[name]
    if original == nil then error(path .. ' is not there') end
    rawset(owner, name, function(...)
      seen[path] = true
      return original(...)
    end)
  end
end

read_gir()

-- ---- helpers ----

local SOURCE, DESTINATION = 'sim://w/h1', 'sim://w/h2'
local next_guest = -1

local function hosts() return Migrate.Host.new(SOURCE), Migrate.Host.new(DESTINATION) end

local function make_job(options)
  options = options or {}
  next_guest = next_guest + 1
  local source, destination = hosts()
  local job = Migrate.Job.new(options.guest or ('g%d'):format(next_guest), source, destination)
  job:set_journal(options.journal or Migrate.SqliteJournal.new_none())
  if options.hooks then job:set_hooks(options.hooks) end
  if options.policy then job:set_policy(options.policy) end
  return job
end

local function policy(values)
  local made = Migrate.Policy.new()
  for key, value in pairs(values) do made:set(key, tostring(value)) end
  return made
end

-- Some 20 s on the simulated clock: time to do something meanwhile.
local function slow() return policy { bandwidth = 4 } end

local function refused(code, ok, err)
  if ok then error('was not refused', 2) end
  if not err then error('there is no error', 2) end
  if not Migrate.is_error(err, code) then
    error(('%s: %s, not %s'):format(tostring(err.code), err.message, code), 2)
  end
  eq(err.code, code)
  eq(err:matches(Migrate.Error, code), true)
  return err
end

local function cancelled(ok, err)
  eq(not ok and err:matches(Gio.IOErrorEnum, 'CANCELLED'), true)
  eq(Migrate.is_error(err), false)
end

local context = GLib.MainContext.default()
local function until_true(condition)
  while not condition() do context:iteration(true) end
end

-- owner.name_async (…) to its end on the default context, and owner.name_finish ().
local function finish(owner, class, name, ...)
  local result
  local args = { ... }
  args[#args + 1] = false -- no cancellable
  local n = #args
  args[n] = nil
  args[n + 1] = function(_, r) result = r end
  if owner then
    class[name .. '_async'](owner, table.unpack(args, 1, n + 1))
  else
    class[name .. '_async'](table.unpack(args, 1, n + 1))
  end
  until_true(function() return result end)
  if owner then return class[name .. '_finish'](owner, result) end
  return class[name .. '_finish'](result)
end

-- ---- before the calls are recorded: lgi reads the parameters of the pair itself ----

test('lgi builds async_run from the pair', function()
  local job = make_job()
  local result, err
  Gio.Async.call(function() result, err = job:async_run() end)()
  eq(err, nil)
  eq(result:get_outcome(), 'MOVED')
end)

-- ---- values ----

test('errors', function()
  watch() -- from here on
  eq(Migrate.Error.quark(), Migrate.error_quark())
  local err = GLib.Error(Migrate.Error, 'BUSY', 'busy')
  eq(Migrate.is_error(err), true)
  eq(Migrate.is_error(err, 'BUSY'), true)
  eq(Migrate.is_error(err, 'DENIED'), false)
  eq(Migrate.is_error(GLib.Error(Gio.IOErrorEnum, 'CANCELLED', 'x')), false)
  eq(Migrate.is_error('a string'), false)
  eq(Migrate.is_error(nil), false)
end)

test('host', function()
  local host = Migrate.Host.new(DESTINATION)
  eq(host:get_uri(), DESTINATION)
  host:set_peer_uri('qemu+tls://peer/system')
  host:set_migration_uri('tcp://data')
  host:set_disks_uri('tcp://disks:10809')
  host:set_listen_address('::')
  host:set_max_outgoing(2)
  host:set_max_incoming(3)
  eq(host:dup_peer_uri(), 'qemu+tls://peer/system')
  eq(host.peer_uri, 'qemu+tls://peer/system')
  eq(host:dup_migration_uri(), 'tcp://data')
  eq(host:dup_disks_uri(), 'tcp://disks:10809')
  eq(host:dup_listen_address(), '::')
  host:set_tls_name('b.example.org')
  eq(host:dup_tls_name(), 'b.example.org')
  eq(host:dup_name(), nil)
  host:set_name('rack7-2')
  eq(host:dup_name(), 'rack7-2')
  eq(host:get_max_outgoing(), 2)
  eq(host:get_max_incoming(), 3)
  host:set_peer_uri(nil)
  eq(host:dup_peer_uri(), nil)
  eq(Migrate.Host { uri = DESTINATION, max_incoming = 7 }.max_incoming, 7)
end)

test('policy', function()
  local made = policy { bandwidth = 100 }
  eq(made:dup('bandwidth'), '100')
  eq(made.bandwidth, 100)
  made.transport = 'DIRECT'
  eq(made:dup('transport'), 'direct')
  made.accept = { 'a', 'b' }
  eq(made:dup('accept'), 'a;b')
  made.allow = { 'POSTCOPY', 'PAUSE' }
  eq(made:dup('allow'), 'postcopy;pause')
  made.postcopy_start = 'FIRST_PASS'
  eq(made:dup('postcopy-start'), 'first-pass')
  refused('INVALID', made:set('allow', 'magic'))
  local copy = made:copy()
  made:set('bandwidth', '7')
  eq(copy.bandwidth, 100)
  for _, key in ipairs(made:dup_keys()) do
    eq(properties.Policy[key], true)
    eq(type(Migrate.Policy.describe(key)), 'string')
  end
  eq(Migrate.Policy.describe('nonsense'), nil)
  eq(Migrate.Policy.may_retune('bandwidth'), true)
  eq(Migrate.Policy.may_retune('transport'), false)
  for _, name in ipairs(Migrate.Policy.dup_presets()) do
    eq(type(Migrate.Policy.describe_preset(name)), 'string')
    eq(Migrate.Policy.new_preset(name):dup('confirm'), 'auto')
  end
  refused('INVALID', Migrate.Policy.new_preset('brutal'))
  made.at_deadline = 'PAUSE'
  eq(made:dup('at-deadline'), 'pause')
  made.tls = true
  eq(made:dup('tls'), 'true')
  refused('INVALID', made:set('nonsense', '1'))
  refused('INVALID', made:set('bandwidth', 'much'))
  refused('INVALID', made:dup('nonsense'))
end)

test('mapping', function()
  local made = Migrate.Mapping.new()
  eq(made:set('interface', '52:54:0:AA:bb:cc', GLib.Variant('a{sv}', {
    bridge = GLib.Variant('s', 'br1'), target = GLib.Variant('s', 'tap7') })), true)
  eq(made:set('endpoint', 'serial:0', GLib.Variant('a{sv}', { port = GLib.Variant('d', 2445) })), true)
  eq(made:set_from_string('disk:vda=/srv/b.qcow2'), true)
  eq(made:get('interface', '52:54:00:aa:bb:cc').value.bridge, 'br1')
  eq(made:get('endpoint', 'serial:0').value.port, '2445')
  eq(made:get('disk', 'vdb'), nil)
  local copy = made:copy()
  eq(made:set('disk', 'vda', nil), true)
  eq(#made:dup_froms('disk'), 0)
  eq(copy:dup_froms('disk')[1], 'vda')
  for _, kind in ipairs(Migrate.Mapping.dup_kinds()) do
    eq(type(Migrate.Mapping.describe_kind(kind)), 'string')
  end
  eq(Migrate.Mapping.describe_kind('nonsense'), nil)
  refused('INVALID', made:set_from_string('disk:vda=relative'))
  local path = os.tmpname()
  local file = assert(io.open(path, 'w'))
  file:write('[interface 52:54:00:aa:bb:cc]\nnetwork=prod\n')
  file:close()
  local read = Migrate.Mapping.new_from_file(path)
  eq(read:get('interface', '52:54:00:AA:BB:CC').value.network, 'prod')
  os.remove(path)
  refused('NOT_FOUND', Migrate.Mapping.new_from_file(path))
end)

test('policy from a file', function()
  local path = os.tmpname()
  os.remove(path)
  refused('NOT_FOUND', Migrate.Policy.new_from_file(path))
  local file = io.open(path, 'w')
  file:write('[policy]\nhand-over=strict\n')
  file:close()
  eq(Migrate.Policy.new_from_file(path).hand_over, 'STRICT')
  os.remove(path)
end)

-- ---- check, on libvirt's test driver ----

local function test_driver_job(guest)
  return Migrate.Job {
    guest = guest or 'test', source = Migrate.Host { uri = 'test:///default' },
    destination = Migrate.Host { uri = 'test:///default' },
    journal = Migrate.SqliteJournal.new_none(),
  }
end

test('a report of the test driver', function()
  local job = test_driver_job()
  local report = job:check()
  eq(report:is_blocked(), true)
  eq(report:get_kind(), 'LIVE')
  eq(report:get_guest_name(), 'test')
  eq(#report:get_guest_uuid(), 36)
  eq(report:count('NOTE') + report:count('WARNING') + report:count('BLOCKER'),
     report:get_n_items())
  local same
  local n = 0
  for finding in report:findings() do
    n = n + 1
    if finding:get_code() == 'same-host' then same = finding end
  end
  eq(n, report:get_n_items())
  eq(same:get_severity(), 'BLOCKER')
  eq(same:is_accepted(), false)
  eq(same.accepted, false)
  eq(#same:get_subject() > 0 and #same:get_message() > 0 and #same:get_remedy() > 0, true)
  for name in pairs(properties.Finding) do eq(same[name:gsub('-', '_')] ~= nil, true) end
  eq(report:describe():find('blocker same-host: Source and destination', 1, true) ~= nil, true)
  eq(job:dup_report(), report)
  refused('BLOCKED', job:prepare())
  eq(job:get_state(), 'CHECKED')
  eq(finish(job, Migrate.Job, 'check'):is_blocked(), true)
end)

test('a plan', function()
  local job = make_job()
  local plan = job:plan()
  eq(job:get_state(), 'CHECKED')
  eq(plan:get_kind(), 'LIVE')
  eq(plan:get_guest_name(), job:get_guest())
  eq(#plan:get_guest_uuid(), 36)
  eq(plan:get_source(), SOURCE)
  eq(plan:get_destination(), DESTINATION)
  local step
  for i = 0, plan:get_n_steps() - 1 do
    if plan:get_step(i):get_what() == 'transfer' then step = plan:get_step(i) end
  end
  eq(step:get_host(), SOURCE)
  eq(#step:get_undo() > 0, true)
  eq(plan:get_step(99), nil)
  eq(plan:dup_transfer():get_type_string(), 'a{sv}')
  eq(plan:dup_disks():n_children(), 0)
  eq(plan:dup_files():n_children(), 0)
  eq(plan:dup_changes():n_children(), 0)
  eq(plan:dup_holes():n_children(), 0)
  eq(#plan:dup_effects() > 0, true)
  eq(plan:get_xml():sub(1, 7), '<domain')
  eq(plan:get_persistent_xml():sub(1, 7), '<domain')
  eq(plan:dup_details():get_type_string(), 'a{sv}')
  eq(plan:details().kind, 'live')
  eq(finish(job, Migrate.Job, 'plan'):get_guest_name(), job:get_guest())
  eq(job:dup_plan():get_n_steps(), plan:get_n_steps())
end)

test('other names', function()
  local _, destination = hosts()
  local mapping = Migrate.Mapping.new()
  mapping:set_from_string('network:blue=red')
  destination:set_profile(mapping)
  eq(destination:dup_profile():dup_froms('network')[1], 'blue')
  local job = make_job()
  job:set_mapping(mapping)
  eq(job:dup_mapping():dup_froms('network')[1], 'blue')
  eq(job:check():describe():find('mapping-unused', 1, true) ~= nil, true)
end)

test('a rewrite function', function()
  local job, seen = make_job(), {}
  job:set_rewrite_func(function(_, xml, definition)
    seen[#seen + 1] = definition
    return (xml:gsub('<vcpu', '<!-- ours --><vcpu'))
  end)
  eq(job:run():get_outcome(), 'MOVED')
  eq(#seen, 2)
  eq(seen[1], false)
  eq(seen[2], true)
  job = make_job()
  job:set_rewrite_func(function() return nil end)
  refused('DENIED', job:run())
  eq(job:get_state(), 'UNDONE')
end)

test('a forecast of what is not known', function()
  local job = test_driver_job()
  eq(job:check():get_forecast(), nil)
  eq(job:get_forecast(), false)
  job:set_forecast(true)
  eq(job:get_forecast(), true)
  local forecast = job:check():get_forecast()
  eq(forecast:get_convergence(), 'UNKNOWN')
  eq(forecast:get_rung(), 'UNKNOWN')
  eq(forecast:has_total() or forecast:has_downtime() or forecast:has_bytes()
     or forecast:has_need(), false)
  eq(forecast:has_total_most() or forecast:has_bytes_most() or forecast:has_needed_downtime(), false)
  eq(forecast:get_total_least_ms() + forecast:get_total_most_ms(), 0)
  eq(forecast:get_downtime_least_ms() + forecast:get_downtime_most_ms(), 0)
  eq(forecast:get_bytes_least() + forecast:get_bytes_most(), 0)
  eq(forecast:get_needed_downtime_ms() + forecast:get_needed_bandwidth(), 0)
  eq(forecast:dup_summary():find('not known', 1, true) ~= nil, true)
  eq(forecast:dup_details():get_type_string(), 'a{sv}')
  eq(forecast:details()['dirty-rate-origin'], 'unknown')
  eq(#forecast:details().rungs, 0)
end)

test('facts are kept and checked again', function()
  local job = test_driver_job()
  eq(job:dup_facts(), nil)
  local report = job:check()
  local facts = job:dup_facts()
  local kept = facts:to_bytes()
  local back = Migrate.Facts.new_from_bytes(kept)
  eq(back:get_taken_us(), facts:get_taken_us())
  eq(back:get_guest_name(), 'test')
  eq(#back:get_guest_uuid(), 36)
  eq(back:get_source(), 'test:///default')
  eq(back:get_destination(), 'test:///default')
  eq(back:get_kind(), 'AUTO')
  eq(back:dup_details():equal(facts:dup_details()), true)
  eq(back:details().source.guest.name, 'test')
  eq(back:details().request.kind, 'auto')
  eq(back:check(back:dup_policy(), back:get_kind()):describe(), report:describe())
  eq(back:check(nil, 'LIVE'):is_blocked(), true)
  refused('INVALID', Migrate.Facts.new_from_bytes(GLib.Bytes.new('nothing')))
end)

test('facts are asked about other names', function()
  local job, mapping = make_job(), Migrate.Mapping.new()
  job:check()
  local facts = job:dup_facts()
  eq(facts:dup_mapping(), nil)
  eq(facts:dup_profile(), nil)
  mapping:set_from_string('network:blue=red')
  local mapped = facts:map(mapping, mapping)
  eq(mapped:dup_mapping():dup_froms('network')[1], 'blue')
  eq(mapped:dup_profile():dup_froms('network')[1], 'blue')
  eq(mapped:check(nil, 'LIVE'):describe():find('mapping-unused', 1, true) ~= nil, true)
  mapping:set_from_string('emulator:/usr/bin/qemu-system-x86_64=/opt/there/qemu')
  refused('INVALID', facts:map(mapping, nil))
end)

test('what is not there', function()
  refused('NOT_FOUND', test_driver_job('nobody'):check())
  refused('INVALID', Migrate.Job {}:check())
end)

test('the failure', function()
  local nowhere = Migrate.Host { uri = 'qemu+unix:///session?socket=/nowhere' }
  local job = Migrate.Job {
    guest = 'g', source = nowhere, destination = nowhere,
    journal = Migrate.SqliteJournal.new_none(),
  }
  local err = refused('UNREACHABLE', job:check())
  local failure = job:dup_failure()
  eq(failure:get_code(), 'UNREACHABLE')
  eq(failure:is_cancelled(), false)
  eq(failure:get_message(), err.message)
  eq(failure:get_side(), 'SOURCE')
  eq(failure:get_phase(), 'GATHERING')
  eq(failure:get_libvirt_domain() > 0 and failure:get_libvirt_code() > 0, true)
  eq(failure:get_other_job(), nil)
  eq(failure:details().message, err.message)
  local remedy = failure:get_remedy()
  eq(remedy == nil or #remedy > 0, true)
  eq(failure:dup_details():get_type_string(), 'a{sv}')
end)

-- ---- a move, edge by edge ----

test('edge by edge', function()
  local job = make_job()
  local states = {}
  job.on_state_changed = function(_, before, now) states[#states + 1] = before .. '>' .. now end
  refused('WRONG_STATE', job:prepare())
  refused('WRONG_STATE', job:migrate())
  refused('WRONG_STATE', job:finalize())
  refused('WRONG_STATE', job:detach())
  eq(job:check():is_blocked(), false)
  eq(job:prepare(), true)
  eq(job:get_state(), 'PREPARED')
  eq(job:migrate(), true)
  refused('TOO_LATE', job:cancel())
  eq(job:finalize(), true)
  eq(job:get_state(), 'FINALIZED')
  refused('WRONG_STATE', job:check())
  refused('WRONG_STATE', job:run())
  eq(table.concat(states, ' '),
     'NEW>CHECKED CHECKED>PREPARED PREPARED>PREPARED PREPARED>MIGRATED MIGRATED>FINALIZED')
end)

test('edge by edge, asynchronous', function()
  local job = make_job()
  local Job = Migrate.Job
  refused('WRONG_STATE', finish(job, Job, 'prepare'))
  eq(finish(job, Job, 'check'):get_kind(), 'LIVE')
  eq(finish(job, Job, 'prepare'), true)
  eq(finish(job, Job, 'migrate'), true)
  refused('TOO_LATE', finish(job, Job, 'cancel'))
  eq(finish(job, Job, 'finalize'), true)
  eq(finish(job, Job, 'follow'):get_outcome(), 'MOVED')
end)

test('properties of a job', function()
  local source, destination = hosts()
  local job = Migrate.Job { guest = 'g', source = source, destination = destination }
  local journal, hooks = Migrate.SqliteJournal.new_none(), nil
  job:set_kind('LIVE')
  job:set_journal(journal)
  job:set_policy(policy { deadline = 9 })
  job:set_hooks(hooks)
  eq(job:get_guest(), 'g')
  eq(#job:get_id(), 8)
  eq(job:get_source(), source)
  eq(job:get_destination(), destination)
  eq(job:get_kind(), 'LIVE')
  eq(job:dup_journal(), journal)
  eq(job:dup_policy().deadline, 9)
  eq(job:dup_hooks(), nil)
  job:set_inventory(nil)
  eq(job:dup_inventory(), nil)
  job:set_history(nil)
  eq(job:dup_history(), nil)
  eq(job:get_state(), 'NEW')
  eq(job:get_phase(), 'IDLE')
  eq(job:is_in_flight(), false)
  eq(job:dup_report() or job:dup_progress() or job:dup_result() or job:dup_failure(), nil)
  for name in pairs(properties.Job) do local _ = job[name:gsub('-', '_')] end
end)

-- ---- run: a blocking call, no main loop ----

test('run tells and returns', function()
  local job = make_job()
  local kept, phases, states = {}, 0, 0
  job.on_progress = function(_, progress) kept[#kept + 1] = progress:ref() end
  job.on_state_changed = function() states = states + 1 end
  job.on_notify['phase'] = function() phases = phases + 1 end
  local result, err = job:run()
  eq(err, nil)
  eq(result:get_outcome(), 'MOVED')
  eq(result:get_kind(), 'LIVE')
  eq(result:get_guest_name(), job:get_guest())
  eq(#result:get_guest_uuid(), 36)
  eq(result:has_downtime(), true)
  eq(result:get_downtime_ms() > 0 and result:get_downtime_ms() <= result:get_total_ms(), true)
  eq(result:get_downtime_origin(), 'hypervisor')
  eq(result:get_bytes() >= 64 * 1024 * 1024, true)
  eq(result:get_passes() >= 1, true)
  eq(result:has_bytes_resent() and result:get_bytes_resent() < result:get_bytes(), true)
  eq(result:get_disk_bytes() + result:get_throttle(), 0)
  eq(result:has_downtime_limit(), result:get_downtime_limit_ms() > 0)
  eq(result:get_phase_ms('STARTING') > 0, true)
  eq(#result:dup_warnings(), 0)
  eq(result:get_forecast(), nil)
  eq(result:get_n_decisions(), 0)
  eq(result:dup_details():get_type_string(), 'a{sv}')
  eq(result:details().outcome, 'moved')
  eq(type(result:details().phases.starting), 'number')
  eq(states > 0 and phases > 0 and #kept > 0, true)
  collectgarbage()
  collectgarbage()
  eq(kept[#kept]:get_fraction(), 1)
  eq(kept[#kept]:get_phase(), 'PROVING')
  eq(job:dup_progress():get_fraction(), 1)
  eq(job:dup_result():get_bytes(), result:get_bytes())
end)

test('numbers of a progress', function()
  local job = make_job { policy = policy { bandwidth = 16 } }
  local copying
  job.on_progress = function(_, progress)
    if progress:get_phase() == 'COPYING_MEMORY' and progress:get_rate() > 0 then
      copying = progress:ref()
    end
  end
  eq(finish(job, Migrate.Job, 'run'):get_outcome(), 'MOVED')
  eq(copying:get_memory_total() >= 64 * 1024 * 1024, true)
  eq(copying:get_memory_processed() > 0, true)
  eq(copying:get_memory_remaining() > 0, true)
  eq(copying:get_rate() <= 17 * 1024 * 1024 and copying:get_dirty_rate() >= 0, true)
  eq(copying:get_pass() >= 1 and copying:get_elapsed_ms() > 0, true)
  eq(copying:has_time_left(), copying:get_time_left_ms() > 0)
  eq(copying:get_time_left_least_ms() <= copying:get_time_left_ms(), true)
  eq(copying:has_time_left_most(), copying:get_time_left_most_ms() > 0)
  eq(copying:has_downtime_expected(), copying:get_downtime_expected_ms() > 0)
  eq(copying:get_throttle() + copying:get_disk_total() + copying:get_disk_processed(), 0)
  eq(copying:get_disk_remaining() + copying:get_disk_rate(), 0)
  eq(copying:dup_details():get_type_string(), 'a{sv}')
  eq(copying:details().phase, 'copying-memory')
end)

test('cancelled midway; decisions', function()
  local job = make_job { policy = slow() }
  local cancellable = Gio.Cancellable()
  local decisions = {}
  job.on_decision = function(_, decision) decisions[#decisions + 1] = decision:ref() end
  job.on_progress = function() if job.in_flight then cancellable:cancel() end end
  cancelled(job:run(cancellable))
  eq(job:get_state(), 'CANCELLED')
  eq(job:dup_failure():is_cancelled(), true)
  local result = job:dup_result()
  eq(result:get_outcome(), 'STAYED')
  eq(result:get_n_decisions() > 0, true)
  eq(result:get_n_decisions(), #decisions)
  local decision = result:get_decision(0)
  eq(decision:get_what(), decisions[1]:get_what())
  eq(#decision:get_why() > 0 and decision:get_at_ms() >= 0, true)
  eq(decision:dup_details():get_type_string(), 'a{sv}')
end)

test('an error in a handler is only printed', function()
  local job = make_job()
  job.on_state_changed = function() error('a bug of the program') end
  eq(job:run():get_outcome(), 'MOVED')
end)

-- ---- steering a job that runs ----

local function texts(values)
  local variants = {}
  for key, value in pairs(values) do variants[key] = GLib.Variant('s', value) end
  return GLib.Variant('a{sv}', variants)
end

test('steer', function()
  local rest = make_job()
  eq(rest:retune(texts { bandwidth = '7', ['max-downtime'] = '700' }), true)
  eq(finish(rest, Migrate.Job, 'retune', texts { deadline = '70' }), true)
  eq(rest:dup_policy():dup('bandwidth'), '7')
  eq(rest:dup_policy():dup('deadline'), '70')
  refused('INVALID', rest:retune(texts { ['no-such'] = '1' }))
  refused('UNSUPPORTED', rest:retune(texts { tls = 'true' }))
  refused('WRONG_STATE', rest:finish_now())
  refused('WRONG_STATE', rest:pause())
  eq(rest:give_up(), true)
  eq(rest:get_state(), 'CANCELLED')

  local job = make_job { policy = slow() }
  job:run_async(nil, nil)
  until_true(function() return job:get_phase() == 'COPYING_MEMORY' end)
  eq(job:retune(texts { bandwidth = '9' }), true)
  eq(job:dup_policy():dup('bandwidth'), '9')
  eq(job:give_up(), true)
  eq(job:get_state(), 'UNDONE')

  for _, verb in ipairs { 'finish_now', 'pause' } do
    local other = make_job { policy = slow() }
    other:run_async(nil, nil)
    until_true(function() return other:get_phase() == 'COPYING_MEMORY' end)
    eq(finish(other, Migrate.Job, verb), true)
    eq(finish(other, Migrate.Job, 'give_up'), true)
  end
end)

-- ---- another shape, and back ----

test('resize and revert', function()
  local job = make_job()
  job:set_resize(GLib.Variant('a{sv}', { vcpus = GLib.Variant('u', 4) }))
  eq(job:dup_resize().value.vcpus, 4)
  job:set_resize(GLib.Variant('a{sv}', { cpus = GLib.Variant('u', 4) }))
  refused('INVALID', job:check())
  job:set_resize(nil)
  eq(job:dup_resize(), nil)

  local policy = Migrate.Policy.new()
  policy:set('confirm', 'manual')
  local moved = make_job { policy = policy }
  moved:run()
  refused('WRONG_STATE', moved:revert('DESTRUCTIVE'))
  refused('WRONG_STATE', finish(moved, Migrate.Job, 'revert', 'SAFE'))
  eq(moved:get_state(), 'MIGRATED')
  eq(moved:finalize(), true)
  refused('TOO_LATE', moved:revert('SAFE'))
end)

-- ---- two at a time, cancel, detach, follow ----

test('busy', function()
  local journal = Migrate.SqliteJournal.new_none()
  local first = make_job { guest = 'g590', journal = journal }
  local second = make_job { guest = 'g590', journal = journal }
  first:check()
  second:check()
  first:prepare()
  refused('BUSY', second:prepare())
  eq(second:dup_failure():get_other_job(), first:get_id())
  eq(first:cancel(), true)
  eq(first:get_state(), 'CANCELLED')
  eq(second:prepare(), true)

  local third = make_job { policy = slow() }
  third:run_async(nil, nil)
  refused('BUSY', third:check())
  eq(finish(third, Migrate.Job, 'cancel'), true)
  eq(third:get_state(), 'CANCELLED')
end)

test('detach and follow', function()
  local job = make_job { policy = slow() }
  local ended
  job:run_async(nil, function(_, result) ended = { job:run_finish(result) } end)
  until_true(function() return job:is_in_flight() end)
  eq(job:detach(), true)
  until_true(function() return ended end)
  refused('NEEDS_RECOVER', ended[1], ended[2])
  eq(job:is_in_flight(), true)
  eq(job:dup_result():get_outcome(), 'DETACHED')
  eq(finish(job, Migrate.Job, 'detach'), true)
  local loaded = Migrate.Job.load(job:dup_journal(), job:get_id())
  eq(loaded:is_in_flight(), true)
  eq(loaded:follow():get_outcome(), 'MOVED')
  eq(loaded:get_state(), 'FINALIZED')
end)

-- ---- recovery ----

local function left_in_flight()
  local job = make_job { policy = slow() }
  job:run_async(nil, function(_, result) refused('NEEDS_RECOVER', job:run_finish(result)) end)
  until_true(function() return job:is_in_flight() end)
  eq(job:detach(), true)
  return job
end

test('recover a job', function()
  local job = left_in_flight()
  local what = {}
  local recovery = job:recover()
  eq(recovery:get_verdict(), 'IN_FLIGHT')
  eq(recovery:get_guest(), job:get_id())
  eq(recovery:dup_job_id(), job:get_id())
  eq(recovery:get_hosts():get_n_items(), 2)
  eq(recovery:get_n_evidence(), 2)
  eq(recovery:get_n_steps(), 1)
  eq(recovery:is_at_rest(), false)
  eq(recovery:dup_reason():find(SOURCE, 1, true) ~= nil, true)
  local step = recovery:dup_step(0)
  eq(step:get_what(), 'follow')
  eq(step:get_host(), SOURCE)
  eq(step:get_risk(), 'SAFE')
  eq(#step:get_effect() > 0, true)
  eq(step:is_done(), false)
  eq(step:get_failure(), nil)
  local evidence = recovery:dup_evidence(0)
  eq(evidence:get_host(), SOURCE)
  eq(evidence:is_reachable(), true)
  eq(evidence:is_present(), true)
  eq(evidence:get_state():sub(1, 7), 'running')
  eq(evidence:get_seen_at_us() > 0, true)
  eq(evidence:dup_details():get_type_string(), 'a{sv}')
  recovery.on_step = function(_, done) what[#what + 1] = done:get_what() end
  eq(recovery:apply('SAFE'), true)
  eq(table.concat(what, ' '), 'follow close-job')
  eq(job:get_state(), 'FINALIZED')
  refused('WRONG_STATE', job:recover())
end)

test('recover a guest, asynchronous', function()
  local job = left_in_flight()
  local Recovery = Migrate.Recovery
  eq(finish(job, Migrate.Job, 'recover'):get_verdict(), 'IN_FLIGHT')
  local list = Gio.ListStore.new(Migrate.Host)
  for _, host in ipairs { hosts() } do list:append(host) end
  local recovery = Recovery.new(job:get_guest(), list)
  recovery:set_policy(policy { ['settle-timeout'] = 20 })
  recovery:set_journal(job:dup_journal())
  recovery:set_hooks(nil)
  recovery:set_inventory(nil)
  recovery:set_volume_connector(Migrate.LibvirtVolumeConnector.new())
  eq(recovery:dup_volume_connector() ~= nil, true)
  recovery:set_volume_connector(nil)
  local fence = Migrate.CommandFence.new({ '/bin/false' }, nil)
  recovery:set_fence(fence)
  eq(recovery:dup_inventory(), nil)
  eq(recovery:dup_fence(), fence)
  eq(recovery:dup_policy().settle_timeout, 20)
  eq(recovery:dup_hooks(), nil)
  eq(recovery:dup_journal(), job:dup_journal())
  recovery:keep(DESTINATION)
  eq(finish(recovery, Recovery, 'investigate'), true)
  eq(finish(recovery, Recovery, 'apply', 'SAFE'), true)
  eq(recovery:investigate(), true)
  eq(recovery:is_at_rest(), true)
end)

-- ---- surveys ----

local function make_survey(guest)
  local source, destination = hosts()
  local destinations = Gio.ListStore.new(Migrate.Host)
  destinations:append(Migrate.Host.new('sim://w/h9'))
  destinations:append(destination)
  return Migrate.Survey.new(guest, source, destinations)
end

local function ranked(entries)
  eq(entries:get_n_items(), 2)
  local best, last = entries:get_item(0), entries:get_item(1)
  eq(best:get_host():get_uri(), DESTINATION)
  eq(best:get_rank(), 1)
  eq(best:get_reason():sub(1, 3), 'It ')
  eq(best:get_report():is_blocked(), false)
  eq(best:get_facts():get_destination(), DESTINATION)
  eq(best:get_failure(), nil)
  eq(last:get_report(), nil)
  eq(last:get_facts(), nil)
  eq(last:get_failure():get_code(), 'UNREACHABLE')
end

test('survey', function()
  local Survey = Migrate.Survey
  local survey = make_survey('g599')
  eq(survey:get_guest(), 'g599')
  eq(survey:get_source():get_uri(), SOURCE)
  eq(survey:get_destinations():get_n_items(), 2)
  survey:set_kind('LIVE')
  eq(survey:get_kind(), 'LIVE')
  survey:set_policy(policy { ['call-timeout'] = 5000 })
  eq(survey:dup_policy().call_timeout, 5000)
  survey:set_journal(nil)
  eq(survey:dup_journal(), nil)
  survey:set_forecast(false)
  eq(survey:get_forecast(), false)
  survey:set_history(nil)
  eq(survey:dup_history(), nil)
  survey:set_mapping(Migrate.Mapping.new())
  eq(#survey:dup_mapping():dup_froms('network'), 0)
  ranked(survey:run())
  eq(survey:dup_failure(), nil)
  ranked(finish(survey, Survey, 'run'))
  refused('NOT_FOUND', make_survey('nobody'):run())
end)

test('baseline', function()
  local survey = make_survey('g599')
  local found = survey:baseline()
  eq(found:get_model(), 'qemu64')
  eq(found:get_cpu():sub(1, 5), '<cpu ')
  eq(table.concat(found:dup_features(), ' '), '+aes')
  eq(table.concat(found:dup_suited(), ' '), SOURCE .. ' ' .. DESTINATION)
  eq(#found:dup_unsuited(), 0)
  eq(table.concat(found:dup_unknown(), ' '), 'sim://w/h9')
  eq(#found:dup_advice(), 3)
  eq(found:dup_details():get_type_string(), 'a{sv}')
  local told = found:details().hosts
  eq(told[1].host, SOURCE)
  for _, each in ipairs(told) do
    local silent = each.host == 'sim://w/h9'
    eq(each.suited, not silent and true or nil)
    eq(each.why ~= nil, silent)
  end
  eq(finish(survey, Migrate.Survey, 'baseline'):get_model(), 'qemu64')
end)

-- ---- the journal ----

test('the journal', function()
  local path = os.tmpname()
  os.remove(path)
  local journal = Migrate.SqliteJournal.new(path)
  eq(journal:get_path(), path)
  eq(journal.path, path)
  local job = make_job { journal = journal }
  job:run()
  local records = journal:list()
  eq(records:get_n_items(), 1)
  eq(records:get_item(0):get_id(), job:get_id())
  local record = journal:lookup(job:get_id())
  eq(record:get_guest_name(), job:get_guest())
  eq(#record:get_guest_uuid(), 36)
  eq(record:get_source(), SOURCE)
  eq(record:get_destination(), DESTINATION)
  eq(record:get_state(), 'FINALIZED')
  eq(record:get_phase(), 'IDLE')
  eq(record:get_outcome(), 'MOVED')
  eq(record:is_held(), false)
  eq(record:is_in_flight(), false)
  eq(record:get_fraction(), 1)
  eq(record:dup_error(), nil)
  eq(record:dup_created():compare(record:dup_updated()) <= 0, true)
  eq(record:dup_values():get_type_string(), 'a{sv}')
  eq(record:dup_entries():get_type_string():sub(1, 1), 'a')
  eq(record:dup_samples():get_type_string(), 'aa{sv}')
  eq(records:get_item(0):dup_samples(), nil)
  eq(finish(journal, Migrate.Journal, 'list'):get_n_items(), 1)
  eq(finish(journal, Migrate.Journal, 'lookup', job:get_id()):get_id(), job:get_id())
  eq(finish(nil, Migrate.Job, 'load', journal, job:get_id()):get_state(), 'FINALIZED')
  refused('NOT_FOUND', journal:lookup('nothing'))
  refused('NOT_FOUND', Migrate.Job.load(journal, 'nothing'))
  refused('NOT_FOUND', finish(nil, Migrate.Job, 'load', journal, 'nothing'))
  refused('JOURNAL', Migrate.SqliteJournal.new('/proc/journal'):list())
  os.execute("rm -f '" .. path .. "'*") -- also the lock that the living holder keeps there
end)

-- ---- hooks: an interface implemented in Lua ----

local Hooks = GObject.Object:derive('TestLuaHooks', { Migrate.Hooks })
function Hooks:do_call(request)
  local act, points = self.priv.act, self.priv.points
  points[#points + 1] = request:get_point() .. '/' .. request:get_side():sub(1, 1)
  return act(request)
end

local function new_hooks(act)
  local hooks = Hooks()
  hooks.priv.act, hooks.priv.points = act, {}
  return hooks
end

test('hooks are asked', function()
  local first
  local hooks = new_hooks(function(request)
    first = first or request
    eq(request:is_answered(), false)
    eq(request:answer { network = 'there', port = 7, fast = true, share = 0.5,
                        names = { 'a', 'b' }, mixed = { 1, 'a' },
                        more = { a = GLib.Variant('u', 3) } }, true)
    eq(request:is_answered(), true)
    eq(request:answer(), false)
    return true
  end)
  local job = make_job { hooks = hooks }
  local result, err = job:run()
  eq(err and err.message, nil)
  eq(#result:dup_warnings(), 0)
  eq(table.concat(hooks.priv.points, ' '),
     'BEFORE_PREPARE/S BEFORE_PREPARE/D AFTER_PREPARE/S AFTER_PREPARE/D ' ..
     'BEFORE_MIGRATE/S BEFORE_MIGRATE/D HANDED_OVER/S HANDED_OVER/D ' ..
     'AFTER_MIGRATE/S AFTER_MIGRATE/D BEFORE_FINALIZE/S BEFORE_FINALIZE/D ' ..
     'AFTER_FINALIZE/S AFTER_FINALIZE/D')
  eq(first:get_subject(), 'HOOK')
  eq(first:get_job_id(), job:get_id())
  eq(first:details()['guest-name'], job:get_guest())
  eq(first:details().side, 'source')
  eq(type(first:details().disks), 'table')
  eq(first:dup_details():get_type_string(), 'a{sv}')
  local asked = new_hooks(function() return true end)
  eq(Migrate.Hooks.call(asked, first), true)
  eq(#asked.priv.points, 1)
end)

test('a hook refuses', function()
  local job = make_job { hooks = new_hooks(function(request)
    if request:get_point() == 'UNDO' then
      request:answer()
    else
      request:refuse('full', 'no room in the rack')
    end
    return true
  end) }
  local err = refused('DENIED', job:run())
  eq(err.message:find('no room in the rack', 1, true) ~= nil, true)
  eq(job:get_state(), 'UNDONE')
end)

test('an error in a hook fails the move cleanly', function()
  local job = make_job { hooks = new_hooks(function(request)
    if request:get_point() == 'BEFORE_MIGRATE' then error('a bug of the program') end
    request:answer()
    return true
  end) }
  refused('FAILED', job:run())
  eq(job:get_state(), 'UNDONE')
  eq(job:dup_result():get_outcome(), 'STAYED')
end)

-- ---- the platform's record, in a Lua table ----

local Inventory = GObject.Object:derive('TestLuaInventory', { Migrate.Inventory })
function Inventory:do_get(request)
  local record = self.priv.record
  record.asked = record.asked .. 'get '
  return request:answer { host = record.host }
end
function Inventory:do_compare_and_set(request)
  local record, asked = self.priv.record, request:details()
  record.asked = record.asked .. 'set '
  if record.broken then error('a bug of the program') end
  if record.host ~= asked.expected then return request:refuse('conflict', record.host) end
  record.host = asked.host
  return request:answer()
end

local function run_with_record(host, broken)
  local inventory, job = Inventory(), make_job()
  local record = { host = host, asked = '', broken = broken }
  inventory.priv.record = record
  job:set_inventory(inventory)
  eq(job:dup_inventory(), inventory)
  return record, job, job:run()
end

test('a record is swapped', function()
  local record, _, result, err = run_with_record(SOURCE)
  eq(err and err.message, nil)
  eq(result:get_outcome(), 'MOVED')
  eq(record.host, DESTINATION)
  eq(record.asked, 'get get get set get ')
end)

test('a record that names another host is left alone', function()
  local record, job, result, err = run_with_record('elsewhere')
  refused('BLOCKED', result, err)
  eq(record.host, 'elsewhere')
  eq(job:get_state(), 'CHECKED')
end)

test('an error in an inventory is a clear error', function()
  local record, _, result, err = run_with_record(SOURCE, true)
  refused('NEEDS_RECOVER', result, err)
  eq(record.host, SOURCE)
end)

local function some_request()
  local kept
  local job = make_job { hooks = new_hooks(function(request)
    kept = request
    return request:answer()
  end) }
  eq(job:run() and true, true)
  return kept
end

test('interfaces called by themselves', function()
  local request, inventory = some_request(), Inventory()
  inventory.priv.record = { host = '', asked = '' }
  eq(Migrate.Inventory.get(inventory, request), false) -- it is answered already
  eq(Migrate.Inventory.compare_and_set(inventory, request), false)
end)

-- ---- where images come from, and what connects volumes ----

local Images = GObject.Object:derive('TestLuaImages', { Migrate.ImageSource })
function Images:do_fetch(request) return request:refuse('not-found', 'no images') end

local Connector = GObject.Object:derive('TestLuaConnector', { Migrate.VolumeConnector })
function Connector:do_connect(request)
  self.priv.asked[#self.priv.asked + 1] = 'connect'
  return request:answer { libvirt = true }
end
function Connector:do_disconnect(request)
  self.priv.asked[#self.priv.asked + 1] = 'disconnect'
  return request:answer()
end

test('images and volumes', function()
  local images, connector, job = Images(), Connector(), make_job()
  connector.priv.asked = {}
  job:set_image_source(images)
  job:set_volume_connector(connector)
  eq(job:dup_image_source(), images)
  eq(job:dup_volume_connector(), connector)
  eq(job:run():get_outcome(), 'MOVED') -- its guest has no such disks
  eq(#connector.priv.asked, 0)
  local request = some_request() -- it is answered already
  eq(Migrate.ImageSource.fetch(images, request), false)
  eq(Migrate.VolumeConnector.connect(connector, request), false)
  eq(Migrate.VolumeConnector.disconnect(connector, request), false)
  eq(table.concat(connector.priv.asked, ' '), 'connect disconnect')
  local directory = Migrate.DirectoryImageSource.new('/srv/images', nil)
  eq(directory:get_path(), '/srv/images')
  eq(directory:get_checksums(), nil)
  eq(Migrate.ImageSource.fetch(directory, request), false)
end)

-- ---- the fence ----

local Fence = GObject.Object:derive('TestLuaFence', { Migrate.Fence })
function Fence:do_fence() return true end
function Fence:do_reset_stream() return true end

test('fences', function()
  local request, fence = some_request(), Fence()
  eq(Migrate.Fence.fence(fence, request), true)
  eq(Migrate.Fence.reset_stream(fence, request), true)
  local made = Migrate.CommandFence.new({ '/bin/false', '{uuid}' }, nil)
  eq(made.timeout, 30)
  eq(table.concat(made.command, ' '), '/bin/false {uuid}')
  made = Migrate.CommandFence { command = { '/bin/a', '{host}' }, probe = { '/bin/b' },
                                reset_stream = { '/bin/c' }, timeout = 9 }
  eq(made.timeout, 9)
  eq(made.probe[1] .. made.reset_stream[1], '/bin/b/bin/c')
end)

-- ---- chores ----

test('chores', function()
  local job = make_job { policy = policy { chores = 'clock;trim' } }
  refused('WRONG_STATE', job:run_chores())
  eq(#job:run():dup_warnings(), 0)
  eq(job:run_chores(), true)
  eq(finish(job, Migrate.Job, 'run_chores'), true)
  eq(job:get_state(), 'FINALIZED')
end)

-- ---- last: what concerns the whole process, and the count ----

test('events', function()
  eq(Migrate.events_is_running(), false)
  eq(Migrate.events_start(), true)
  eq(Migrate.events_is_running(), true)
end)

test('every public call is in this test', function()
  local missing, n, called = {}, 0, 0
  for path in pairs(calls) do
    n = n + 1
    if seen[path] then called = called + 1 else missing[#missing + 1] = path end
  end
  print(('# %d of %d public calls'):format(called, n))
  table.sort(missing)
  eq(table.concat(missing, ' '), '')
end)

run_tests()
