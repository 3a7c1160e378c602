#!/usr/bin/python3
# SPDX-License-Identifier: ISC
# What is wrong between files: includes against the arrows, files that include each other in a circle, names of functions, words. The rules
# stand in the tables below; a finding a line, with the rule it breaks before it.
import collections
import re
import subprocess

# A folder, and what it may include besides itself and what its parents may. The longest name that fits counts. A program without a row of its own
# may include what PROGRAM says.
ARROWS = {
    'policy/base': [],
    'policy/model': ['policy/base'],
    'policy/picture': ['policy/base', 'policy/vault'],
    'policy/processors': ['policy/base', 'policy/model'],
    'policy/rules': ['policy/base', 'policy/model', 'policy/processors'],
    'policy/vault': ['policy/base', 'policy/model', 'policy/vault'],
    'policy/vault/sqlite': ['policy/base', 'policy/vault'],
    'policy/rights': ['policy/base', 'policy/model', 'policy/picture', 'policy/processors', 'policy/vault', 'policy/rules', 'policy/publish'],
    'policy/publish': ['policy/base', 'policy/model', 'policy/processors', 'policy/rules', 'policy/vault', 'policy/publish'],
    'fcgi/ipc': ['policy/base', 'policy/model'],
    'fcgi/moderation': ['policy/base', 'policy/model', 'policy/publish/words'],
    'fcgi/provider': ['policy/base', 'policy/model', 'policy/picture', 'policy/processors', 'fcgi/ipc'],
    'fcgi/serve': ['policy', 'fcgi/ipc'],
    'fcgi/egress': ['policy/base', 'policy/model', 'policy/picture', 'policy/processors', 'policy/rules', 'fcgi/ipc', 'fcgi/moderation', 'fcgi/provider', 'fcgi/serve'],
    'fcgi/worker': ['policy/base', 'policy/model', 'policy/picture', 'fcgi/ipc', 'fcgi/provider', 'fcgi/serve'],
    'fcgi/generate': ['policy', 'fcgi/ipc', 'fcgi/moderation', 'fcgi/provider', 'fcgi/serve'],
    'admin': ['policy', 'fcgi/ipc', 'fcgi/provider'],
    'systemd': ['policy', 'fcgi/ipc'],
}
PROGRAM = ['policy', 'fcgi/ipc', 'fcgi/serve']

# Libraries that one folder alone may know, by what of them is used.
LIBRARIES = {
    r'\bsqlite3_[a-z]|<sqlite3\.h>': 'policy/vault/sqlite/',
    r'\bFCGX_[A-Za-z]|<fcgiapp\.h>': 'fcgi/serve/',
    r'\bcurl_(?:easy|multi)_(?:init|perform|setopt)': 'fcgi/egress/',
}

# Metaphors and words that another word of the glossary replaces, in names, comments and messages of what is not a test.
WORDS = ('room rooms house door doors stranger strangers doom doomed studio hopeless ballast chore chores verdict trouble spoilt '
         ' lodger tenant guest guests landlord promise_').split()

# Old names, in what brings an older store up to date.
OLD_WORDS = {'policy/vault/sqlite/schema.c': 'doomed', 'policy/vault/space_reserve.c': 'ballast'}

# What the functions of a file may be called after, besides the file, the first word of its name and its folder.
PREFIXES = {
    'policy/base/text.c': 'csv equal header hex html markdown random token url utf8 xml',
    'policy/base/file.c': 'path folder fd text',
    'policy/base/when.c': 'duration monotonic',
    'policy/publish/render/writer.c': 'write prose',
    'policy/vault/commit.c': 'transaction',
    'policy/vault/seal.c': 'unseal keyed plain wipe',
    'policy/vault/checkpoint.c': 'ledger',
    'policy/vault/verify.c': 'ledger',
    'systemd/run/child.c': 'children command',
    'admin/cases.c': 'request',
    'policy/vault/sqlite/db.c': 'cursor',
    'fcgi/serve/fields.c': 'request',
    'fcgi/serve/framed.c': 'respond',
    'fcgi/serve/problem.c': 'respond',
    'fcgi/egress/upstream.c': 'traffic',
    'fcgi/moderation/filter_lexicon.c': 'lexicon',
    'fcgi/egress/status.c': 'traffic',
    'fcgi/provider/sketch_colour.c': 'rgb palette',
    'fcgi/provider/sketch_text.c': 'text caption',
}

