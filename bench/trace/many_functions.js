// SPDX-License-Identifier: MIT
// Spends its time in three hundred functions of all sizes, some optimised, some interpreted.
const functions = [];
for (let i = 0; i < 300; i++)
  functions.push(new Function('next', `return function work${i}(depth) {
    let t = 0;
    for (let k = 0; k < ${50 + i * 7}; k++) t += Math.sqrt(k * ${i + 1}) % 7;
    if (depth === 0)
      return t + JSON.stringify({ t, depth }).length;
    return t + next((depth * 31 + ${i * 17}) % 300)(depth - 1);
  };`)((n) => functions[n]));
let at = 0;
setInterval(() => {
  const until = Date.now() + 50;
  while (Date.now() < until) functions[at++ % 300](12);
}, 1);
