#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Verifies this folder without Lethe: python3 verify.py [KEY]. Needs openssl. KEY: the verifier key that you kept; else the one in here.
import base64, gzip, hashlib, json, os, subprocess, sys, tempfile

here = os.path.dirname(os.path.abspath(__file__))
read = lambda name: open(os.path.join(here, 'log', name), 'rb').read()
sha = lambda *parts: hashlib.sha256(b''.join(parts)).digest()

def fail(why):
    sys.exit('DOES NOT HOLD: ' + why)

def root(hashes):  # RFC 6962, section 2.1
    if len(hashes) <= 1:
        return hashes[0] if hashes else sha()
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return sha(b'\1', root(hashes[:k]), root(hashes[k:]))

def tile(level, number, width):  # C2SP tlog-tiles; None: kept no longer
    name = '%03d' % (number % 1000)
    while number >= 1000:
        number //= 1000
        name = 'x%03d/' % (number % 1000) + name
    path = 'tile/%s/%s%s' % (level, name, '' if width == 256 else '.p/%d' % width)
    path += '.gz' if level == 'entries' else ''
    if not os.path.exists(os.path.join(here, 'log', path)):
        return None
    return gzip.decompress(read(path)) if level == 'entries' else [read(path)[i:i + 32] for i in range(0, 32 * width, 32)]

facts, note = json.loads(read('.well-known/ledger.json')), read('.well-known/checkpoint').decode()
def signed_by(note, line):
    """The text of the note; None where the key did not sign it, as there may be several signatures."""
    name, key_id, key = line.strip().split('+', 2)
    key = base64.b64decode(key)
    if sha(name.encode(), b'\n', key)[:4].hex() != key_id:
        fail('the key and its id do not belong together')
    text, _, lines = note.rpartition('\n\n')
    blobs = [base64.b64decode(one.rsplit(' ', 1)[1]) for one in lines.strip().split('\n')]
    blob = next((one for one in blobs if one[:4].hex() == key_id), None)
    if blob is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        for file, data in (('key', bytes.fromhex('302a300506032b6570032100') + key[1:]), ('text', (text + '\n').encode()),
                           ('signature', blob[4:])):
            open(os.path.join(folder, file), 'wb').write(data)
        if subprocess.run(['openssl', 'pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-inkey', 'key', '-rawin', '-in', 'text',
                           '-sigfile', 'signature'], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            fail('the signature of the checkpoint')
    return (text + '\n').encode()

# Where the key was changed, the one that was kept leads to the next by a checkpoint that both signed.
key = sys.argv[1].strip() if len(sys.argv) > 1 else facts['key']
chain = [one['key'] for one in facts['keys']]
text = signed_by(note, key)
while text is None and key in chain[:-1]:
    handover, following = facts['keys'][chain.index(key)]['handover'], chain[chain.index(key) + 1]
    if signed_by(handover, key) is None or signed_by(handover, following) is None:
        fail('the change of the key at size %d' % facts['keys'][chain.index(key)]['until_size'])
    key, text = following, signed_by(note, following)
if text is None:
    fail('the checkpoint was signed with another key')
origin, size, signed = text.decode().split('\n')[:3]
size, entries, texts = int(size), 0, {}
level, count, hashes = 0, size, {}  # each level's hashes, by number, as its tiles have them
while count > 0 and origin == key.split('+')[0]:
    for number in range((count + 255) // 256):
        for i, hash in enumerate(tile(level, number, min(256, count - 256 * number)) or []):
            hashes[level, 256 * number + i] = hash
    level, count = level + 1, count // 256
for (level, i), hash in hashes.items():  # a full tile leads to the hash above it
    under = [hashes.get((level - 1, 256 * i + j)) for j in range(256)]
    if level > 0 and None not in under and root(under) != hash:
        fail('the tile above entry %d' % (i * 256 ** level))
def subtree(lo, hi):
    for n in (256 ** level for level in range(8)):
        if hi - lo == n and lo % n == 0 and ((n.bit_length() - 1) // 8, lo // n) in hashes:
            return hashes[(n.bit_length() - 1) // 8, lo // n]
    k = 1 << (hi - lo - 1).bit_length() - 1 if hi - lo > 1 else fail('the hash of entry %d is missing' % lo)
    return sha(b'\1', subtree(lo, lo + k), subtree(lo + k, hi))

if base64.b64encode(subtree(0, size) if size else sha()).decode() != signed:
    fail('the tiles do not lead to the signed root')
for number in range(facts['minimum_index'] // 256, (size + 255) // 256):
    data, at, i = tile('entries', number, min(256, size - 256 * number)) or b'', 0, 256 * number
    while at < len(data):
        length = int.from_bytes(data[at:at + 2], 'big')
        kept = i >= facts['minimum_index']  # those before have the length 0
        if kept and sha(b'\0', data[at + 2:at + 2 + length]) != hashes[0, i]:
            fail('entry %d was altered' % i)
        texts[i] = data[at + 2:at + 2 + length]
        at, i, entries = at + 2 + length, i + 1, entries + kept
if entries < size - facts['minimum_index']:
    fail('entries are missing')
versions = os.path.join(here, 'policy/versions')  # each is the file that its entry says came into force
for name in os.listdir(versions) if os.path.isdir(versions) else []:
    if name.endswith('.json'):
        version = json.load(open(os.path.join(versions, name)))
        file = open(os.path.join(versions, version['version'] + '.xml'), 'rb').read()
        if hashlib.sha256(file).hexdigest() not in texts.get(version['ledger'], version['sha256'].encode()).decode():
            fail('version %s is not the one that came into force' % version['version'])
for line in open(os.path.join(here, 'SHA256SUMS')):
    wanted, file = line.strip().split('  ', 1)
    if hashlib.sha256(open(os.path.join(here, file), 'rb').read()).hexdigest() != wanted:
        fail(file + ' is another than when the bundle was made')
print('holds: %d entries of %s (%d with their text), root %s' % (size, origin, entries, signed))
