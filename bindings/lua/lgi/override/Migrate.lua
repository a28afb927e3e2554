-- Sugar for Lua over what introspection gives; no logic. lgi finds it as lgi.override.Migrate
-- through package.path.
--
-- Two things that lgi 0.9.2 does not do for you:
-- * What a signal handler is given belongs to the emission: keep it as progress:ref() and
--   decision:ref(), never bare.
-- * Numbers are doubles, so a count prints as "4.0"; use math.tointeger() or ("%d"):format().

local lgi = require 'lgi'
local GLib = lgi.GLib
local Migrate = lgi.Migrate

-- ---- values ----

local function is_list(value)
  return #value > 0 and next(value, #value) == nil
end

local to_vardict

local function to_variant(value)
  local kind = type(value)
  if kind == 'boolean' then return GLib.Variant('b', value) end
  if kind == 'string' then return GLib.Variant('s', value) end
  if kind == 'number' then
    if value % 1 == 0 and math.abs(value) < 2 ^ 53 then return GLib.Variant('x', value) end
    return GLib.Variant('d', value)
  end
  if kind == 'table' then
    if not is_list(value) then return to_vardict(value) end
    local strings, variants = true, {}
    for i, each in ipairs(value) do
      strings = strings and type(each) == 'string'
      variants[i] = to_variant(each)
    end
    return strings and GLib.Variant('as', value) or GLib.Variant('av', variants)
  end
  return value -- a GLib.Variant
end

function to_vardict(values)
  local variants = {}
  for key, value in pairs(values) do variants[key] = to_variant(value) end
  return GLib.Variant('a{sv}', variants)
end

local function from_variant(variant)
  local format = variant:get_type_string()
  if format == 'v' then return from_variant(variant:get_variant()) end
  if format:sub(1, 2) == 'a{' then
    local values = {}
    for i = 0, variant:n_children() - 1 do
      local entry = variant:get_child_value(i)
      values[entry:get_child_value(0).value] = from_variant(entry:get_child_value(1))
    end
    return values
  end
  if format:sub(1, 1) == 'a' then
    local values = {}
    for i = 0, variant:n_children() - 1 do
      values[i + 1] = from_variant(variant:get_child_value(i))
    end
    return values
  end
  return variant.value
end

-- request:answer(), request:answer { path = '/there' }, or with a GLib.Variant
local answer = Migrate.Request.answer
function Migrate.Request:answer(reply)
  if type(reply) == 'table' then reply = to_vardict(reply) end
  return answer(self, reply)
end

-- request:details(), plan:details() and so on: the values as a Lua table.
for _, name in ipairs { 'Request', 'Facts', 'Plan', 'Forecast', 'Baseline', 'Progress', 'Decision',
                        'Result', 'Failure' } do
  Migrate[name].details = function(self) return from_variant(self:dup_details()) end
end

-- ---- reports ----

-- for finding in report:findings() do … end
function Migrate.Report:findings()
  local i, n = -1, self:get_n_items()
  return function()
    i = i + 1
    if i < n then return self:get_item(i) end
  end
end

function Migrate.Report:describe()
  local lines = {}
  for finding in self:findings() do
    lines[#lines + 1] = ('%s %s: %s%s'):format(
      finding:get_severity():lower(), finding:get_code(), finding:get_message(),
      finding:is_accepted() and ' (accepted)' or '')
  end
  return #lines > 0 and table.concat(lines, '\n') or 'nothing found'
end

-- ---- errors ----

-- Whether an error is ours and, when a code is given, has it: Migrate.is_error(err, 'BUSY')
function Migrate.is_error(err, code)
  if not GLib.Error:is_type_of(err) or err.domain ~= Migrate.Error then return false end
  return code == nil or err.code == code
end
