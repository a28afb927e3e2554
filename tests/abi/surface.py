"""What the public headers declare: the one reader of them, for the tests and for update-map."""

import pathlib
import re
import sys

sys.dont_write_bytecode = True

FIRST_VERSION = '1.0'  # what MIGRATE_AVAILABLE_IN_ALL means

_MARK = re.compile(r'\bMIGRATE_AVAILABLE_IN_(ALL|\d+_\d+)\b')
_TYPE = re.compile(r'G_DECLARE_(?:FINAL_TYPE|DERIVABLE_TYPE|INTERFACE)\s*\(\s*\w+\s*,\s*(\w+)[^)]*\)')
_FUNCTION = re.compile(r'\b(_?migrate_\w+)\s*\(')


class SurfaceError(Exception):
    """A header says something that cannot be part of the ABI."""


def strip_comments(text):
    """C text without comments; line numbers stay."""
    return re.sub(r'/\*.*?\*/|//[^\n]*', lambda m: '\n' * m.group().count('\n'), text, flags=re.S)


def strip_strings(text):
    """C text with empty string and character literals."""
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', '""', text)


def statements(text):
    """The declarations of a header, one string each, with bodies in braces taken out."""
    text = strip_strings(strip_comments(text))
    text = re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', '', text, flags=re.M)
    text = re.sub(r'\bG_(BEGIN|END)_DECLS\b', ' ', text)
    text = re.sub(r'\bG_DEFINE_AUTOPTR_CLEANUP_FUNC\s*\([^)]*\)', ' ', text)
    text = _TYPE.sub(lambda m: f'GType {m.group(1)}_get_type (void);', text)
    previous = None
    while previous != text:
        previous = text
        text = re.sub(r'\{[^{}]*\}', ' ', text)
    return [' '.join(s.split()) for s in text.split(';') if s.strip()]


def snake(name):
    """MigrateHandOver -> migrate_hand_over, as glib-mkenums has it."""
    name = re.sub(r'([^A-Z])([A-Z])', r'\1_\2', name)
    name = re.sub(r'([A-Z][A-Z])([A-Z][0-9a-z])', r'\1_\2', name)
    return name.lower()


def enums(headers):
    """The names of the enumerations, which get a get_type function from glib-mkenums."""
    names = []
    for header in headers:
        text = strip_comments(pathlib.Path(header).read_text())
        names += re.findall(r'typedef\s+enum\s*\{[^{}]*\}\s*(\w+)\s*;', text)
    return names


def declared(headers):
    """{function: version} of everything that the headers offer."""
    found = {}
    for header in headers:
        header = pathlib.Path(header)
        for statement in statements(header.read_text()):
            if statement.startswith('typedef'):
                continue
            mark = _MARK.search(statement)
            function = _FUNCTION.search(statement)
            if function is None:
                if mark is not None or re.match(r'extern\b', statement):
                    raise SurfaceError(f'{header.name}: not a function: {statement}')
                continue
            if mark is None:
                raise SurfaceError(f'{header.name}: {function.group(1)} has no '
                                   'MIGRATE_AVAILABLE_IN_x_y')
            if re.search(r'\binline\b', statement):
                raise SurfaceError(f'{header.name}: {function.group(1)} is inline')
            version = mark.group(1).replace('_', '.')
            version = FIRST_VERSION if version == 'ALL' else version
            if found.setdefault(function.group(1), version) != version:
                raise SurfaceError(f'{header.name}: {function.group(1)} has two versions')
    return found


def version_key(version):
    return [int(part) for part in version.split('.')]


def node_name(version):
    return f'LIBMIGRATE_{version}'


def exported(root):
    """{function: version} of all that the library exports, for the tree at @root.

    glib-mkenums marks what it writes IN_ALL, which says nothing: such a function stays in the node
    that it is in, and a new one comes with the version that is being made.
    """
    headers = sorted((root / 'include/libmigrate').glob('*.h'))
    functions = declared(headers)
    nodes = read_map((root / 'libmigrate/libmigrate.map').read_text())
    where = {name: node.rpartition('_')[2] for node in nodes for name in nodes[node]}
    project = re.search(r"version: '(\d+\.\d+)", (root / 'meson.build').read_text()).group(1)
    for enum in enums(headers):
        name = snake(enum) + '_get_type'
        functions.setdefault(name, where.get(name, project))
    return functions


def write_map(functions):
    """The text of the version script for {function: version}."""
    text, previous = '', ''
    for version in sorted(set(functions.values()), key=version_key):
        names = sorted(name for name in functions if functions[name] == version)
        text += f'{node_name(version)} {{\n  global:\n'
        text += ''.join(f'    {name};\n' for name in names)
        if not previous:
            text += '  local:\n    *;\n'
        text += f'}}{previous};\n'
        previous = f' {node_name(version)}'
    return text


def read_map(text):
    """{node: [symbols]} of a version script."""
    nodes = {}
    for name, body in re.findall(r'(\w[\w.]*)\s*\{([^}]*)\}', text):
        body = re.sub(r'local:.*', '', body, flags=re.S)
        nodes[name] = re.findall(r'([\w*]+);', body)
    return nodes
