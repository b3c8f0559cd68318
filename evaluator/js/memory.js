// A context on its way into a module's memory, as evaluator/src/program/slots.rs writes it.

import { FREE, HASH, HEAD, LENGTH, NOW, RECORD_BYTES, TAG, TEXT, Tag, VALUE } from "./record.js";

const PAGE_BYTES = 65_536;
const WORD = 2 ** 32;
const encoder = new TextEncoder();

/** The longest text that is tried byte by byte before the encoder is asked. */
const SHORT = 64;

/** A module's memory, with views that follow its growth. */
export class Memory {
  #memory;
  #room;
  #free = 0;
  #bytes;
  #words;
  #doubles;

  /**
   * @param {WebAssembly.Memory} memory
   * @param {number} room where a context's strings and lists may lie, up to the memory's end
   */
  constructor(memory, room) {
    this.#memory = memory;
    this.#room = room;
    this.#look();
  }

  /**
   * Replaces the context in memory.
   *
   * @param {import("./index.js").Slot[]} slots
   * @param {object} context
   * @param {number} now milliseconds since the Unix epoch
   * @param {string[] | undefined} mistyped is given the names of attributes whose values broke their declaration
   */
  write(slots, context, now, mistyped) {
    // A memory that has grown leaves its old views with nothing in them.
    if (this.#bytes.length === 0) this.#look();
    this.#free = this.#room;
    this.#long(NOW >> 2, now);
    for (let position = 0; position < slots.length; position++) {
      const slot = slots[position];
      let value = context[slot.name];
      if ((value === undefined || value === null) && slot.alias !== undefined) value = context[slot.alias];
      if (value === undefined || value === null) {
        this.#missing(slot.word);
      } else if (!(slot.list ? this.#list(slot, value) : this.#scalar(slot, slot.word, value))) {
        this.#missing(slot.word);
        mistyped?.push(slot.name);
      }
    }
    this.#long(FREE >> 2, this.#free);
  }

  /** The tag of the record at a word. */
  tag(word) {
    return this.#words[word + TAG];
  }

  /** An answer of `decide_all`, as a number. */
  answer(address) {
    const word = address >> 2;
    if (this.#bytes.length === 0) this.#look();
    return this.#words[word + 1] * WORD + (this.#words[word] >>> 0);
  }

  #look() {
    const { buffer } = this.#memory;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  /** Makes sure that so many bytes are free. Throws a RangeError where the memory cannot grow so far. */
  #need(bytes) {
    const missing = this.#free + bytes - this.#bytes.length;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#look();
  }

  #missing(word) {
    this.#words[word + TAG] = Tag.MISSING;
    this.#words[word + LENGTH] = -1;
  }

  /** A whole number of up to 53 bits and a sign, as 64 bits. */
  #long(word, value) {
    this.#words[word] = value | 0;
    this.#words[word + 1] = Math.floor(value / WORD);
  }

