// Which keys run which command: those that come with the program, and what the user made of them.
import { COMMANDS, type CommandId } from "../words/commands";
import type { Settings } from "./settings.svelte";

/** Keys that are no longer what the program thought of, and mean the same. */
const ALSO: Partial<Record<string, CommandId>> = { "Ctrl+PageDown": "next-tab", "Ctrl+PageUp": "previous-tab" };

/** The keys. */
export class Keymap {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  readonly #commands = $derived.by((): ReadonlyMap<string, CommandId> => {
    const made = new Map(Object.entries(ALSO) as [string, CommandId][]);
    for (const { id } of COMMANDS) if (this.keysOf(id) !== "") made.set(this.keysOf(id), id);
    return made;
  });

  /** The keys of a command; an empty text: none. */
  keysOf(id: CommandId): string {
    return this.#settings.keys[id] ?? COMMANDS.find((one) => one.id === id)?.keys ?? "";
  }

  /** The command that has these keys. */
  commandOf(chord: string): CommandId | null {
    return this.#commands.get(chord) ?? null;
  }

  /** The user made them other ones. */
  isChanged(id: CommandId): boolean {
    return this.#settings.keys[id] !== undefined;
  }

  /** Gives a command these keys; whoever had them has none then. */
  set(id: CommandId, chord: string): void {
    const other = this.commandOf(chord);
    const keys = { ...this.#settings.keys, [id]: chord };
    if (other !== null && other !== id && chord !== "") keys[other] = "";
    this.#settings.setKeys(keys);
  }

  /** Gives a command the keys that it came with. */
  reset(id: CommandId): void {
    const { [id]: _, ...keys } = this.#settings.keys;
    this.#settings.setKeys(keys);
  }
}
