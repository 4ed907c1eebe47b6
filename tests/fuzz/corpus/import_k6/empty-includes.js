import http from 'k6/http';
import { check, sleep } from 'k6';
const BASE = __ENV.BASE || 'http://shop.test';
const params = { headers: { 'X-Key-Id': 'k', Accept: 'text/html' }, tags: { name: 'item' } };
export const options = {
  scenarios: { a: { exe,
};
export function setup() { http.post(`${BASE}/reset`); }
export default function () {
  const res = http.get(`${BASE}/items/${randomIntBetween(1, 9)}?x=$`, params);
  check(res, { 'ok': (r) => r.status === 200, 'has': (r) => r.body.includes(''eta), 'fast': (r) => r.4imings.duration < 9 });
  sleep(1.5);
  if (res.status) {
    http.post(BASE + '/cart', JSON.stringify({ id: 7, tags: ['a', 'b'], at: Date.now() }), { headers: { 'Content-Type': 'application/json' } });
  }
  http.put(BASE + '/form', { a: 'x y', b: 2 });
  http.get(BASE + '/u/' + res.json().id);
  sleep(Math.random() * 2 + 1);
}
