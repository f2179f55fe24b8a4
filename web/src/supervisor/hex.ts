const IN_LINE = 16;

/** Bytes as they are read in a debugger: where, sixteen of them, and their letters where they are any. */
export function hexDump(hex: string, most: number): string {
  const bytes = (hex.slice(0, most * 2).match(/../g) ?? []).map((two) => parseInt(two, 16));
  const lines: string[] = [];
  for (let from = 0; from < bytes.length; from += IN_LINE) {
    const some = bytes.slice(from, from + IN_LINE);
    const two = some.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = some.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${from.toString(16).padStart(4, "0")}  ${two.padEnd(IN_LINE * 3 - 1)}  ${letters}`);
  }
  return lines.join("\n");
}
