# SPDX-License-Identifier: MIT
"""A client of HTTP/2 (RFC 9113) whose streams are seen one by one: in clear, by prior knowledge. It keeps no table of
fields, and of those of an answer it reads the first, :status."""
import socket
import struct

from gates import PATIENCE_S

DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
ACK = END_STREAM = 1
END_HEADERS, CANCEL, NO_TABLE = 4, 8, b'\0\1\0\0\0\0'
STATUS = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}   # RFC 7541, appendix A
DIGITS = {'00000': '0', '00001': '1', '00010': '2', **{f'{25 + i:06b}': str(3 + i) for i in range(7)}}   # appendix B


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + struct.pack('>BBI', kind, flags, stream) + payload


def literal(name, value):
    """Of a field that is in no table."""
    return b''.join([b'\0'] + [bytes([len(word)]) + word for word in (name.encode(), value.encode())])


def digits(data):
    """What is written with Huffman's code."""
    text, code = '', ''
    for bit in ''.join(f'{byte:08b}' for byte in data):
        code += bit
        if code in DIGITS:
            text, code = text + DIGITS[code], ''
    return text


def status_of(block):
    at = 1 if block[0] >> 5 == 1 else 0   # the size of the table is said before
    if block[at] & 0x80:
        return STATUS[block[at] & 0x7f]
    assert block[at] & 0xf in range(8, 15), block   # the name of the table, a value of its own
    size, value = block[at + 1], block[at + 2:at + 2 + (block[at + 1] & 0x7f)]
    return int(digits(value) if size & 0x80 else value)


class H2Peer:
    def __init__(self, port, host='a.example'):
        self.host, self.stream, self.data, self.answers = host, -1, b'', {}
        self.s = socket.create_connection(('127.0.0.1', port), timeout=PATIENCE_S)
        self.s.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + frame(SETTINGS, 0, 0, NO_TABLE))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def begin(self, *paths, left=()):
        """Their streams; those of the paths in `left` are reset at once. All of it is one piece of bytes."""
        streams, out, resets = [], b'', b''
        for path in paths:
            self.stream += 2
            streams.append(self.stream)
            fields = {':method': 'GET', ':scheme': 'http', ':authority': self.host, ':path': path}
            out += frame(HEADERS, END_HEADERS | END_STREAM, self.stream, b''.join(literal(*f) for f in fields.items()))
            if path in left:
                resets += frame(RESET, 0, self.stream, struct.pack('>I', CANCEL))
        self.s.sendall(out + resets)
        return streams

    def finish(self, streams):
        """[status, body] of each; a stream that was reset has 'reset' for a status."""
        while not all(self.answers.get(stream, [None, b'', False])[2] for stream in streams):
            self.take()
        return [self.answers[stream][:2] for stream in streams]

    def ask(self, *paths):
        return self.finish(self.begin(*paths))

    def exactly(self, n):
        while len(self.data) < n:
            piece = self.s.recv(65536)
            if not piece:
                raise EOFError(f'{len(self.data)} of {n} bytes')
            self.data += piece
        part, self.data = self.data[:n], self.data[n:]
        return part

    def take(self):
        head = self.exactly(9)
        size, (kind, flags, stream) = int.from_bytes(head[:3], 'big'), struct.unpack('>BBI', head[3:])
        payload = self.exactly(size)
        answer = self.answers.setdefault(stream, [None, b'', False]) if kind in (DATA, HEADERS, RESET) else None
        if kind == HEADERS and answer[0] is None:
            answer[0] = status_of(payload)
        elif kind == DATA:
            answer[1] += payload
        elif kind == RESET:
            answer[0], answer[2] = 'reset', True
        elif kind in (SETTINGS, PING) and not flags & ACK:
            self.s.sendall(frame(kind, ACK, 0, payload if kind == PING else b''))
        elif kind == GOAWAY:
            raise EOFError(f'the connection is given up: {payload}')
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            answer[2] = True
