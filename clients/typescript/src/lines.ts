// Bytes into lines. Lines are cut as bytes and decoded whole, since a chunk of a pipe may end in the
// midst of a character.

const LF = 0x0a;

export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #nBytes = 0;

  /** A line of more than `maxBytes` makes `push` throw a `RangeError`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Take a chunk; return the lines that it completes, without their LF. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts));
      this.#parts = [];
      this.#nBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#nBytes += part.length;
    if (this.#nBytes > this.#maxBytes) {
      throw new RangeError(`a line of more than ${this.#maxBytes} bytes`);
    }
  }
}
