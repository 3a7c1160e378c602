// SPDX-License-Identifier: ISC
// The pages that the page reader is measured with: those of pages.txt, and more that are made, always the same. Each is {name, type, bytes};
// `type` is what HTTP says, undefined for nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../site/harness.mjs';

function fromFile() {
  const text = readFileSync(join(root, 'tests/pages/pages.txt'), 'utf8');
  return text.split(/^=== /m).slice(1).map((part) => {
    const [head, ...body] = part.split('\n');
    const [name, type] = head.split('|').map((s) => s.trim());
    const bytes = [...body.join('\n').replace(/\n$/, '').matchAll(/\\x([0-9a-f]{2})|([^\\]+|\\)/gs)]
      .map(([, hex, plain]) => (hex ? Buffer.from(hex, 'hex') : Buffer.from(plain)));
    return { name, type: type || undefined, bytes: Buffer.concat(bytes) };
  });
}

// ---- encodings ----

// Bytes for characters, by turning a decoder around.
const encoders = new Map();
function encode(text, encoding) {
  if (encoding === 'iso-2022-jp') {
    return Buffer.concat(text.split(/([^\0-\x7f]+)/).map((part, i) => (i % 2 === 0 ? Buffer.from(part) :
      Buffer.concat([Buffer.from('\x1b$B'), Buffer.from([...encode(part, 'euc-jp')].map((b) => b & 0x7f)), Buffer.from('\x1b(B')]))));
  }
  if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le');
  if (!encoders.has(encoding)) {
    const map = new Map();
    const decoder = new TextDecoder(encoding);
    for (let a = 0x80; a < 0x100; a++) {
      for (let b = 0x40; b < 0x100; b++) {
        const c = decoder.decode(Uint8Array.of(a, b));
        if ([...c].length === 1 && c !== '\ufffd' && !map.has(c)) map.set(c, Buffer.of(a, b));
      }
    }
    for (let a = 0xff; a > 0; a--) {
      const c = decoder.decode(Uint8Array.of(a));
      if (c.length === 1 && c !== '\ufffd') map.set(c, Buffer.of(a));
    }
    encoders.set(encoding, map);
  }
  return Buffer.concat([...text].map((c) => encoders.get(encoding).get(c) || Buffer.from('?')));
}

const texts = {
  western: 'Bäckerei und Café „Zur Mühle“ – täglich frisch, 5 € das Brot, élève, año, façade',
  central: 'Pekařství Žižkov: čerstvý chléb každý den, łódź i gęś, őrült kenyér, şi pâine',
  baltic: 'Maizes ceptuve Rīgā, šķēle, žemaitiška duona, ąžuolas, õhtul',
  turkish: 'Fırın İstanbul: taze ekmek, çörek, şeker, ığdır, gözleme, üzüm',
  cyrillic: 'Пекарня «Адлер»: хлеб и булочки каждое утро, с 1902 года',
  greek: 'Φούρνος Αδλερ: ψωμί και κουλούρια κάθε πρωί, από το 1902',
  hebrew: 'מאפיית אדלר לחם ולחמניות כל בוקר',
  arabic: 'مخبز أدلر خبز طازج كل صباح',
  thai: 'ร้านขนมปัง อบสดทุกเช้า',
  vietnamese: 'Tiệm bánh',
  japanese: '港町のパン屋です。毎朝、天然酵母のパンを焼いています。カタカナ',
  chinese: '海港小镇的家庭面包店，每天清晨烘焙黑麦面包。',
  taiwan: '海港小鎮的家庭麵包店，每天清晨烘焙黑麥麵包。',
  korean: '항구 마을의 가족 빵집, 매일 아침 호밀빵을 굽습니다.',
};
const written = {
  western: 'windows-1252 latin1 iso-8859-1 ascii iso-8859-15 l9 macintosh x-mac-roman cp819',
  central: 'iso-8859-2 latin2 windows-1250 x-cp1250',
  baltic: 'windows-1257 iso-8859-13 iso-8859-4 l4 iso-8859-10',
  turkish: 'iso-8859-9 latin5 windows-1254 iso-8859-3',
  cyrillic: 'koi8-r koi8_r koi8-u windows-1251 x-cp1251 iso-8859-5 cyrillic cp866 x-mac-cyrillic x-mac-ukrainian',
  greek: 'iso-8859-7 greek windows-1253 ecma-118',
  hebrew: 'windows-1255 iso-8859-8-i logical iso-8859-8 visual',
  arabic: 'windows-1256 iso-8859-6 asmo-708',
  thai: 'tis-620 windows-874 dos-874 iso-8859-11',
  vietnamese: 'windows-1258',
  japanese: 'shift_jis sjis x-sjis ms_kanji windows-31j euc-jp x-euc-jp iso-2022-jp csiso2022jp',
  chinese: 'gbk gb2312 gb_2312-80 x-gbk chinese gb18030',
  taiwan: 'big5 x-x-big5 big5-hkscs cn-big5',
  korean: 'euc-kr korean ks_c_5601-1987 windows-949',
};

