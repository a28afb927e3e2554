# What the GIR says is public, and which of it was called.
import os
import xml.etree.ElementTree as ElementTree

_CORE = '{http://www.gtk.org/introspection/core/1.0}'
_GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
_NOT_FOR_BINDINGS = {'ref', 'unref'}  # the bindings call these themselves


class Gir:
    def __init__(self, path=None):
        root = ElementTree.parse(path or os.environ['MIGRATE_GIR']).getroot()
        self.calls = {}  # 'Job.check' or 'events_start' -> method, function or constructor
        self.properties = {}  # 'Job' -> {name: writable}
        self.signals = {}
        self.seen = set()
        for item in root.find(_CORE + 'namespace'):
            kind = item.tag.split('}')[1]
            name = item.get('name')
            if kind == 'function' and item.get('introspectable') != '0' \
                    and not item.get('moved-to'):
                self.calls[name] = 'function'
            for member in item:
                kind = member.tag.split('}')[1]
                if kind in ('method', 'function', 'constructor'):
                    if member.get('name') not in _NOT_FOR_BINDINGS:
                        self.calls['%s.%s' % (name, member.get('name'))] = kind
                elif kind == 'property':
                    self.properties.setdefault(name, {})[member.get('name')] = (
                        member.get('writable') == '1' and member.get('construct-only') != '1')
                elif member.tag == _GLIB + 'signal':
                    self.signals.setdefault(name, []).append(member.get('name'))

    def watch(self, module):
        """Puts a recorder around each call of the module."""
        for path, kind in self.calls.items():
            owner = module
            *classes, name = path.split('.')
            for each in classes:
                owner = getattr(owner, each)
            original = getattr(owner, name)
            recorder = self._recorder(path, original)
            setattr(owner, name,
                    recorder if kind == 'method' or not classes else staticmethod(recorder))

    def _recorder(self, path, original):
        def call(*args, **kwargs):
            self.seen.add(path)
            return original(*args, **kwargs)
        return call

    def missing(self):
        return sorted(set(self.calls) - self.seen)