problems = []


def say(rule, where, what):
    problems.append((rule, f'{where}: {what}'))


def git(*patterns):
    listed = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard', *patterns], check=True, capture_output=True)
    return [f for f in listed.stdout.decode().split('\0') if f]


def read(name):
    try:
        with open(name, encoding='utf-8') as file:
            return file.read()
    except FileNotFoundError:
        return ''


sources = {f: read(f) for f in git('*.c', '*.h', '*.def') if not f.startswith('tests/')}
lines = {f: text.split('\n') for f, text in sources.items()}
for program in re.findall(r'^PROGRAM\((\w+),', sources['fcgi/ipc/programs.def'], re.M):
    ARROWS.setdefault(f'fcgi/{program}', PROGRAM)


def folder_of(name):
    return max((f for f in ARROWS if name.startswith(f + '/')), key=len, default=None)


# ---- includes ----

edges = collections.defaultdict(set)  # between units: a header and the .c of its name are one
for name in sources:
    folder = folder_of(name)
    if folder is None:
        say('a folder without a row in the table of arrows', name, 'add it to tests/lint_tree.py')
        continue
    for number, line in enumerate(lines[name], 1):
        included = re.match(r'#include "([^"]+)"', line)
        if not included:
            continue
        to = included.group(1)
        if folder_of(to) != folder and not any(to.startswith(f + '/') for f in ARROWS[folder]):
            say('an include against the arrows', f'{name}:{number}', to)
        edges[re.sub(r'\.\w+$', '', name)].add(re.sub(r'\.\w+$', '', to))


def components(graph):
    order, low, stack, on, found = {}, {}, [], set(), []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        on.add(node)
        for to in sorted(graph.get(node, ())):
            if to not in order:
                visit(to)
                low[node] = min(low[node], low[to])
            elif to in on:
                low[node] = min(low[node], order[to])
        if low[node] == order[node]:
            part = []
            while True:
                part.append(stack.pop())
                on.discard(part[-1])
                if part[-1] == node:
                    break
            found.append(sorted(part))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return [p for p in found if len(p) > 1]


# A header without a .c of its own takes part in no circle of calls.
for part in components(edges):
    if sum(f'{unit}.c' in sources for unit in part) > 1:
        say('files that include each other in a circle', part[0], ', '.join(part[1:]))

# ---- libraries, words ----

for name, text in sources.items():
    for pattern, home in LIBRARIES.items():
        if not name.startswith(home) and re.search(pattern, text):
            say(f'known to {home} alone', name, re.search(pattern, text).group(0))
word = re.compile(r'(?<![A-Za-z])(' + '|'.join(WORDS) + r')(?![A-Za-z])', re.IGNORECASE)
for name in [f for f in git('*.c', '*.h', '*.sh', '*.conf', '*.js', 'Makefile', '*.def', '*.service', '*.socket', '*.timer') if not f.startswith('tests/')]:
    if name.startswith(('fcgi/provider/sketch', 'policy/vault/sqlite/s', 'policy/vault/space')):  # it draws such things; names of older stores
        continue
    for number, line in enumerate(read(name).split('\n'), 1):
        for found in word.findall(re.sub(r'"house"|REGIME_HOUSE|\bthe regime house\b', '', line)):
            if OLD_WORDS.get(name) != found:
                say('a word that the glossary replaces', f'{name}:{number}', found)

# ---- functions ----