function inEncodings() {
  const pages = [];
  for (const [language, labels] of Object.entries(written)) {
    labels.split(' ').forEach((label, i) => {
      const encoding = new TextDecoder(label).encoding;
      const body = encode(`<title>${texts[language]}</title><h1>${texts[language]}</h1><p>${texts[language]} (${label})`, encoding);
      const [type, meta] = [[`text/html; charset=${label}`, ''], ['text/html', `<meta charset="${label}">`],
        ['text/html', `<meta http-equiv="Content-Type" content="text/html; charset=${label.toUpperCase()}">`]][i % 3];
      pages.push({ name: `encoding-${label}`, type, bytes: Buffer.concat([Buffer.from(meta), body]) });
    });
  }
  pages.push({ name: 'encoding-utf-16le-mark', type: 'text/html', bytes: Buffer.concat([Buffer.of(0xff, 0xfe), encode(`<title>${texts.greek}</title><p>${texts.thai}`, 'utf-16le')]) });
  return pages;
}

// ---- tags and styles in disorder ----

function made(seed) {
  let state = seed * 2654435761 >>> 0;
  const below = (n) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor(state / 4294967296 * n); };
  const one = (list) => list[below(list.length)];
  let word = 0;
  const words = () => Array.from({ length: 1 + below(4) }, () => `w${seed}x${word++}`).join(' ');
  const names = ['alpha', 'beta', 'gamma', 'delta'];
  const shows = ['display:none', 'display:block', 'display:inline', 'visibility:hidden', 'visibility:visible', 'display:flex', 'border:none', 'overflow:hidden',
    'display:none!important', 'color:red', 'DISPLAY : BLOCK', 'list-style:none', 'float:left', 'position:absolute'];
  const selectors = () => Array.from({ length: 1 + below(2) }, () => one([
    () => `.${one(names)}`, () => `#i${below(6)}`, () => one(['p', 'div', 'span', 'b', 'li']), () => `${one(['div', 'p', 'ul'])} .${one(names)}`,
    () => `div > ${one(['p', 'span', `.${one(names)}`])}`, () => `.${one(names)}.${one(names)}`, () => `[title="${one(names)}"]`,
    () => `p:not(.${one(names)})`, () => `.${one(names)}:hover`, () => `.${one(names)} + p`])()).join(', ');
  const attributes = () => [
    below(3) ? '' : ` class="${one(names)}${below(2) ? ` ${one(names)}` : ''}"`, below(6) ? '' : ` id=i${below(6)}`, below(6) ? '' : ` style="${one(shows)};${one(shows)}"`,
    below(10) ? '' : ` title="${one(names)}"`, below(20) ? '' : ' hidden'].join('');
  const inline = ['b', 'i', 'span', 'em', 'a', 'u', 'font', 'strong'];
  const block = ['p', 'div', 'ul', 'li', 'section', 'blockquote', 'table', 'tr', 'td', 'dl', 'dt', 'dd', 'h1', 'h2', 'h4', 'article', 'center', 'pre', 'details', 'summary', 'fieldset', 'header'];
  const open = [];
  let html = below(2) ? '<!DOCTYPE html>' : '';
  html += `<title>${words()}</title><style>${Array.from({ length: below(5) }, () => `${selectors()}{${one(shows)};${one(shows)}}`).join('')}</style>`;
  for (let i = 0; i < 60; i++) {
    const kind = below(10);
    if (kind < 4) html += one([' ', '', '\n']) + words();
    else if (kind < 6) { const tag = one(inline); open.push(tag); html += `<${tag}${attributes()}>`; }
    else if (kind < 8) { const tag = one(block); open.push(tag); html += `<${tag}${attributes()}>`; }
    else if (kind < 9 && open.length) html += `</${below(4) ? open.pop() : one(open)}>`;
    else html += one(['<br>', '<hr>', '<!-- c -->', '<script>var x = "<p>"</script>', '<img alt=x>', '</p>', '</div>', '<p', '&amp;', '&eacute', '<style>.alpha{color:red}</style>', '<noscript>n</noscript>']);
  }
  return { name: `made-${seed}`, type: 'text/html; charset=utf-8', bytes: Buffer.from(html) };
}

export const pages = [...fromFile(), ...inEncodings(), ...Array.from({ length: 80 }, (_, i) => made(i + 1))];
