"use strict";

// Text of strangers, labels and file names: what a page would obey or not show becomes
// visible, as \x1b or \u202e. The rule is that of arm_kernel/python/bifsmn_engine/printable.py.
const HIDDEN = new RegExp(
  "[\\0-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f" +
    "\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ud800-\\udfff" +
    "\\ufe00-\\ufe0d\\ufeff\\uffa0\\ufff0-\\ufffb\\u{1bca0}-\\u{1bca3}" +
    "\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]",
  "gu",
);

function printable(text) {
  const hex = (code, digits) => code.toString(16).padStart(digits, "0");
  return text.replace(HIDDEN, (character) => {
    const code = character.codePointAt(0);
    if (code < 0x100) return `\\x${hex(code, 2)}`;
    return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  });
}
