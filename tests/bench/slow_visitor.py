#!/usr/bin/python3
# SPDX-License-Identifier: ISC
# A visitor on a slow line: asks for a set, takes its events and then its pictures, four at a time, all through one line of so many bytes a
# second. Every picture's first connection breaks in the middle and is taken up again by a range. Prints what arrived as JSON.
#   slow_visitor.py URL BYTES_A_SECOND PICTURES [BREAKS_AT]
import concurrent.futures
import hashlib
import json
import socket
import sys
import threading
import time
import urllib.parse

site, rate, count = urllib.parse.urlsplit(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
BUFFER = 16 * 1024  # what the kernel may take ahead of the line
BREAKS_AT = int(sys.argv[4]) if len(sys.argv) > 4 else 1000 * 1000  # bytes of a picture
line = threading.Lock()
free_at = time.monotonic()
breaks = 0


def take(size):
    """Waits until the line has carried so many bytes."""
    global free_at
    with line:
        free_at = max(free_at, time.monotonic()) + size / rate
        wait = free_at - time.monotonic()
    if wait > 0:
        time.sleep(wait)


def exchange(method, path, headers, body=b'', stop_after=None):
    """Status, headers and body; cut off after so many bytes of the body."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    s.settimeout(120)
    s.connect((site.hostname, site.port))
    lines = [f'{method} {path} HTTP/1.0', f'Host: {site.netloc}'] + [f'{k}: {v}' for k, v in headers.items()]
    if body:
        lines.append(f'Content-Length: {len(body)}')
    s.sendall('\r\n'.join(lines + ['', '']).encode() + body)
    data, head_end = bytearray(), -1
    while True:
        piece = s.recv(8192)
        if not piece:
            break
        take(len(piece))
        data += piece
        if head_end < 0:
            head_end = data.find(b'\r\n\r\n')
        if stop_after is not None and head_end >= 0 and len(data) - head_end - 4 >= stop_after:
            break
    s.close()
    head, _, rest = bytes(data).partition(b'\r\n\r\n')
    first, *fields = head.decode('latin1').split('\r\n')
    return int(first.split()[1]), {k.lower(): v.strip() for k, _, v in (f.partition(':') for f in fields)}, rest


def pixels(png):
    """The hash of all that makes the pixels, as of picture.mjs."""
    found, at = hashlib.sha256(), 8
    while at + 12 <= len(png):
        size = int.from_bytes(png[at:at + 4], 'big')
        if png[at + 4:at + 8] == b'IDAT':
            found.update(png[at + 8:at + 8 + size])
        at += size + 12
    return found.hexdigest()


def picture(event):
    global breaks
    status, _, data = exchange('GET', event['url'], {}, stop_after=BREAKS_AT)
    if status != 200:
        return {'status': status}
    data = data[:BREAKS_AT]
    breaks += 1
    status, _, rest = exchange('GET', event['url'], {'Range': f'bytes={len(data)}-'})
    if status != 206:
        return {'status': status}
    return {'status': 200, 'preview': event.get('preview', False), 'pixels': pixels(data + rest)}


begun = time.monotonic()
result = {'pictures': []}
try:
    ask = json.dumps({'description': 'A calm shop for paper and ink.', 'count': count}).encode()
    status, _, events = exchange('POST', '/api/generate', {'Content-Type': 'application/json', 'Accept': 'text/event-stream'}, ask)
    images = []
    for event in events.decode().split('\n\n'):
        fields = dict(f.split(': ', 1) for f in event.split('\n') if ': ' in f)
        if fields.get('event') == 'image':
            images.append(json.loads(fields['data']))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        result['pictures'] = list(pool.map(picture, images))
    if len(images) < count or any(p['status'] != 200 for p in result['pictures']):
        result['why'] = f'{status}, {len(images)} image events, {[p["status"] for p in result["pictures"]]}'
except OSError as error:
    result['why'] = str(error)
result['seconds'] = round(time.monotonic() - begun)
result['breaks'] = breaks
print(json.dumps(result))