definition = re.compile(r'^((?:[A-Za-z_][\w]* +\**|__attribute__\(\([^)]*\)\) *)+)([a-z_]\w*)\([^;{}]*\)(?:\s*__attribute__\(\(.*\)\))?\n\{', re.MULTILINE)
statics = collections.defaultdict(set)
exported = []
for name, text in sources.items():
    if not name.endswith('.c'):
        continue
    for start, function in definition.findall(text):
        if 'static' in start.split():
            statics[function].add(name)
        elif function not in ('main', 'free', 'realloc'):  # the last two stand in for the C library's
            exported.append((function, name))
for function, files in sorted(statics.items()):
    if len(files) > 1 and not all(f.endswith('/main.c') for f in files):
        say('the name of a static function in several files', sorted(files)[0], f'{function} ({", ".join(sorted(files)[1:])})')

headers = collections.defaultdict(list)
for name, text in sources.items():
    if name.endswith('.h'):
        code = re.sub(r'//.*|^#.*(?:\\\n.*)*', '', text, flags=re.MULTILINE)
        for function in set(re.findall(r'\b([a-z_]\w*)(?=\([^;{}]*\)(?:\s*__attribute__\(\(.*?\)\))*;|[,;])', code, re.DOTALL)):
            headers[function].append(name)
for function, name in sorted(exported):
    stem = name.rsplit('/', 1)[1][:-2]
    folder = name.rsplit('/', 2)[-2]
    if not headers[function]:
        say('an exported function that no header declares', name, function)
        continue
    # In the header of its name, of its folder, or of its family, whose files begin with the same word: check.h for check_store.c.
    if not any(header.rsplit('/', 1)[0] == name.rsplit('/', 1)[0] and header.rsplit('/', 1)[1][:-2].split('_')[0] in (folder, stem.split('_')[0])
               for header in headers[function]):
        say('declared under another name than the file that defines it', name, f'{function} in {headers[function][0]}')
    prefixes = {stem, folder, stem.split('_')[0], *PREFIXES.get(name, '').split()}
    prefixes |= {p.rstrip('s') for p in prefixes} | {p + 's' for p in prefixes} | ({'policy'} if name.startswith(('policy/model/', 'policy/rules/')) else set())
    if not any(function.startswith(p + '_') or function == p for p in prefixes):
        say('an exported name without the prefix of its file or folder', name, function)

# ---- calls ----

# Who names what another file alone defines: its functions, and its tables. An object of ours that stands in for the C library's is no caller's aim.
homes = collections.defaultdict(set)
for function, name in exported:
    homes[function].add(name)
tables = {table for name, text in sources.items() if name.endswith('.h') for row in re.findall(r'^extern ([^;(]*);', text, re.M)
          for table in re.findall(r'(\w+)(?:\[[^\]]*\])*(?:,|$)', row)}
for name, text in sources.items():
    for table in re.findall(r'^(?!static|typedef)\w[^;(={\n]*?\b(\w+)(?:\[[^\]]*\])* = ', text, re.M):
        if name.endswith('.c') and table in tables:
            homes[table].add(name)
called = collections.defaultdict(set)
for name, text in sources.items():
    if not name.endswith('.c'):
        continue
    code = re.sub(r'//.*|"(?:[^"\\\n]|\\.)*"|\b(?:enum|struct) \w+', '', text)
    own = {function for function, files in statics.items() if name in files}
    # A name of one word may be a variable's, too.
    for used in set(re.findall(r'(?<![.\w>])(?:[a-z]\w*_\w+|[a-z]\w*(?=\())', code)) - own:
        if len(homes.get(used, ())) == 1 and name not in homes[used]:
            called[name] |= homes[used]
for part in components(called):
    say('files that call each other in a circle', part[0], ', '.join(part[1:]))

by_rule = collections.defaultdict(list)
for rule, what in problems:
    by_rule[rule].append(what)
for rule, found in by_rule.items():
    print(f'{rule}:')
    for what in found:
        print(f'  {what}')
