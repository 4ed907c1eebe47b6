# SPDX-License-Identifier: MIT
"""What a shared cache must, may and must not do, as rows for gate_conform.py: section, name, where, steps.

A step is a request and what is to become of it. `answer` is what the origin would say (status, fields, body; None stands
for one of its own), or HIT: it is not to be asked; a HIT brings the body of the first answer, or of number `of`. `wants`
and `asks` are fields of the client's answer and of the origin's request: "A: b" has it, "A" has one, "-A" has none.
`behind`: what a refresh gets that the client does not wait for. `within`: an answer that came so many seconds after the
row began, or later, says nothing: the row begins again. A date is "@-5": five seconds ago."""

HIT, PAUSE = 'hit', 'pause'
ROWS = []
DAY = 86400


def row(section, name, *steps, where='/c'):
    ROWS.append((section, name, where, steps))


def said(cc='', fields='', status=200, body=None):
    both = '|'.join(filter(None, (f'Cache-Control: {cc}' if cc else '', fields)))
    return status, both, body


def step(answer, **more):
    return {'answer': answer, **more}


def get(fields='', answer=None, **more):
    return step(answer or said(), fields=fields, **more)


def hit(fields='', **more):
    return step(HIT, fields=fields, **more)


def stored(section, name, answer, *fields, where='/c', **more):
    """The second request is answered from the store."""
    a, b = (fields + ('', ''))[:2]
    row(section, name, get(a, answer, **more), hit(b, status=answer[0]), where=where)


def asked(section, name, answer, *fields, where='/c', **more):
    """The second request goes to the origin."""
    a, b = (fields + ('', ''))[:2]
    row(section, name, get(a, answer, **more), get(b, said('no-store')), where=where)


AGED = 'Age: 100|ETag: "v1"'          # with max-age=60: stale from the first moment
STALE = said('max-age=60', AGED)
FRESH = said('max-age=60')
CONFIRMED = said(status=304, fields='ETag: "v1"')

# ---- RFC 9111, section 3: storing ----

for cc in ('max-age=60', 's-maxage=60', 'public, max-age=60', 'max-age=60, unknown, x="y"', 'MAX-AGE=60', 'max-age=060',
           'max-age=2147483648', 'max-age=99999999999', 'max-age=60, no-transform', 'must-revalidate, max-age=60',
           'proxy-revalidate, max-age=60', 'no-store="", max-age=60, must-understand', 'max-age=60, immutable'):
    stored('9111 3', f'stored: {cc}', said(cc))
for cc in ('no-store', 'private', 'no-store, max-age=60', 'private, max-age=60', 'No-StOrE, max-age=60', 'PRIVATE, max-age=60',
           'max-age=60, private=', 'private="", max-age=60', 'max-age=60, no-store=x', 'max-age=0', 'no-cache, max-age=60',
           's-maxage=0, max-age=60', 'public, no-store', 'private, s-maxage=60'):
    asked('9111 3', f'not served again: {cc}', said(cc))
asked('9111 3', 'nothing is said', said())
asked('9111 3', 'the request says no-store', FRESH, 'Cache-Control: no-store')
asked('9111 3', 'sets a cookie', said('max-age=60', 'Set-Cookie: a=b'))
stored('9111 5.2.2.4', 'the cookie alone must not be used again', said('max-age=60, no-cache="set-cookie"', 'Set-Cookie: a=b'))
row('9111 7.3', 'the route says that the cookie is for all', get('', said('max-age=60', 'Set-Cookie: a=b')), hit(wants='Set-Cookie: a=b'),
    where='/keep')
row('9111 7.3', 'a cookie of the request does not matter when the lifetime is said', get('', FRESH), hit('Cookie: a=b'))
asked('9111 4.2.2', 'nothing is guessed for who has a cookie', said(fields=f'Last-Modified: @-{DAY}'), 'Cookie: a=b')
for status in (200, 203, 204, 299, 300, 301, 302, 303, 307, 308, 400, 403, 404, 405, 410, 414, 451, 499, 500, 501, 502, 503, 504, 599):
    stored('9111 3', f'{status} with a lifetime', said('max-age=60', status=status))
    row('9111 4', f'{status}, stale', get('', said('max-age=60', 'Age: 61', status=status)), get('', said('no-store')))
for status in (401, 407, 412, 416, 417):
    asked('9111 3', f'{status} is about its request', said('max-age=60', status=status))
row('9111 3', '304 without a condition is for who asked', get('If-None-Match: "x"', said('max-age=60', 'ETag: "x"', 304), status=304),
    get('', said('no-store')))
for status in (200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501):
    stored('9110 15.1', f'{status} by a heuristic', said(fields=f'Last-Modified: @-{DAY}', status=status))
for status in (201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599):
    asked('9110 15.1', f'{status}: no heuristic', said(fields=f'Last-Modified: @-{DAY}', status=status))
stored('9111 5.2.2.9', 'public allows a heuristic', said('public', f'Last-Modified: @-{DAY}', 599))
stored('9111 5.2.2.3', 'must-understand beats no-store', said('max-age=60, no-store, must-understand'))
asked('9111 5.2.2.3', 'must-understand of what is not', said('max-age=60, no-store, must-understand', status=599))
asked('9111 5.2.2.3', 'must-understand alone of what is not', said('max-age=60, must-understand', status=599))

# ---- RFC 9111, section 3.1: fields ----

row('9111 3.1', 'fields of the connection', get('', said('max-age=60', 'Connection: A, b|A: 1|B: 2|C: 3|Keep-Alive: x|TE: x|'
    'Upgrade: x|Proxy-Authenticate: x|Proxy-Connection: x|Proxy-Authentication-Info: x')),
    hit(wants='C: 3|-A|-B|-Connection|-Keep-Alive|-TE|-Upgrade|-Proxy-Authenticate|-Proxy-Connection|-Proxy-Authentication-Info'))
