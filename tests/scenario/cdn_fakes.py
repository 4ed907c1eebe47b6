# SPDX-License-Identifier: MIT
"""Fakes of the purge interfaces of Amazon CloudFront and Akamai: not theirs, only what their documentation says of
them, on a port of this host. Each judges the signature by itself, with hashlib and hmac, and refuses what is not
as documented; why is in `faults`."""
import base64
import calendar
import email.utils
import hashlib
import hmac
import http.server
import json
import re
import threading
import time
import xml.etree.ElementTree as xml

SKEW_S = 300


def mac(key, text):
    return hmac.new(key if isinstance(key, bytes) else key.encode(), text.encode(), hashlib.sha256).digest()


class QuietHandler(http.server.BaseHTTPRequestHandler):
    def body(self):
        return self.rfile.read(int(self.headers.get('Content-Length', 0)))

    def log_message(self, *_):
        """Nothing."""

    def handle(self):
        try:
            super().handle()
        except (OSError, ValueError):
            pass


def serve(handler):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Fake:
    """Subclasses answer; `busy`: it is not the time for purges; `lose`: what is taken is not answered for. Each of `pauses`
    refuses once: a status, for so many seconds, said as such or as a date; who asks sooner is at fault."""

    def __init__(self, secrets):
        fake = self
        self.secrets, self.faults, self.refused, self.busy, self.lose, self.taken = secrets, [], 0, False, False, []
        self.pauses, self.paused, self.not_before = [], 0, 0

        class Handler(QuietHandler):
            def do_POST(self):
                body = self.body()
                retry = fake.pause()
                try:
                    status, text = (fake.status, '') if retry else fake.answer(self, body)
                except Exception as e:
                    fake.faults.append(f'{type(e).__name__}: {e}')
                    status, text = 403, ''
                if status == 201 and fake.lose:
                    self.connection.close()
                    return
                self.send_response(status)
                if retry:
                    self.send_header('Retry-After', retry)
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

        self.server = serve(Handler)
        self.port = self.server.server_port

    def pause(self):
        """What Retry-After says; None: no pause now."""
        now = time.time()
        if now < self.not_before:
            self.faults.append(f'asked {self.not_before - now:.3f} s too early')
        if not self.pauses:
            return None
        self.status, seconds, as_date = self.pauses.pop(0)
        self.paused += 1
        until = int(now) + seconds   # dates have no fractions
        self.not_before = until if as_date else now + seconds
        return email.utils.formatdate(until, usegmt=True) if as_date else str(seconds)

    def refuse(self, status, text):
        self.refused += 1
        return status, text


class CloudFront(Fake):
    """CreateInvalidation: `taken` are the invalidations, `repeats` those sent again under their reference."""
    FORM = re.compile(r'AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/us-east-1/cloudfront/aws4_request, '
                      r'SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})')
    SPACE = '{http://cloudfront.amazonaws.com/doc/2020-05-31/}'

    def __init__(self, secrets):
        super().__init__(secrets)
        self.references, self.repeats = {}, 0

    def judge(self, asked, body):
        key_id, day, names, signature = self.FORM.fullmatch(asked.headers['Authorization']).groups()
        when = asked.headers['X-Amz-Date']
        assert key_id == self.secrets['aws_access_key_id'] and when.startswith(day), (key_id, when)
        assert asked.headers['X-Amz-Security-Token'] == self.secrets['aws_session_token']
        assert abs(calendar.timegm(time.strptime(when, '%Y%m%dT%H%M%SZ')) - time.time()) < SKEW_S, when
        assert {'host', 'x-amz-date', 'x-amz-security-token'} <= set(names.split(';')), names
        fields = ''.join(f'{name}:{asked.headers[name].strip()}\n' for name in sorted(names.split(';')))
        whole = '\n'.join(['POST', asked.path, '', fields, names, hashlib.sha256(body).hexdigest()])
        text = '\n'.join(['AWS4-HMAC-SHA256', when, f'{day}/us-east-1/cloudfront/aws4_request',
                          hashlib.sha256(whole.encode()).hexdigest()])
        key = 'AWS4' + self.secrets['aws_secret_access_key']
        for part in (day, 'us-east-1', 'cloudfront', 'aws4_request'):
            key = mac(key, part)
        assert mac(key, text).hex() == signature, 'another signature'

    def answer(self, asked, body):
        self.judge(asked, body)
        assert asked.path == '/2020-05-31/distribution/EDFDVBD6EXAMPLE/invalidation', asked.path
        batch = xml.fromstring(body)
        reference = batch.find(f'{self.SPACE}CallerReference').text
        paths = [p.text for p in batch.iter(f'{self.SPACE}Path')]
        assert batch.tag == f'{self.SPACE}InvalidationBatch' and 0 < len(paths) <= 3000, (batch.tag, len(paths))
        assert int(batch.find(f'{self.SPACE}Paths/{self.SPACE}Quantity').text) == len(paths)
        assert all(p[0] in '/#' and p.isascii() and ' ' not in p for p in paths), paths
        if self.busy:
            return self.refuse(400, '<ErrorResponse><Error><Code>TooManyInvalidationsInProgress</Code></Error></ErrorResponse>')
        if reference in self.references:
            assert self.references[reference] == paths, 'InvalidationBatchAlreadyExists'
            self.repeats += 1
        else:
            self.references[reference] = paths
            self.taken.append(paths)
        return 201, ''


class Akamai(Fake):
    """Fast Purge v3: `taken` are paths and objects; `smaller`: so many batches are said to be too large."""
    FORM = re.compile(r'(EG1-HMAC-SHA256 client_token=([^;]+);access_token=([^;]+);timestamp=([^;]+);nonce=([^;]+);)'
                      r'signature=([A-Za-z0-9+/=]+)')

    def __init__(self, secrets):
        super().__init__(secrets)
        self.nonces, self.smaller = set(), 0

    def judge(self, asked, body):
        signed, client, access, when, nonce, signature = self.FORM.fullmatch(asked.headers['Authorization']).groups()
        assert (client, access) == (self.secrets['client_token'], self.secrets['access_token']), (client, access)
        assert abs(calendar.timegm(time.strptime(when, '%Y%m%dT%H:%M:%S+0000')) - time.time()) < SKEW_S, when
        assert nonce not in self.nonces, 'a nonce twice'
        self.nonces.add(nonce)
        key = base64.b64encode(mac(self.secrets['client_secret'], when)).decode()
        text = '\t'.join(['POST', 'http', asked.headers['Host'], asked.path, '',
                          base64.b64encode(hashlib.sha256(body).digest()).decode(), signed])
        assert base64.b64encode(mac(key, text)).decode() == signature, 'another signature'

    def answer(self, asked, body):
        self.judge(asked, body)
        objects = json.loads(body)['objects']
        assert asked.headers['Content-Type'] == 'application/json' and len(body) <= 50000, len(body)
        assert re.fullmatch(r'/ccu/v3/(invalidate|delete)/(url|tag|cpcode)/(production|staging)', asked.path), asked.path
        if self.busy:
            return self.refuse(429, '{"title": "Rate Limit exceeded"}')
        if self.smaller and len(objects) > 1:
            self.smaller -= 1
            return self.refuse(413, '{"title": "Request entity too large"}')
        self.taken.append((asked.path[len('/ccu/v3/'):], objects))
        return 201, '{"httpStatus": 201}'
