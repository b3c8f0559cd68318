// Runs Crossfade's compiled rules in Node and in browsers: the same module as the server runs, and the same decisions.

import { Memory } from "./memory.js";
import { METADATA_SECTION, REASONS, Tag, VERSION } from "./record.js";

/** A module that is no program, or one of another version. */
export class LoadError extends Error {
  name = "LoadError";
}

/** A question that no program could answer. */
export class UnknownVariableError extends Error {
  name = "UnknownVariableError";
  /** OpenFeature's code for it. */
  code = "FLAG_NOT_FOUND";
}

/**
 * Loads a program that `crossfade build` wrote.
 *
 * @param {BufferSource | WebAssembly.Module | Response | Promise<Response>} source
 * @returns {Promise<Program>}
 */
export async function load(source) {
  const module = await compile(await source);
  const program = new Program(module, metadata(module));
  await program.start();
  return program;
}

async function compile(source) {
  if (source instanceof WebAssembly.Module) return source;
  try {
    if (typeof Response !== "undefined" && source instanceof Response) {
      if (!source.ok) throw new LoadError(`the program could not be fetched: ${source.status} ${source.statusText}`);
      return await WebAssembly.compile(await source.arrayBuffer());
    }
    return await WebAssembly.compile(source);
  } catch (cause) {
    if (cause instanceof LoadError) throw cause;
    throw new LoadError("not a valid WebAssembly module", { cause });
  }
}

function metadata(module) {
  const [section] = WebAssembly.Module.customSections(module, METADATA_SECTION);
  if (section === undefined) throw new LoadError("the module is not a Crossfade program: it has no metadata");
  if (WebAssembly.Module.imports(module).length > 0) {
    throw new LoadError("the module is not a Crossfade program: it has imports");
  }
  let read;
  try {
    read = JSON.parse(new TextDecoder().decode(section));
  } catch (cause) {
    throw new LoadError("the module's metadata is not valid", { cause });
  }
  if (read.abi !== VERSION) {
    throw new LoadError(`the module is of format ${read.abi}; this is format ${VERSION}`);
  }
  return read;
}

/** Compiled rules, ready to decide. Not for several threads at once: each worker loads its own. */
export class Program {
  #module;
  #metadata;
  #slots;
  #variables;
  #running;

  /** Called by `load`. */
  constructor(module, metadata) {
    this.#module = module;
    this.#metadata = metadata;
    const names = new Set(metadata.slots.map((slot) => slot.name));
    this.#slots = metadata.slots.map((slot) => ({
      name: slot.name,
      // OpenFeature's name for the subject of an evaluation, which rules know by another.
      alias: slot.name === "user_id" && !names.has("targetingKey") ? "targetingKey" : undefined,
      type: slot.type,
      list: slot.list === true,
      bucketed: slot.bucketed === true,
      word: slot.at >> 2,
    }));
    this.#variables = new Map(
      metadata.variables.map((variable) => [
        variable.key,
        { ...variable, index: variable.feature, feature: metadata.features[variable.feature] },
      ]),
    );
  }

  /** The hash of the rules' sources. */
  get version() {
    return this.#metadata.version;
  }

  /** The keys of all variables. */
  get variables() {
    return [...this.#variables.keys()];
  }

  /** The attributes that the rules read. */
  get attributes() {
    return this.#slots.map(({ name, type, list }) => ({ name, type, list }));
  }

  /** Gives the program a new memory. */
  async start() {
    this.#adopt(await WebAssembly.instantiate(this.#module, {}));
  }

  /**
   * Decides one variable.
   *
   * @param {string} key
   * @param {object} context attributes by name
   * @param {{ now?: number | Date }} [options]
   */
  decide(key, context, options) {
    const variable = this.#variables.get(key);
    if (variable === undefined) throw new UnknownVariableError(`there is no variable \`${key}\``);
    const fault = this.#prepare(context, options);
    if (fault !== undefined) return failed(variable, fault);
    try {
      return name(variable, Number(this.#running.decide(variable.index)));
    } catch {
      return failed(variable, this.#trapped());
    }
  }

  /** Decides all variables, evaluating each feature once: decisions by key. */
  decideAll(context, options) {
    const fault = this.#prepare(context, options) ?? this.#decideAll();
    if (fault !== undefined) return this.#each((variable) => failed(variable, fault));
    const { memory } = this.#running;
    return this.#each((variable) => name(variable, memory.answer(this.#metadata.results + variable.index * 8)));
  }

  /**
   * The attributes of this context whose values break their declaration, and so count as missing. Of those that are read as
   * timestamps or versions, only what a rule asks for is known.
   */
  mistyped(context, options) {
    const mistyped = [];
    if ((this.#prepare(context, options, mistyped) ?? this.#decideAll()) !== undefined) return mistyped;
    const broken = this.#slots.filter((slot) => this.#running.memory.tag(slot.word) === Tag.BROKEN);
    return [...mistyped, ...broken.map((slot) => slot.name)];
  }

  #each(decision) {
    const decisions = {};
    for (const [key, variable] of this.#variables) decisions[key] = decision(variable);
    return decisions;
  }

  /** Writes the context, into a new memory where the last call failed. What is wrong, if anything is. */
  #prepare(context, options, mistyped) {
    const now = moment(options?.now);
    if (this.#running === undefined) {
      try {
        this.#adopt(new WebAssembly.Instance(this.#module, {}));
      } catch {
        return "NO_INSTANCE";
      }
    }
    try {
      this.#running.memory.write(this.#slots, context ?? {}, now, mistyped);
      return undefined;
    } catch (error) {
      this.#running = undefined;
      if (error instanceof RangeError) return "CONTEXT_TOO_LARGE";
      throw error;
    }
  }

  #decideAll() {
    try {
      this.#running.decide_all();
      return undefined;
    } catch {
      return this.#trapped();
    }
  }

  #trapped() {
    this.#running = undefined;
    return "TRAP";
  }

  #adopt(instance) {
    const { memory, decide, decide_all } = instance.exports;
    if (!(memory instanceof WebAssembly.Memory) || typeof decide !== "function" || typeof decide_all !== "function") {
      throw new LoadError("the module is not a Crossfade program: it does not export what programs do");
    }
    this.#running = { memory: new Memory(memory, this.#metadata.room), decide, decide_all };
  }
}

/** The moment in whole milliseconds. */
function moment(now) {
  if (now === undefined) return Date.now();
  const milliseconds = Math.floor(Number(now));
  if (!Number.isSafeInteger(milliseconds)) throw new TypeError("`now` is no moment: milliseconds since the Unix epoch, or a date");
  return milliseconds;
}

/** Puts names to an answer for the variable's feature. */
function name(variable, packed) {
  const { feature } = variable;
  const variation = packed & 0xffff;
  const rule = (packed >>> 16) & 0xffff;
  const reason = REASONS[Math.floor(packed / 2 ** 32)];
  if (reason === undefined || variation >= feature.variations.length || rule > feature.rules.length) {
    return failed(variable, "NONSENSE");
  }
  return {
    key: variable.key,
    value: variable.values[variation],
    variant: feature.variations[variation],
    reason,
    feature: feature.name,
    rule: rule === 0 ? null : feature.rules[rule - 1].name,
  };
}

/** The default, because evaluation failed. */
function failed(variable, fault) {
  const { feature } = variable;
  return {
    key: variable.key,
    value: variable.values[feature.default],
    variant: feature.variations[feature.default],
    reason: "ERROR",
    feature: feature.name,
    rule: null,
    fault,
  };
}