row('9111 5.2.2.4', 'named by no-cache', get('', said('max-age=60, no-cache="a, b"', 'A: 1|B: 2|C: 3')), hit(wants='C: 3|-A|-B'))
row('9111 5.2.2.7', 'named by private', get('', said('max-age=60, private="a"', 'A: 1|C: 3')), hit(wants='C: 3|-A'))
for name, value in (('Test', 'x'), ('X-Y', 'z'), ('Content-Type', 'text/plain'), ('Content-Language', 'de'), ('Content-Encoding', 'x'),
                    ('Content-MD5', 'x'), ('Content-Location', '/x'), ('Content-Security-Policy', "default-src 'self'"),
                    ('Content-Range', 'x'), ('ETag', '"e"'), ('Last-Modified', 'Fri, 01 Jan 2021 01:01:01 GMT'), ('Set-Cookie2', 'a'),
                    ('Expires', 'Fri, 01 Jan 2038 01:01:01 GMT'), ('Strict-Transport-Security', 'x'), ('WWW-Authenticate', 'x'),
                    ('Clear-Site-Data', '"cache"'), ('CDN-Cache-Control', 'max-age=50'), ('Link', '</x>; rel=y'), ('Via', '1.1 other')):
    row('9111 3.1', f'{name} is kept', get('', said('max-age=60', f'{name}: {value}')), hit(wants=f'{name}: {value}|Cache-Control: max-age=60'))
row('9111 3.1', 'two lines of a name', get('', said('max-age=60', 'A: 1|A: 2')), hit(see=lambda m: m.values('a') == ['1', '2']))

# ---- RFC 9111, section 3.5: Authorization ----

AUTH = 'Authorization: Basic eDp5'
asked('9111 3.5', 'with Authorization', FRESH, AUTH)
asked('9111 3.5', 'with Authorization, for the same', FRESH, AUTH, AUTH)
for cc in ('public, max-age=60', 'must-revalidate, max-age=60', 's-maxage=60'):
    stored('9111 3.5', f'with Authorization, {cc}', said(cc), AUTH)
    stored('9111 3.5', f'with Authorization, {cc}, for another', said(cc), AUTH, 'Authorization: Basic eDp6')
asked('9111 3.5', 'with Authorization, proxy-revalidate', said('proxy-revalidate, max-age=60'), AUTH)
asked('9111 3.5', 'with Authorization, by heuristic', said(fields=f'Last-Modified: @-{DAY}'), AUTH)
row('9111 3.5', 'what is for all is for who has Authorization too', get('', FRESH), hit(AUTH))
row('9111 3.5', 'what is refused to one is not lost for all', get('', STALE), get(AUTH, said('max-age=60', 'ETag: "v2"')),
    get('', CONFIRMED, status=200, of=1, asks='If-None-Match: "v1"'))
row('9111 4.3.3', 'who has Authorization validates for all', get('', said('public, max-age=60', AGED)),
    get(AUTH, said('public, max-age=60', 'ETag: "v1"', 304), status=200, of=1, asks='If-None-Match: "v1"|Authorization'), hit())

# ---- RFC 9111, section 4: reuse ----

row('9111 4', 'queries differ', get('', FRESH, path='?a=1'), get('', FRESH, path='?a=2'), hit(path='?a=1'))
row('9111 4', 'hosts differ', get('', FRESH), get('', FRESH, host='b.example'), hit(), hit(host='b.example', of=2))
row('9111 4', 'HEAD from what a GET brought', get('', FRESH), hit(method='HEAD', wants='Content-Length'))
row('9111 4', 'GET not from what a HEAD brought', get('', FRESH, method='HEAD'), get('', FRESH))
row('9111 4', 'a method that nobody knows is asked', get('', FRESH), get('', FRESH, method='FOO'))
row('9111 4', 'OPTIONS is asked, and changes nothing', get('', FRESH), get('', FRESH, method='OPTIONS'), hit())
row('9110 7.2', 'hosts are the same in any case, with the port of the scheme', get('', FRESH), hit(host='A.EXAMPLE:80'))
row('9110 4.2.3', 'paths that mean the same are the same', get('', FRESH, path='/x/~y'), hit(path='/./z/../x/%7ey', asked='/x/~y'))
asked('9110 9.3', 'a GET with a body', FRESH, body='x')

# ---- RFC 9111, section 4.1: Vary ----

VARY = said('max-age=60', 'Vary: Foo')
for name, vary, first, second, same in (
        ('the same', 'Foo', 'Foo: 1', 'Foo: 1', True), ('another', 'Foo', 'Foo: 1', 'Foo: 2', False),
        ('none, then one', 'Foo', '', 'Foo: 1', False), ('one, then none', 'Foo', 'Foo: 1', '', False),
        ('empty is not absent', 'Foo', 'Foo:', '', False), ('other fields', 'Foo', 'Foo: 1|Bar: 2', 'Foo: 1|Bar: 3', True),
        ('of two', 'Foo, Bar', 'Foo: 1|Bar: 2', 'Bar: 2|Foo: 1', True), ('one of two differs', 'Foo, Bar', 'Foo: 1|Bar: 2', 'Foo: 1|Bar: 3', False),
        ('one of two is gone', 'Foo, Bar', 'Foo: 1|Bar: 2', 'Foo: 1', False), ('both lack it', 'Foo, Bar', 'Foo: 1', 'Foo: 1', True),
        ('star', '*', 'Foo: 1', 'Foo: 1', False), ('stars', '*, *', 'Foo: 1', 'Foo: 1', False), ('empty, star', ', *', 'Foo: 1', 'Foo: 1', False),
        ('name, star', 'Foo, *', 'Foo: 1', 'Foo: 1', False), ('star, name', '*, Foo', 'Foo: 1', 'Foo: 1', False),
        ('names in any case', 'fOO', 'Foo: 1', 'foo: 1', True), ('blanks', 'Foo', 'Foo: 1,2', 'Foo:  1, 2 ', True),
        ('lines of one list', 'Foo', 'Foo: 1, 2', 'Foo: 1|Foo: 2', True), ('order of an unknown list', 'Foo', 'Foo: 1, 2', 'Foo: 2, 1', False),
        ('languages in another order', 'Accept-Language', 'Accept-Language: en, de', 'Accept-Language: de, en', True),
        ('languages in any case', 'Accept-Language', 'Accept-Language: en, de', 'Accept-Language: eN, De', True),
        ('languages with blanks', 'Accept-Language', 'Accept-Language: en, de', 'Accept-Language:  en ,   de', True),
        ('languages liked otherwise', 'Accept-Language', 'Accept-Language: en, de;q=0.5', 'Accept-Language: en;q=0.5, de', False),
        ('codings in another order', 'Accept-Encoding', 'Accept-Encoding: gzip, br', 'Accept-Encoding: br;q=1.0,GZIP', True),
        ('fewer codings, none was chosen', 'Accept-Encoding', 'Accept-Encoding: gzip, br', 'Accept-Encoding: identity;q=1', True),
        ('cookies are no list', 'Cookie', 'Cookie: a=1,b=2', 'Cookie: a=1, b=2', False)):
    (stored if same else asked)('9111 4.1', f'Vary: {name}', said('max-age=60', f'Vary: {vary}'), first, second)
