"""The rewriting of libmigrate/xml/rules.c in Python, with lxml, as one would write it there: for each
row of the table the elements are found, and changed. One mapping, as tests/bench/xml.map has it."""
import configparser

from lxml import etree

PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=False)
CHARACTER = ('serial', 'parallel', 'console', 'channel', 'smartcard', 'redirdev', 'rng')
PLUGS = {'network': ('network', 'network'), 'bridge': ('bridge', 'bridge'),
         'direct': ('device', 'dev'), 'vhostuser': ('socket', 'path')}


def read_map(path):
    """{kind: {from: {field: value}}}"""
    parser = configparser.RawConfigParser(delimiters=('=',), comment_prefixes=('#',))
    parser.optionxform = str
    parser.read(path)
    primary = {'disk': 'path', 'path': 'path', 'pool': 'pool', 'storage-host': 'host',
               'network': 'network', 'port-group': 'port-group', 'bridge': 'bridge',
               'device': 'device', 'socket': 'socket', 'filter': 'filter', 'pci': 'address',
               'mdev': 'uuid', 'usb': 'address', 'scsi': 'adapter', 'listen': 'address',
               'pin': 'cpus', 'cpu': 'cpus', 'node': 'nodes', 'pages': 'size',
               'memory-source': 'source', 'memory-access': 'access',
               'memory-allocation': 'allocation', 'emulator': 'path', 'secret': 'uuid',
               'perf': 'enabled', 'label': 'label', 'partition': 'path'}
    made = {}
    for group in parser.sections():
        kind, _, thing = group.partition(' ')
        if thing:
            made.setdefault(kind, {})[thing] = dict(parser.items(group))
            continue
        for name, value in parser.items(group):
            if value == 'none':
                fields = {'none': True}
            elif '=' in value:
                fields = dict(field.split('=', 1) for field in value.split(';'))
            else:
                fields = {primary[kind]: value}
            made.setdefault(kind, {})[name] = fields
    return made


def parse_set(text):
    found = set()
    for part in text.split(','):
        first, _, last = part.lstrip('^').partition('-')
        numbers = range(int(first), int(last or first) + 1)
        if part.startswith('^'):
            found.difference_update(numbers)
        else:
            found.update(numbers)
    return found


def format_set(numbers):
    parts, numbers = [], sorted(numbers)
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ','.join(str(a) if a == b else f'{a}-{b}' for a, b in parts)


def remove(element):
    """The element, but not the text behind it, which lxml counts to it."""
    parent, previous = element.getparent(), element.getprevious()
    if element.tail:
        if previous is not None:
            previous.tail = (previous.tail or '') + element.tail
        else:
            parent.text = (parent.text or '') + element.tail
    parent.remove(element)


