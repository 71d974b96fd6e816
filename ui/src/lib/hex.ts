// Bytes as they cross from the engine, and as people read them.

/** The bytes that two hexadecimal digits each stand for. */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}

/** One line of a hex view. */
export interface HexRow {
  offset: string;
  hex: string;
  text: string;
}

/** Sixteen bytes a line, in two groups; what is no printable ASCII is a dot. */
export function hexRows(bytes: Uint8Array, from: number): HexRow[] {
  const rows: HexRow[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const line = [...bytes.subarray(at, at + 16)];
    const digits = line.map((byte) => byte.toString(16).padStart(2, "0"));
    rows.push({
      offset: (from + at).toString(16).padStart(8, "0"),
      hex: `${digits.slice(0, 8).join(" ")}  ${digits.slice(8).join(" ")}`.padEnd(49),
      text: line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join(""),
    });
  }
  return rows;
}