row('9111 4.1', 'Vary on two lines', get('Foo: 1|Bar: 1', said('max-age=60', 'Vary: Foo|Vary: Bar')), get('Foo: 1|Bar: 2', VARY))
row('9111 4.1', 'Vary: empty, then star', get('', said('max-age=60', 'Vary:|Vary: *')), get('', said('no-store')))
row('9111 4.1', 'variants beside each other', get('Foo: 1', VARY), get('Foo: 2', VARY), hit('Foo: 1'), hit('Foo: 2', of=2))
row('9111 4.1', 'the language that was chosen', get('Accept-Language: en, de', said('max-age=60', 'Vary: Accept-Language|Content-Language: de')),
    hit('Accept-Language: fr;q=0.5, de;q=1.0'), get('Accept-Language: fr, de;q=0.5', FRESH))
row('9111 4.1', 'fields that the route names', get('X-Site: 1', FRESH), get('X-Site: 2', FRESH), hit('X-Site: 1'), hit('X-Site: 2', of=2),
    get('X-Site: 1|X-Kind: a', FRESH), where='/vary')
row('9111 4.1', 'and those that the answer names', get('X-Site: 1|Foo: 1', VARY), get('X-Site: 1|Foo: 2', VARY), get('X-Site: 2|Foo: 1', VARY),
    hit('X-Site: 1|Foo: 1'), where='/vary')
row('9111 2', 'parameters that are ignored', get('', FRESH, path='?a=1&utm_source=x&gclid=y&b=2', asked='?a=1&b=2'), hit(path='?a=1&b=2'),
    hit(path='?utm_x&a=1&b=2', asked='?a=1&b=2'), get('', FRESH, path='?b=2&a=1'), get('', FRESH, path='?a=1&b=2&xgclid=1'), where='/ignore')
row('9111 2', 'none is left', get('', FRESH, path='?utm_a=1', asked=''), hit(), get('', FRESH, path='?utm_a=1;b=2'), where='/ignore')
row('9111 4.4', 'they are ignored of what changes, too', get('', FRESH, path='?a=1'),
    get('', said(), method='PUT', body='x', path='?gclid=1&a=1', asked='?a=1'), get('', FRESH, path='?a=1'), where='/ignore')

# ---- RFC 9111, section 4.2: freshness ----

for cc, same in (('max-age="60"', True), ("max-age='60'", False), ('max-age=-1', False), ('max-age=x', False), ('max-age=60x', False),
                 ('max-age=6.0', False), ('max-age', False), ('max-age =60', False), ('max-age= 60', False),
                 ('x="max-age=60", max-age=0', False), ('max-age=0, x="max-age=60"', False), ('x="a, max-age=0, b", max-age=60', True),
                 ('max-age=60, max-age=0', True), ('max-age=0, max-age=60', False), ('s-maxage=60, max-age=0', True),
                 ('max-age=0, s-maxage=60', True), ('max-age=60, s-maxage=0', False), ('s-maxage=x, max-age=60', False), (',,max-age=60,', True)):
    (stored if same else asked)('9111 4.2', f'lifetime: {cc}', said(cc))
row('9111 4.2', 'two lines', get('', said('foo', 'Cache-Control: max-age=60')), hit())
for expires, same in (('@60', True), ('@-60', False), ('@0', False), ('0', False), ('Thu, 18 Aug 2050 02:01:18 GMT', True),
                      ('Thursday, 18-Aug-50 02:01:18 GMT', True), ('Thu Aug 18 02:01:18 2050', True), ('THU, 18 AUG 2050 02:01:18 gMT', True),
                      ('Sun, 21 Nov 2286 04:46:39 GMT', True), ('Tue, 19 Jan 2038 14:14:08 GMT', True), ('Thu, 18 Aug 2050 02:01:18 UTC', False),
                      ('Thu, 18 Aug 2050 02:01:18 AEST', False), ('Thu, 18 Aug 50 02:01:18 GMT', False), ('Thu 18 Aug 2050 02:01:18 GMT', False),
                      ('Thu, 18  Aug  2050 02:01:18 GMT', False), ('Thu, 18-Aug-2050 02:01:18 GMT', False), ('Thu, 18 Aug 2050 02.01.18 GMT', False),
                      ('Thu, 18 Aug 2050 2:01:18 GMT', False), ('Thu, 18 Aug 2050 2:01:18 GMT|Expires: Thu, 18 Aug 2050 2:01:19 GMT', False)):
    (stored if same else asked)('9111 5.3', f'Expires: {expires}', said(fields=f'Expires: {expires}|Date: @0'))
stored('9111 5.3', 'Expires counts from Date', said(fields='Date: @-100|Expires: @60'))
asked('9111 5.3', 'both in the future, the wrong way', said(fields='Date: @400|Expires: @300'))
stored('9111 5.3', 'Date is none', said(fields='Date: foo|Expires: @60'))
stored('9111 5.3', 'max-age beats Expires', said('max-age=60', 'Expires: @-60|Date: @0'))
stored('9111 5.3', 'max-age beats a wrong Expires', said('max-age=60', 'Expires: 0|Date: @0'))
asked('9111 5.3', 'max-age=0 beats Expires', said('max-age=0', 'Expires: @60|Date: @0'))
stored('9111 5.2.2.10', 's-maxage beats Expires', said('max-age=0, s-maxage=60', 'Expires: @-60|Date: @0'))
for age, same in (('0', True), ('61', False), ('7200', False), ('2147483647', False), ('2147483648', False), ('99999999999', False),
                  ('abc', True), ('-7200', True), ('7200.0', True), ('0, 7200', True), ('7200, 0', False), ('0|Age: 7200', True),
                  ('7200|Age: 0', False), ('30|Age: 30', True)):
    (stored if same else asked)('9111 5.1', f'Age: {age}', said('max-age=60', f'Age: {age}|Date: @0'))