class Rewriter:
    def __init__(self, mapping):
        self.map = mapping
        self.paths = mapping.get('path', {})

    def find(self, kind, name):
        return self.map.get(kind, {}).get(name)

    # ---- paths ----

    def path(self, text):
        if not text or not text.startswith('/'):
            return None
        normal = '/' + '/'.join(part for part in text.split('/') if part not in ('', '.'))
        if '..' in normal.split('/'):
            return None
        folder = normal
        while True:
            entry = self.paths.get(folder)
            if entry is not None:
                rest = normal if folder == '/' else normal[len(folder):]
                to = entry['path']
                return to + rest if to != '/' else rest or '/'
            if folder == '/':
                return None
            folder = folder.rpartition('/')[0] or '/'

    def path_attributes(self, elements, *names):
        for element in elements:
            for name in names:
                there = self.path(element.get(name))
                if there is not None:
                    element.set(name, there)

    def path_text(self, elements):
        for element in elements:
            there = self.path((element.text or '').strip())
            if there is not None:
                element.text = there

    # ---- the rows ----

    def disks(self, root):
        settled = set()
        for disk in root.findall('devices/disk'):
            target, source = disk.find('target'), disk.find('source')
            by_target = self.find('disk', target.get('dev')) if target is not None else None
            if by_target is None:
                continue
            if 'path' in by_target:
                kind = disk.get('type', 'file')
                if source is None:
                    source = etree.SubElement(disk, 'source')
                if kind not in ('file', 'block', 'dir'):
                    kind = 'file'
                    source.attrib.clear()
                    for child in list(source):
                        if child.tag in ('host', 'auth', 'config', 'snapshot', 'ssl', 'cookies',
                                         'readahead', 'timeout', 'initiator', 'identity',
                                         'knownHosts', 'reconnect', 'address', 'reservations'):
                            remove(child)
                source.set({'file': 'file', 'block': 'dev', 'dir': 'dir'}[kind], by_target['path'])
                disk.set('type', kind)
                settled.add(source)
            if 'cache' in by_target:
                driver = disk.find('driver')
                if driver is None:
                    driver = etree.SubElement(disk, 'driver')
                driver.set('cache', by_target['cache'])
        for source in root.findall('devices/disk//source'):
            if source in settled:
                continue
            self.path_attributes([source], 'file', 'dev', 'dir', 'path')
            pool = self.find('pool', source.get('pool'))
            if pool is not None:
                source.set('pool', pool['pool'])
        for source in root.findall('devices/disk//source'):
            if source not in settled:
                self.hosts(source.findall('host'))
        self.path_attributes(root.findall('devices/disk/mirror'), 'file', 'dev')

    def hosts(self, hosts):
        for host in hosts:
            name, port = host.get('name'), host.get('port')
            entry = self.find('storage-host', f'{name}:{port}') or self.find('storage-host', name)
            if entry is not None:
                there, _, port = entry['host'].partition(':')
                host.set('name', there)
                if port:
                    host.set('port', port)
            there = self.path(host.get('socket'))
            if there is not None:
                host.set('socket', there)

    def secrets(self, root):
        for place in ('devices/disk//secret', 'devices/hostdev//secret'):
            for secret in root.findall(place):
                entry = (self.find('secret', (secret.get('uuid') or '').lower())
                         or self.find('secret', secret.get('usage')))
                if entry is not None:
                    secret.set('uuid', entry['uuid'])
                    secret.attrib.pop('usage', None)
        for encryption in root.findall('devices/tpm/backend/encryption'):
            entry = self.find('secret', (encryption.get('secret') or '').lower())
            if entry is not None:
                encryption.set('secret', entry['uuid'])

    def files(self, root):
        self.path_attributes(root.findall('devices/lease/target'), 'path')
        self.path_attributes(root.findall('devices/filesystem/source'), 'dir', 'file', 'dev', 'socket')
        self.path_attributes(root.findall('devices/filesystem/binary'), 'path')
        for name in ('loader', 'nvram', 'kernel', 'initrd', 'dtb'):
            self.path_text(root.findall(f'os/{name}'))
        self.path_attributes(root.findall('os/nvram'), 'template')
        self.path_attributes(root.findall('os/nvram/source'), 'file', 'dev')
        self.path_text(root.findall('os/acpi/table'))
        self.path_attributes(root.findall('sysinfo/entry'), 'file')
        for emulator in root.findall('devices/emulator'):
            entry = self.find('emulator', (emulator.text or '').strip())
            if entry is not None:
                emulator.text = entry['path']
            else:
                self.path_text([emulator])
        self.path_attributes(root.findall('devices//rom'), 'file')
        self.path_attributes(root.findall('devices/tpm/backend/device'), 'path')
        self.path_attributes(root.findall('devices/tpm/backend/source'), 'path')

    def interfaces(self, root):
        for interface in root.findall('devices/interface'):
            mac, source = interface.find('mac'), interface.find('source')
            here = interface.get('type')
            entry = self.find('interface', mac.get('address', '').lower()) if mac is not None else None
            if entry is None and here in PLUGS and source is not None:
                kind, attribute = PLUGS[here]
                entry = self.find(kind, source.get(attribute))
            if entry is not None:
                self.plug_in(interface, here, source, entry)
        for source in root.findall('devices/interface/source'):
            entry = self.find('port-group', source.get('portgroup'))
            if entry is not None:
                source.set('portgroup', entry['port-group'])
        for reference in root.findall('devices/interface/filterref'):
            entry = self.find('filter', reference.get('filter'))
            if entry is not None and 'none' in entry:
                remove(reference)
            elif entry is not None:
                reference.set('filter', entry['filter'])
        for kind in ('vhostuser', 'vdpa'):
            self.path_attributes(root.findall(f'devices/interface[@type="{kind}"]/source'),
                                 'path', 'dev')
        self.path_attributes(root.findall('devices/interface/script'), 'path')
        self.path_attributes(root.findall('devices/interface/downscript'), 'path')
        self.path_attributes(root.findall('devices/interface/backend'), 'tap', 'vhost', 'logFile')

    def plug_in(self, interface, here, source, entry):
        for there, (field, attribute) in PLUGS.items():
            if field in entry:
                break
        else:
            return
        if here != there or source is None:
            if source is None:
                source = etree.SubElement(interface, 'source')
            interface.set('type', there)
            source.attrib.clear()
            for child in list(source):
                source.remove(child)
            source.text = None
            for name in ('target', 'virtualport', 'script', 'backend'):
                child = interface.find(name)
                if child is not None:
                    remove(child)
            if there == 'vhostuser':
                source.set('type', 'unix')
        elif source.get(attribute) != entry[field]:
            source.attrib.pop('portid', None)
            if there == 'network':
                source.attrib.pop('bridge', None)
        source.set(attribute, entry[field])
        default = {'direct': 'bridge', 'vhostuser': 'client'}.get(there)
        if default and source.get('mode') is None:
            source.set('mode', default)

    def host_devices(self, root):
        for place in ('devices/hostdev[@type="pci"]/source/address',
                      'devices/interface[@type="hostdev"]/source/address'):
            for address in root.findall(place):
                numbers = [int(address.get(name, '0'), 0)
                           for name in ('domain', 'bus', 'slot', 'function')]
                entry = self.find('pci', '%04x:%02x:%02x.%x' % tuple(numbers))
                if entry is None:
                    continue
                domain, bus, rest = entry['address'].split(':')
                slot, function = rest.split('.')
                address.set('domain', '0x' + domain)
                address.set('bus', '0x' + bus)
                address.set('slot', '0x' + slot)
                address.set('function', '0x' + function)
        for address in root.findall('devices/hostdev[@type="mdev"]/source/address'):
            entry = self.find('mdev', (address.get('uuid') or '').lower())
            if entry is not None:
                address.set('uuid', entry['uuid'])
        for source in root.findall('devices/hostdev[@type="usb"]/source'):
            vendor, product = source.find('vendor'), source.find('product')
            if vendor is None or product is None:
                continue
            name = f'{vendor.get("id", "")[2:]}:{product.get("id", "")[2:]}'.lower()
            entry = self.find('usb', name)
            if entry is not None:
                first, second = entry['address'].split(':')
                vendor.set('id', '0x' + first)
                product.set('id', '0x' + second)
                address = source.find('address')
                if address is not None:
                    remove(address)
        for adapter in root.findall('devices/hostdev[@type="scsi"]/source/adapter'):
            entry = self.find('scsi', adapter.get('name'))
            if entry is not None:
                adapter.set('name', entry['adapter'])
        self.hosts(root.findall('devices/hostdev/source/host'))
        self.path_text(root.findall('devices/hostdev/source/block'))
        self.path_text(root.findall('devices/hostdev/source/char'))
        self.path_attributes(root.findall('devices/input/source'), 'evdev', 'dev')

    def displays(self, root):
        for graphics in root.findall('devices/graphics'):
            listens = graphics.findall('listen')
            for element, name in [(listen, 'address') for listen in listens
                                  if listen.get('type') == 'address'] + [(graphics, 'listen')]:
                if element is graphics and (graphics.get('listen') is None
                                            or any(listen.get('type') != 'address'
                                                   for listen in listens)):
                    continue
                entry = (self.find('listen', graphics.get('type'))
                         or self.find('listen', element.get(name)) or self.find('listen', '*'))
                if entry is not None:
                    element.set(name, entry['address'])
        for listen in root.findall('devices/graphics/listen[@type="network"]'):
            entry = self.find('network', listen.get('network'))
            if entry is not None and 'network' in entry:
                listen.set('network', entry['network'])
        self.path_attributes(root.findall('devices/graphics//listen'), 'socket', 'rendernode')
        self.path_attributes(root.findall('devices/graphics//gl'), 'socket', 'rendernode')
        self.path_attributes(root.findall('devices/graphics'), 'socket')
        self.path_attributes(root.findall('devices/video//acceleration'), 'rendernode')

    def endpoints(self, root):
        for name in CHARACTER:
            for endpoint in root.findall(f'devices/{name}'):
                holder = endpoint.find('backend') if name == 'rng' else endpoint
                sources = holder.findall('source') if holder is not None else []
                bound = [source for source in sources if source.get('mode') == 'bind']
                if bound:
                    entry = self.find('listen', bound[0].get('host'))
                    if entry is not None:
                        bound[0].set('host', entry['address'])
            self.path_attributes(root.findall(f'devices/{name}//source'), 'path')
            self.path_attributes(root.findall(f'devices/{name}/log'), 'file')
        self.path_text(root.findall('devices/rng/backend'))
        self.path_text(root.findall('devices/smartcard/database'))
        self.path_attributes(root.findall('devices/audio/input'), 'dev')
        self.path_attributes(root.findall('devices/audio/output'), 'dev')

    def renumber(self, kind, field, text):
        if not text:
            return None
        try:
            here = parse_set(text)
        except ValueError:
            return None
        there, changed = set(), False
        for number in here:
            entry = self.find(kind, str(number))
            changed = changed or entry is not None
            there |= parse_set(entry[field]) if entry is not None else {number}
        return format_set(there) if changed else None

    def pin(self, element, name):
        if element.get('placement') == 'auto':
            return
        entry = self.find('pin', name)
        if entry is None:
            there = self.renumber('cpu', 'cpus', element.get('cpuset'))
            if there is not None:
                element.set('cpuset', there)
        elif 'none' not in entry:
            element.set('cpuset', entry['cpus'])
        elif element.tag == 'vcpu':
            element.attrib.pop('cpuset', None)
        else:
            remove(element)

    def placement(self, root):
        for vcpu in root.findall('vcpu'):
            self.pin(vcpu, 'shared')
        for pin in root.findall('cputune/vcpupin'):
            self.pin(pin, f'vcpu:{pin.get("vcpu")}')
        for pin in root.findall('cputune/emulatorpin'):
            self.pin(pin, 'emulator')
        for pin in root.findall('cputune/iothreadpin'):
            self.pin(pin, f'iothread:{pin.get("iothread")}')
        for place in ('numatune/memory', 'numatune/memnode'):
            for element in root.findall(place):
                there = self.renumber('node', 'nodes', element.get('nodeset'))
                if there is not None:
                    element.set('nodeset', there)
        for mask in root.findall('devices/memory/source/nodemask'):
            there = self.renumber('node', 'nodes', mask.text)
            if there is not None:
                mask.text = there
        self.path_text(root.findall('devices/memory/source/path'))
        self.path_attributes(root.findall('devices/shmem/server'), 'path')
        for pages in root.findall('memoryBacking/hugepages'):
            self.pages(pages)
        for memory in root.findall('memory'):
            self.backing(root, memory)

    def pages(self, pages):
        units = {'KiB': 1, 'K': 1, 'MiB': 1024, 'M': 1024, 'GiB': 1024 ** 2, 'G': 1024 ** 2}
        for page in pages.findall('page'):
            size = int(page.get('size', '0')) * units[page.get('unit', 'KiB')]
            entry = self.find('pages', str(size))
            if entry is None:
                continue
            if 'none' in entry:
                remove(page)
                if pages.find('page') is None:
                    remove(pages)
            else:
                page.set('size', entry['size'])
                page.set('unit', 'KiB')

    def backing(self, root, memory):
        for kind, field, attribute in (('memory-source', 'source', 'type'),
                                       ('memory-access', 'access', 'mode'),
                                       ('memory-allocation', 'allocation', 'mode')):
            backing = root.find('memoryBacking')
            element = backing.find(field) if backing is not None else None
            now = element.get(attribute) if element is not None else None
            entry = self.find(kind, now) or self.find(kind, '*')
            if entry is None:
                continue
            if 'none' in entry:
                if element is not None:
                    remove(element)
                continue
            if backing is None:
                after = root.find('currentMemory')
                after = memory if after is None else after
                backing = etree.Element('memoryBacking')
                backing.tail, after.tail = after.tail, None
                after.addnext(backing)
            if element is None:
                element = etree.SubElement(backing, field)
            element.set(attribute, entry[field])

    def kept(self, root):
        for event in root.findall('perf/event'):
            entry = self.find('perf', event.get('name')) or self.find('perf', '*')
            if entry is not None and 'none' in entry:
                remove(event)
            elif entry is not None:
                event.set('enabled', entry['enabled'])
        for label in root.findall('seclabel') + root.findall('devices//source/seclabel'):
            entry = self.find('label', label.get('model'))
            if entry is not None and 'none' in entry:
                remove(label)
        for metadata in root.findall('metadata'):
            for child in list(metadata):
                uri = etree.QName(child).namespace if isinstance(child.tag, str) else None
                if uri is not None and self.find('metadata', uri) is not None:
                    remove(child)
        for resource in root.findall('resource'):
            partition = resource.find('partition')
            entry = self.find('partition', partition.text) if partition is not None else None
            if entry is not None:
                partition.text = entry['path']

    def rewrite(self, text):
        root = etree.fromstring(text, PARSER)
        self.disks(root)
        self.secrets(root)
        self.files(root)
        self.interfaces(root)
        self.host_devices(root)
        self.displays(root)
        self.endpoints(root)
        self.placement(root)
        self.kept(root)
        return etree.tostring(root.getroottree(), encoding='unicode')
