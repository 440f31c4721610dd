// The puzzle that keeps floods away from the page without log-in: find a number so that the
// SHA-256 of "ticket:number" begins with enough zero bits. Written out, because the browser's own
// digest is only there on https. Without JavaScript the page works as well, only slower.
"use strict";
(function () {
  var K = [], PRIMES = [], n = 2;
  function fraction(x) { return ((x - Math.floor(x)) * 4294967296) | 0; }
  while (K.length < 64) {
    var prime = true;
    for (var i = 0; i < PRIMES.length && PRIMES[i] * PRIMES[i] <= n; i += 1) {
      if (n % PRIMES[i] === 0) { prime = false; break; }
    }
    if (prime) { PRIMES.push(n); K.push(fraction(Math.pow(n, 1 / 3))); }
    n += 1;
  }
  var H = PRIMES.slice(0, 8).map(function (p) { return fraction(Math.sqrt(p)); });

  // The first 32 bits of the digest of a short ASCII text.
  function head(text) {
    var length = text.length, blocks = ((length + 8) >> 6) + 1, words = new Int32Array(blocks * 16);
    for (var i = 0; i < length; i += 1) { words[i >> 2] |= text.charCodeAt(i) << (24 - (i % 4) * 8); }
    words[length >> 2] |= 0x80 << (24 - (length % 4) * 8);
    words[blocks * 16 - 1] = length * 8;
    var h = H.slice(), w = new Int32Array(64);
    for (var at = 0; at < words.length; at += 16) {
      var a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
      for (var j = 0; j < 64; j += 1) {
        if (j < 16) {
          w[j] = words[at + j];
        } else {
          var x = w[j - 15], y = w[j - 2];
          var s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
          var s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
          w[j] = (w[j - 16] + s0 + w[j - 7] + s1) | 0;
        }
        var S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        var t1 = (k + S1 + ((e & f) ^ (~e & g)) + K[j] + w[j]) | 0;
        var S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        var t2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        k = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      h = [h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e, h[5] + f, h[6] + g, h[7] + k]
        .map(function (v) { return v | 0; });
    }
    return h[0] >>> 0;
  }

  var form = document.getElementById("letter");
  if (!form) { return; }
  var ticket = form.elements.ticket.value, bits = Number(form.dataset.bits), number = 0;
  var limit = Math.pow(2, 32 - bits), solved = false, pressed = false;
  function search() {
    var until = Date.now() + 30;
    while (Date.now() < until) {
      for (var i = 0; i < 200; i += 1) {
        if (head(ticket + ":" + number) < limit) {
          form.elements.work.value = String(number);
          solved = true;
          if (pressed) { form.submit(); }
          return;
        }
        number += 1;
      }
    }
    setTimeout(search, 0);
  }
  // It is solved while the letter is being written; whoever is faster waits a moment.
  search();
  form.addEventListener("submit", function (event) {
    var button = form.querySelector("button");
    if (!solved) {
      event.preventDefault();
      pressed = true;
      button.disabled = true;
      button.textContent = form.dataset.working;
    }
  });
})();