asked('9111 4.2.3', 'an old Date makes it old', said('max-age=60', 'Date: @-100'))
asked('9111 5.3', 'Age and Expires', said(fields='Date: @-10|Expires: @10|Age: 25'))
stored('9111 4.2.2', 'a heuristic of a tenth', said(fields='Last-Modified: @-10000|Date: @-900'))
asked('9111 4.2.2', 'a heuristic of a tenth is over', said(fields='Last-Modified: @-10000|Date: @-1100'))
stored('9111 4.2.2', 'the lifetime that the route gives', said(), where='/ttl')
asked('9111 4.2.2', 'the route gives none to what forbids it', said('no-store'), where='/ttl')
asked('9111 4.2.2', 'the route gives none to who has a cookie', said(), 'Cookie: a=b', where='/ttl')
row('9111 4.2', 'it ends', get('', said('max-age=1')), hit(within=1), PAUSE, get('', said('no-store')))
row('9111 5.1', 'Age grows', get('', said('max-age=600', 'Age: 30')), hit(see=lambda m: 30 <= int(m.values('age')[0]) < 90), PAUSE,
    hit(see=lambda m: 31 <= int(m.values('age')[0]) < 90))
row('9110 6.6.1', 'Date stays', get('', said('max-age=60', 'Date: Fri, 01 Jan 2100 01:01:01 GMT')), hit(wants='Date: Fri, 01 Jan 2100 01:01:01 GMT'))
row('9110 6.6.1', 'Date is added', get('', FRESH), hit(wants='Date'))

# ---- RFC 9111, section 4.2.4, and RFC 5861: what is stale ----

GONE = ('die', '', None)
for how in ('die', 'reset', 'garbage'):
    row('9111 4.2.4', f'the origin does not answer: {how}', get('', STALE), get('', (how, '', None), status=200, of=1, wants='Age'))
    row('9111 4.2.4', f'the origin does not answer a HEAD: {how}', get('', STALE), get('', (how, '', None), method='HEAD', status=200, wants='Age'))
    row('9111 4.2.4', f'nothing is there: {how}', get('', (how, '', None), status=502))
for cc in ('must-revalidate', 'proxy-revalidate', 's-maxage=60', 'no-cache'):
    row('9111 4.2.4', f'{cc} forbids it', get('', said(f'max-age=60, {cc}', AGED)), get('', GONE, status=502))
row('9111 5.2.1.4', 'the request forbids it', get('', STALE), get('Cache-Control: no-cache', GONE, status=502))
for status in (500, 502, 503, 504):
    row('5861 4', f'stale-if-error at {status}', get('', said('max-age=60, stale-if-error=600', AGED)),
        get('', said(status=status), status=200, of=1), get('', said(status=status), status=200, of=1))
    row('5861 4', f'no stale-if-error at {status}', get('', STALE), get('', said(status=status)))
    row('5861 4', f'the route says stale-if-error, {status}', get('', STALE), get('', said(status=status), status=200, of=1), where='/grace')
row('5861 4', 'stale-if-error at 404', get('', said('max-age=60, stale-if-error=600', AGED)), get('', said(status=404)))
row('5861 4', 'stale-if-error is over', get('', said('max-age=60, stale-if-error=20', AGED)), get('', said(status=503)))
row('5861 4', 'stale-if-error of the request', get('', STALE), get('Cache-Control: stale-if-error=600', said(status=503), status=200, of=1))
row('5861 4', 'must-revalidate beats it', get('', said('max-age=60, must-revalidate, stale-if-error=600', AGED)), get('', said(status=503)))
row('5861 4', 'when it does not answer', get('', said('max-age=60, s-maxage=60, stale-if-error=600', AGED)), get('', GONE, status=200, of=1))
row('5861 4', 'for who has Authorization', get('', said('max-age=60, stale-if-error=600', AGED)), get(AUTH, said(status=503), status=200, of=1))
row('5861 4', 'a HEAD', get('', said('max-age=60, stale-if-error=600', AGED)), get('', said(status=503), method='HEAD', status=200))
row('5861 3', 'stale-while-revalidate', get('', said('max-age=60, stale-while-revalidate=600', AGED)),
    hit(behind=said('max-age=60', body='new')), PAUSE, hit(text='new'))
row('5861 3', 'what it finds confirms', get('', said('max-age=60, stale-while-revalidate=600', AGED)),
    hit(behind=said('max-age=60', 'ETag: "v1"', 304, '')), PAUSE, hit(see=lambda m: int(m.values('age')[0]) < 60))
row('5861 3', 'stale-while-revalidate is over', get('', said('max-age=60, stale-while-revalidate=20', AGED)), get('', said('no-store')))
row('5861 3', 'not with must-revalidate', get('', said('max-age=60, must-revalidate, stale-while-revalidate=600', AGED)), get('', said('no-store')))
row('5861 3', 'not when the request wants better', get('', said('max-age=60, stale-while-revalidate=600', AGED)),
    get('Cache-Control: max-age=30', said('no-store')))

# ---- RFC 9111, section 4.3: validation ----

LM = 'Wed, 01 Jan 2020 00:00:00 GMT'
row('9111 4.3.1', 'by entity tag', get('', STALE), get('', CONFIRMED, status=200, of=1, asks='If-None-Match: "v1"|-If-Modified-Since'))
row('9111 4.3.1', 'by weak entity tag', get('', said('max-age=60', 'Age: 100|ETag: W/"v1"')),
    get('', said(status=304, fields='ETag: W/"v1"'), status=200, of=1, asks='If-None-Match: W/"v1"'))
row('9111 4.3.1', 'by date', get('', said('max-age=60', f'Age: 100|Last-Modified: {LM}')),
    get('', said(status=304), status=200, of=1, asks=f'If-Modified-Since: {LM}|-If-None-Match'))
row('9111 4.3.1', 'by both', get('', said('max-age=60', f'{AGED}|Last-Modified: {LM}')),
    get('', CONFIRMED, status=200, of=1, asks=f'If-Modified-Since: {LM}|If-None-Match: "v1"'))
row('9111 4.3.1', 'with what it varies by', get('Foo: 1', said('max-age=60', AGED + '|Vary: Foo')), get('Foo: 1', CONFIRMED, status=200, of=1,
    asks='Foo: 1|If-None-Match: "v1"'))
row('9111 4.3.1', 'the client asks otherwise than the cache', get('', STALE),
    get('If-None-Match: "other"|Range: bytes=0-1', CONFIRMED, status=206, see=lambda m: len(m.body) == 2, text=None, of=0,
        asks='If-None-Match: "v1"|-Range'))