  /** A whole number as 64 bits. */
  #integer(word, tag, value) {
    this.#words[word + TAG] = tag;
    this.#words[word + LENGTH] = 0;
    if (Number.isSafeInteger(value)) {
      this.#long(word + VALUE, value);
    } else {
      const bits = BigInt(value);
      this.#words[word + VALUE] = Number(BigInt.asIntN(32, bits));
      this.#words[word + VALUE + 1] = Number(BigInt.asIntN(32, bits >> 32n));
    }
  }

  #list(slot, value) {
    if (!Array.isArray(value)) return false;
    this.#need(value.length * RECORD_BYTES);
    const first = this.#free;
    this.#free += value.length * RECORD_BYTES;
    for (let position = 0; position < value.length; position++) {
      const element = value[position];
      if (element === null || element === undefined) return false;
      if (!this.#scalar(slot, (first + position * RECORD_BYTES) >> 2, element)) return false;
    }
    this.#words[slot.word + TAG] = Tag.LIST;
    this.#words[slot.word + LENGTH] = value.length;
    this.#words[slot.word + VALUE] = first;
    this.#words[slot.word + VALUE + 1] = 0;
    return true;
  }

  /** Writes a record; false where the value is not of the declared type. */
  #scalar(slot, word, value) {
    switch (slot.type) {
      case "string":
        return typeof value === "string" && this.#string(word, Tag.STRING, value);
      case "bool":
        if (typeof value !== "boolean") return false;
        this.#words[word + TAG] = value ? Tag.TRUE : Tag.FALSE;
        this.#words[word + LENGTH] = 0;
        return true;
      case "int":
        if (!isWhole(value) || value < -(2 ** 63) || value >= 2 ** 63) return false;
        this.#integer(word, Tag.INT, value);
        if (slot.bucketed) this.#text(word, BigInt(value).toString());
        return true;
      case "uint":
        if (!isWhole(value) || value < 0 || value >= 2 ** 64) return false;
        this.#integer(word, Tag.UINT, value);
        if (slot.bucketed) this.#text(word, BigInt(value).toString());
        return true;
      case "double":
        if (typeof value !== "number" && typeof value !== "bigint") return false;
        this.#words[word + TAG] = Tag.DOUBLE;
        this.#words[word + LENGTH] = 0;
        this.#doubles[(word + VALUE) >> 1] = Number(value);
        if (slot.bucketed) this.#text(word, String(Number(value)));
        return true;
      case "timestamp":
        if (value instanceof Date && !Number.isNaN(value.getTime())) value = value.toISOString();
        return typeof value === "string" && this.#string(word, Tag.TIMESTAMP_TEXT, value);
      case "semver":
        return typeof value === "string" && this.#string(word, Tag.SEMVER_TEXT, value);
      default:
        return false;
    }
  }

  /** A number's text beside it, for buckets. */
  #text(word, text) {
    this.#need(text.length + 8);
    const at = this.#free;
    encoder.encodeInto(text, this.#bytes.subarray(at));
    this.#words[word + TEXT] = at;
    this.#words[word + TEXT + 1] = text.length;
    this.#pad(at, text.length);
  }

  /** A record of a string: up to eight bytes stand in the record itself, more in the room. */
  #string(word, tag, text) {
    const length = text.length <= 8 ? this.#head(word, text) : -1;
    if (length >= 0) {
      this.#words[word + VALUE] = (word + HEAD) << 2;
      this.#words[word + LENGTH] = length;
    } else {
      this.#longString(word, text);
    }
    this.#words[word + TAG] = tag;
    this.#words[word + VALUE + 1] = 0;
    this.#words[word + HASH] = 0;
    this.#words[word + HASH + 1] = 0;
    return true;
  }

  /** Up to eight characters of ASCII, padded with zeros; -1 where the text has others. */
  #head(word, text) {
    let low = 0;
    let high = 0;
    for (let position = 0; position < text.length; position++) {
      const code = text.charCodeAt(position);
      if (code > 0x7f) return -1;
      if (position < 4) low |= code << (position * 8);
      else high |= code << ((position - 4) * 8);
    }
    this.#words[word + HEAD] = low;
    this.#words[word + HEAD + 1] = high;
    return text.length;
  }

  /** A text that has more than eight bytes, or may have. */
  #longString(word, text) {
    // No character of a JavaScript string takes more than three bytes for each of its units.
    this.#need(text.length * 3 + 8);
    const at = this.#free;
    const length = this.#encode(at, text);
    this.#pad(at, length);
    this.#words[word + LENGTH] = length;
    this.#words[word + HEAD] = this.#words[at >> 2];
    this.#words[word + HEAD + 1] = this.#words[(at >> 2) + 1];
    if (length > 8) {
      this.#words[word + VALUE] = at;
    } else {
      this.#words[word + VALUE] = (word + HEAD) << 2;
      this.#free = at;
    }
  }

  /** Writes a text at an address as UTF-8; how many bytes that took. */
  #encode(at, text) {
    if (text.length <= SHORT) {
      const bytes = this.#bytes;
      let position = 0;
      for (; position < text.length; position++) {
        const code = text.charCodeAt(position);
        if (code > 0x7f) break;
        bytes[at + position] = code;
      }
      if (position === text.length) return position;
    }
    return encoder.encodeInto(text, this.#bytes.subarray(at)).written;
  }

  /** Zeros up to the next multiple of eight, which is free from then on. */
  #pad(at, length) {
    const end = at + ((length + 7) & ~7);
    for (let zero = at + length; zero < end; zero++) this.#bytes[zero] = 0;
    this.#free = end;
  }
}

/** A number that is whole is an int however it was written: JSON knows no difference between 5 and 5.0. */
function isWhole(value) {
  return typeof value === "bigint" || Number.isInteger(value);
}