row('9111 4.3.3', 'a new answer replaces it', get('', STALE), get('', said('max-age=60', 'ETag: "v2"'), asks='If-None-Match: "v1"'), hit(of=2))
row('9111 4.3.3', 'a new answer that is not to be stored', get('', STALE), get('', said('no-store')), get('', FRESH, asks='-If-None-Match'))
row('9111 4.3.4', '304 for another version', get('', STALE), get('', said(status=304, fields='ETag: "v9"'), status=500, text=None, of=0))
row('9111 4.3.4', 'no-cache is validated each time', get('', said('no-cache', 'ETag: "v1"')), get('', said('no-cache', 'ETag: "v1"', 304), status=200, of=1),
    get('', said('no-cache', 'ETag: "v1"', 304), status=200, of=1, asks='If-None-Match: "v1"'))
row('9111 5.2.2.2', 'must-revalidate, fresh', get('', said('max-age=60, must-revalidate', 'ETag: "v1"')), hit())
for name in ('Test', 'X-Test', 'Content-Foo', 'X-Content-Foo', 'Content-Type', 'Content-Location', 'Content-Security-Policy', 'Expires', 'Date'):
    old, new = ('@-5', '@3') if name in ('Expires', 'Date') else ('old', 'new')
    row('9111 3.2', f'{name} of a 304', get('', said('max-age=60', f'{AGED}|{name}: {old}')),
        get('', said('max-age=60', f'ETag: "v1"|{name}: {new}', 304), status=200, of=1),
        hit(**({'wants': f'{name}: new'} if new == 'new' else {'wants': name})))
row('9111 3.2', 'what a 304 leaves out stays', get('', said('max-age=60', AGED + '|A: 1|B: 2')),
    get('', said('max-age=60', 'ETag: "v1"|B: 3', 304), status=200, of=1, wants='A: 1|B: 3'), hit(wants='A: 1|B: 3'))
row('9111 3.2', 'its lifetime holds', get('', STALE), get('', said('max-age=60', 'ETag: "v1"', 304), status=200, of=1), hit())
row('9111 3.2', 'its length is of no body', get('', STALE), get('', said('max-age=60', 'ETag: "v1"|Content-Length: 7', 304), status=200, of=1), hit())
row('9111 3.2', 'nor is its coding', get('', STALE), get('', said('max-age=60', 'ETag: "v1"|Content-Encoding: gzip', 304), status=200, of=1), hit(wants='-Content-Encoding'))
row('9111 3.2', 'its cookie is for who asked', get('', STALE), get('', said('max-age=60', 'ETag: "v1"|Set-Cookie: a=b', 304), status=200, of=1, wants='-Set-Cookie'))
row('9111 4.3.3', '304 that forbids storing', get('', STALE), get('', said('no-store', 'ETag: "v1"', 304), status=200, of=1), get('', FRESH, asks='-If-None-Match'))

# ---- RFC 9111, section 4.3.5: HEAD ----

row('9111 4.3.5', 'a HEAD of what is stale is asked, and refreshes it', get('', said('max-age=60', AGED + '|A: 1|B: 1')),
    get('', said('max-age=60', 'ETag: "v1"|A: 2'), method='HEAD', wants='A: 2|-If-None-Match'), hit(wants='A: 2|B: 1'))
row('9111 4.3.5', 'another entity tag: it is outdated', get('', said('max-age=60, stale-while-revalidate=600', AGED)),
    get('Cache-Control: no-cache', said('max-age=60', 'ETag: "v2"'), method='HEAD'), get('', FRESH))
row('9111 4.3.5', 'another length: it is outdated', get('', STALE), get('', said('max-age=60', 'Content-Length: 999', body=''), method='HEAD'),
    get('', FRESH, asks='-If-None-Match'))
row('9111 4.3.5', 'of 410 nothing is learned', get('', STALE), get('', said(status=410, fields='Content-Length: 0'), method='HEAD'), get('', CONFIRMED, status=200, of=1))

# ---- RFC 9111, section 4.4: what changes something ----

for method in ('POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'FOO'):
    row('9111 4.4', f'{method}', get('', FRESH), get('', said(), method=method, body='x'), get('', FRESH))
    row('9111 4.4', f'{method} that failed', get('', FRESH), get('', said(status=500), method=method, body='x'), hit())
    for name in ('Location', 'Content-Location'):
        row('9111 4.4', f'{method}: {name}', get('', FRESH, path='/x'), get('', said(fields=f'{name}: x'), method=method, body='x', path='/post'),
            get('', FRESH, path='/x'))
row('9111 4.4', 'a redirect has done something', get('', FRESH), get('', said(status=303), method='POST', body='x'), get('', FRESH))
row('9111 4.4', '404 has not', get('', FRESH), get('', said(status=404), method='DELETE'), hit())
row('9111 4.4', 'another host is not touched', get('', FRESH, path='/x'),
    get('', said(fields='Location: http://b.example{here}/../x'), method='POST', body='x', path='/post'), hit(path='/x'))
row('9111 4.4', 'all variants', get('Foo: 1', VARY), get('Foo: 2', VARY), get('', said(), method='PUT', body='x'), get('Foo: 1', VARY), get('Foo: 2', VARY))
row('9110 9.2.1', 'safe methods change nothing', get('', FRESH), get('', said(), method='OPTIONS'), get('', said(), method='PROPFIND'), hit())

# ---- RFC 9110, section 9.3.3: POST ----

HERE = 'Content-Location: {here}'
row('9110 9.3.3', 'POST with its own place', get('', said('max-age=60', HERE), method='POST', body='x'), hit())
row('9110 9.3.3', 'and HEAD', get('', said('max-age=60', HERE), method='POST', body='x'), hit(method='HEAD'))
row('9110 9.3.3', 'the next POST is asked', get('', said('max-age=60', HERE), method='POST', body='x'),
    get('', said('max-age=60', HERE), method='POST', body='x'), hit(of=2))
for name, cc, fields, status in (('no lifetime', '', HERE, 200), ('no place', 'max-age=60', '', 200), ('another place', 'max-age=60', 'Content-Location: y', 200),
                                 ('201', 'max-age=60', HERE, 201), ('no-store', 'no-store, max-age=60', HERE, 200),
                                 ('private', 'private, max-age=60', HERE, 200)):
    row('9110 9.3.3', f'POST: {name}', get('', said(cc, fields, status), method='POST', body='x'), get('', said('no-store')))
row('9110 9.3.3', 'POST with Authorization', get(AUTH, said('max-age=60', HERE), method='POST', body='x'), get('', said('no-store')))

# ---- RFC 9111, section 5.2.1, 5.4: what requests may want ----

for name, answer, want, same in (
        ('max-age=0', FRESH, 'max-age=0', False), ('max-age', said('max-age=3600', 'Age: 1800'), 'max-age=600', False), ('a longer max-age', FRESH, 'max-age=600', True),
        ('min-fresh', said('max-age=1500'), 'min-fresh=2000', False), ('min-fresh of what is old', said('max-age=1500', 'Age: 1000'), 'min-fresh=1000', False),
        ('a shorter min-fresh', said('max-age=1500'), 'min-fresh=1000', True), ('no-cache', FRESH, 'no-cache', False), ('no-store', FRESH, 'no-store', True),
        ('max-stale', STALE, 'max-stale=1000', True), ('max-stale without end', STALE, 'max-stale', True), ('too short a max-stale', STALE, 'max-stale=10', False),
        ('max-stale and must-revalidate', said('max-age=60, must-revalidate', AGED), 'max-stale=1000', False), ('nonsense', FRESH, 'nothing, x=y', True)):
    row('9111 5.2.1', f'request: {name}', get('', answer), hit(f'Cache-Control: {want}') if same else get(f'Cache-Control: {want}', said('no-store')))
row('9111 5.2.1.4', 'no-cache validates', get('', said('max-age=60', 'ETag: "v1"')), get('Cache-Control: no-cache', CONFIRMED, status=200, of=1, asks='If-None-Match: "v1"'))
row('9111 5.2.1.7', 'only-if-cached: it is not', hit('Cache-Control: only-if-cached', status=504))
row('9111 5.2.1.7', 'only-if-cached: it is', get('', FRESH), hit('Cache-Control: only-if-cached'))
row('9111 5.4', 'Pragma: no-cache', get('', FRESH), get('Pragma: no-cache', said('no-store')))
row('9111 5.4', 'not beside Cache-Control', get('', FRESH), hit('Pragma: no-cache|Cache-Control: x'))
row('9111 5.4', 'another Pragma', get('', FRESH), hit('Pragma: x'))
row('9111 5.4', 'Pragma of an answer means nothing', get('', said('max-age=60', 'Pragma: no-cache')), hit())

# ---- RFC 9110, section 13: conditions of clients ----

TAG = said('max-age=60', 'ETag: "a"')
for name, tag, fields, status in (
        ('the tag', '"a"', 'If-None-Match: "a"', 304), ('weakly', '"a"', 'If-None-Match: W/"a"', 304), ('a weak one', 'W/"a"', 'If-None-Match: W/"a"', 304),
        ('another', '"a"', 'If-None-Match: "b"', 200), ('the first', '"a"', 'If-None-Match: "a", "b", "c"', 304), ('one between', '"a"', 'If-None-Match: "b", "a", "c"', 304),
        ('the last', '"a"', 'If-None-Match: "b","c" , "a"', 304), ('any', '"a"', 'If-None-Match: *', 304), ('on two lines', '"a"', 'If-None-Match: "b"|If-None-Match: "a"', 304),
        ('with a comma in it', '"a,b"', 'If-None-Match: "x", "a,b"', 304), ('a part of it', '"a"', 'If-None-Match: "aa"', 200)):
    row('9110 13.1.2', f'If-None-Match: {name}', get('', said('max-age=60', f'ETag: {tag}')), hit(fields, status=status, wants=f'ETag: {tag}'))
row('9110 13.1.2', 'it is fetched first', get('If-None-Match: "a"', TAG, status=304, asks='-If-None-Match'), hit())
row('9110 15.4.5', 'what a 304 has', get('', said('max-age=60', 'ETag: "a"|Vary: X|Expires: @60|Date: @0|Content-Location: /x|Content-Type: text/plain')),
    hit('If-None-Match: "a"', status=304, wants='ETag: "a"|Vary: X|Expires|Date|Content-Location: /x|Cache-Control: max-age=60|-Content-Type|-Content-Length'))
for name, since, status in (('the date', '@-3000', 304), ('a later one', '@-2000', 304), ('an earlier one', '@-4000', 200), ('no date', 'x', 200),
                            ('of the old form', 'Wednesday, 18-Nov-65 01:01:01 GMT', 304)):
    row('9110 13.1.3', f'If-Modified-Since: {name}', get('', said('max-age=60', 'Last-Modified: @-3000|Date: @0')),
        hit(f'If-Modified-Since: {since}', status=status)) if name != 'the date' else \
        row('9110 13.1.3', f'If-Modified-Since: {name}', get('', said('max-age=60', f'Last-Modified: {LM}|Date: @0')), hit(f'If-Modified-Since: {LM}', status=304))
row('9111 4.3.2', 'no Last-Modified: when it was made', get('', said('max-age=60', 'Date: @-9')), hit('If-Modified-Since: @-3000'), hit('If-Modified-Since: @0', status=304))
row('9110 13.2.2', 'If-None-Match comes first', get('', said('max-age=60', f'ETag: "a"|Last-Modified: {LM}')),
    hit(f'If-None-Match: "b"|If-Modified-Since: {LM}'), hit('If-None-Match: "a"|If-Modified-Since: @-999999999', status=304))
row('9111 4.3.2', 'stale: validated, then 304', get('', said('max-age=60', f'Age: 100|Last-Modified: {LM}')),
    get(f'If-Modified-Since: {LM}', said(status=304, fields=f'Last-Modified: {LM}'), status=304, asks=f'If-Modified-Since: {LM}'))
row('9110 13.1.1', 'If-Match is the origin\'s', get('', TAG), get('If-Match: "a"', said(status=412), asks='If-Match: "a"'))
row('9110 13.1.4', 'If-Unmodified-Since is the origin\'s', get('', TAG), get(f'If-Unmodified-Since: {LM}', said(status=412), asks=f'If-Unmodified-Since: {LM}'))
row('9110 13.1.2', 'of an error there is no condition', get('', said('max-age=60', 'ETag: "a"', 404)), hit('If-None-Match: "a"', status=404))

# ---- RFC 9110, section 14: ranges ----

TEN = said('max-age=60', 'ETag: "a"|Content-Type: text/plain', body='0123456789')
for ranges, status, text, place in (
        ('bytes=0-1', 206, '01', 'bytes 0-1/10'), ('bytes=1-', 206, '123456789', 'bytes 1-9/10'), ('bytes=-1', 206, '9', 'bytes 9-9/10'),
        ('bytes=-20', 206, '0123456789', 'bytes 0-9/10'), ('bytes=5-100', 206, '56789', 'bytes 5-9/10'), ('BYTES=0-0', 206, '0', 'bytes 0-0/10'),
        ('bytes=0-2,3-5', 206, '012345', 'bytes 0-5/10'), ('bytes=10-', 416, '', 'bytes */10'), ('bytes=-0', 416, '', 'bytes */10'),
        ('bytes=5-2', 200, '0123456789', None), ('bytes=x', 200, '0123456789', None), ('lines=0-1', 200, '0123456789', None), ('bytes 0-1', 200, '0123456789', None)):
    row('9110 14', f'Range: {ranges}', get('', TEN), hit(f'Range: {ranges}', status=status, text=text, wants=f'Content-Range: {place}' if place else '-Content-Range'))
row('9110 14.2', 'Range of a HEAD is none', get('', TEN), hit('Range: bytes=0-1', method='HEAD', status=200, wants='Content-Length: 10|-Content-Range'))


def in_parts(*parts):
    def see(m):
        kind = m.values('content-type')
        mark = kind[0].split('boundary=')[1] if len(kind) == 1 and kind[0].startswith('multipart/byteranges; boundary=') else None
        whole = ''.join(f'{"" if i == 0 else chr(13) + chr(10)}--{mark}\r\nContent-Type: text/plain\r\nContent-Range: bytes {place}/10\r\n\r\n{text}'
                        for i, (place, text) in enumerate(parts)) + f'\r\n--{mark}--\r\n'
        return mark and m.body == whole and not m.values('content-range')
    return see


row('9110 14.6', 'two ranges', get('', TEN), hit('Range: bytes=0-1,8-', status=206, of=0, see=in_parts(('0-1', '01'), ('8-9', '89'))),
    hit('Range: bytes=-1, 4-5 ,0-0', status=206, of=0, see=in_parts(('9-9', '9'), ('4-5', '45'), ('0-0', '0'))), hit())
row('9110 14.6', 'one of two can be had', get('', TEN), hit('Range: bytes=0-1,20-30', status=206, text='01', wants='Content-Range: bytes 0-1/10'))
row('9110 17.15', 'too many ranges are none', get('', said('max-age=60', body='x' * 99)), hit('Range: bytes=' + ','.join(f'{2 * i}-{2 * i}' for i in range(20)), status=200),
    hit('Range: bytes=0-0,2-2,4-4,6-6,8-8', status=206, of=0))
for name, field, status in (('the tag', '"a"', 206), ('another', '"b"', 200), ('a weak one', 'W/"a"', 200), ('a date', LM, 200)):
    row('9110 13.1.5', f'If-Range: {name}', get('', TEN), hit(f'Range: bytes=0-1|If-Range: {field}', status=status, of=0))
row('9110 13.1.5', 'If-Range: the date', get('', said('max-age=60', f'Last-Modified: {LM}|Date: @0', body='0123456789')),
    hit(f'Range: bytes=0-1|If-Range: {LM}', status=206, text='01'))
row('9110 14.2', 'a range of what is not there yet is asked', get('Range: bytes=0-1', said('max-age=60', 'Content-Range: bytes 0-1/10', 206, '01'), asks='Range: bytes=0-1'))
row('9110 14.2', 'the origin gives all', get('Range: bytes=0-1', TEN, status=206, text='01'), hit(text='0123456789'), hit('Range: bytes=2-3', status=206, text='23'))

# ---- RFC 9111, sections 3.3, 3.4: parts ----


def part(first, last, more='ETag: "a"', cc='max-age=60', full=10):
    return said(cc, f'Content-Range: bytes {first}-{last}/{full}|Content-Type: text/plain' + ('|' + more if more else ''), 206, '0123456789'[first:last + 1])


LAST = get('Range: bytes=-5', part(5, 9), asks='Range: bytes=-5')
FIRST = get('Range: bytes=0-4', part(0, 4))
row('9111 3.3', 'a part again', LAST, hit('Range: bytes=-5', status=206, wants='Content-Range: bytes 5-9/10'), hit('Range: bytes=5-', status=206))
row('9111 3.3', 'a part of a part', LAST, hit('Range: bytes=6-8', status=206, text='678', wants='Content-Range: bytes 6-8/10'),
    hit('Range: bytes=-1', status=206, text='9'), hit('Range: bytes=7-', status=206, text='789'), hit('Range: bytes=20-', status=416, of=0))
row('9111 3.3', 'parts of a part', LAST, hit('Range: bytes=5-5,8-', status=206, of=0, see=in_parts(('5-5', '5'), ('8-9', '89'))))
row('9111 3.3', 'no validator', get('Range: bytes=-5', part(5, 9, '')), hit('Range: bytes=6-8', status=206, text='678'))
row('9111 3.3', 'a part that is not here', LAST, get('Range: bytes=0-1', part(0, 1), asks='Range: bytes=0-1'))
row('9111 3.3', 'HEAD of a part is asked', LAST, get('', TEN, method='HEAD'))
row('9111 3.3', 'a condition of a part', LAST, hit('If-None-Match: "a"', status=304), hit('Range: bytes=6-|If-None-Match: "a"', status=304))
row('9111 3.3', 'If-Range of a part', LAST, hit('Range: bytes=6-7|If-Range: "a"', status=206, text='67'),
    get('Range: bytes=6-7|If-Range: "b"', TEN, status=200, asks='If-Range: "b"'))
row('9111 3.3', 'a stale part', get('Range: bytes=-5', part(5, 9, AGED.replace('v1', 'a'))), get('Range: bytes=-5', part(5, 9)), hit('Range: bytes=-5', status=206))
row('9111 3.3', 'only-if-cached', LAST, hit('Range: bytes=6-|Cache-Control: only-if-cached', status=206, text='6789'), hit('Cache-Control: only-if-cached', status=504))
row('9111 3.3', 'a part that is all', get('Range: bytes=0-', part(0, 9)), hit(text='0123456789', wants='-Content-Range'), hit('Range: bytes=1-2', status=206, text='12'))
row('9111 3.3', 'a part that is wrong about itself', get('Range: bytes=-5', said('max-age=60', 'Content-Range: bytes 4-9/10', 206, '56789')),
    get('Range: bytes=-5', said('no-store', 'Content-Range: bytes 5-9/10', 206, '56789')))
row('9111 3.3', 'a part without its place', get('Range: bytes=-5', said('max-age=60', '', 206, '56789')), get('Range: bytes=-5', part(5, 9)))
row('9111 3.3', 'a part that is private', get('Range: bytes=-5', part(5, 9, cc='private, max-age=60')), get('Range: bytes=-5', part(5, 9)))
row('9111 3.3', 'of who has Authorization', get('Range: bytes=-5|' + AUTH, part(5, 9)), get('Range: bytes=-5', part(5, 9)))
row('9111 3.4', 'made whole at its end', FIRST, get('', part(5, 9), status=200, text='0123456789', asks='Range: bytes=5-|If-Range: "a"', wants='-Content-Range'),
    hit(text='0123456789'), hit('Range: bytes=3-6', status=206, text='3456'))
row('9111 3.4', 'made whole at its beginning', LAST, get('', part(0, 4), status=200, text='0123456789', asks='Range: bytes=0-4|If-Range: "a"'), hit(text='0123456789'))
row('9111 3.4', 'it has changed meanwhile', FIRST, get('', said('max-age=60', 'ETag: "b"', body='other'), text='other', asks='If-Range: "a"'), hit(text='other'))
row('9111 3.4', 'no strong tag: all is asked', get('Range: bytes=0-4', part(0, 4, 'ETag: W/"a"')), get('', TEN, asks='-Range|-If-Range'), hit(text='0123456789'))
row('9111 3.4', 'two gaps: all is asked', get('Range: bytes=3-5', part(3, 5)), get('', TEN, asks='-Range'), hit(text='0123456789'))
row('9111 3.4', 'two parts that touch', FIRST, get('Range: bytes=5-7', part(5, 7)), hit('Range: bytes=2-6', status=206, text='23456'),
    get('', part(8, 9), status=200, text='0123456789', asks='Range: bytes=8-'), hit(text='0123456789'))
row('9111 3.4', 'two parts that overlap', LAST, get('Range: bytes=2-6', part(2, 6)), hit('Range: bytes=2-9', status=206, text='23456789'))
row('9111 3.4', 'parts of two versions', FIRST, get('Range: bytes=5-7', part(5, 7, 'ETag: "b"')), get('Range: bytes=3-6', part(3, 6, 'ETag: "b"')),
    hit('Range: bytes=3-7', status=206, text='34567'))
row('9111 3.4', 'fields of the newer part', FIRST, get('', part(5, 9, 'ETag: "a"|A: 2'), status=200, text='0123456789', wants='A: 2'), hit(text='0123456789', wants='A: 2'))
row('9111 3.4', 'the rest is of another version', FIRST, get('', part(5, 9, 'ETag: "b"'), status=500, text=None, of=0, asks='-Range'))
row('9111 4.4', 'what changes takes parts too', FIRST, get('', said(), method='PUT', body='x'), get('Range: bytes=0-4', part(0, 4)))

# ---- RFC 9213: for this cache alone ----

for name, own, others, same in (
        ('alone', 'max-age=60', '', True), ('longer', 'max-age=60', 'max-age=0', True), ('shorter', 'max-age=0', 'max-age=60', False),
        ('no-store of others', 'max-age=60', 'no-store', True), ('private of others', 'max-age=60', 'private', True),
        ('private', 'private', 'max-age=60', False), ('no-store', 'no-store', 'max-age=60', False), ('no-cache', 'no-cache', 'max-age=60', False),
        ('an unknown directive', 'foobar, max-age=60', 'no-store', True), ('parameters', 'max-age=60;x=y', 'no-store', True),
        ('a large figure', 'max-age=2147483648', '', True), ('the largest', 'max-age=99999999999', '', True), ('not structured', 'max-age=60, &&&', 'no-store', False),
        ('not structured, fresh otherwise', '&&&', 'max-age=60', True), ('a string', 'max-age="60"', 'no-store', False), ('a decimal', 'max-age=60.0', 'no-store', False),
        ('blank before the sign', 'max-age =60', 'max-age=0', False), ('blank behind the sign', 'max-age= 60', 'max-age=0', False), ('empty', '', 'max-age=60', True)):
    (stored if same else asked)('9213 2', f'CDN-Cache-Control: {name}', said(others, f'CDN-Cache-Control: {own}'))
stored('9213 2.1', 'Expires does not count beside it', said(fields='CDN-Cache-Control: max-age=60|Expires: @-60|Date: @0'))
asked('9213 2.1', 'nor does it beside max-age=0', said(fields='CDN-Cache-Control: max-age=0|Expires: @60|Date: @0'))
asked('9213 2.1', 'Age counts', said(fields='CDN-Cache-Control: max-age=60|Age: 100'))
row('9213 2.1', 'on two lines', get('', said('no-store', 'CDN-Cache-Control: foo|CDN-Cache-Control: max-age=60')), hit())

# ---- RFC 9211: Cache-Status ----


def status(text):
    return lambda m: m.values('cache-status') and m.values('cache-status')[-1].startswith('prony; ' + text)


row('9211 2', 'a miss, then a hit', get('', FRESH, see=status('fwd=uri-miss')), hit(see=status('hit; ttl=')))
row('9211 2.2', 'another variant', get('Foo: 1', VARY), get('Foo: 2', VARY, see=status('fwd=vary-miss')))
row('9211 2.2', 'stale', get('', STALE), get('', CONFIRMED, status=200, of=1, see=status('fwd=stale')))
row('9211 2.2', 'the request wants it', get('', FRESH), get('Cache-Control: no-cache', FRESH, see=status('fwd=request')))
row('9211 2.2', 'the method', get('', said(), method='POST', body='x', see=status('fwd=method')))
row('9211 2.2', 'bypassed', get('If-Match: "a"', said(), see=status('fwd=bypass')))
row('9211 2.2', 'a part', FIRST, get('Range: bytes=5-7', part(5, 7), see=status('fwd=partial')))
row('9211 2.5', 'not stored', get('', said('private'), see=lambda m: 'detail=private' in m.values('cache-status')[-1]))
row('9211 2', 'behind others', get('', said('max-age=60', 'Cache-Status: other; hit')), hit(see=lambda m: len(m.values('cache-status')) == 2))
