// Without letters that are taken for each other when read out or written down.
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
const GROUPS = 4;
const IN_GROUP = 5;

/** A password nobody has thought of: 20 letters of 31, as xxxxx-xxxxx-xxxxx-xxxxx; about 99 bits. */
export function makePassword(): string {
  const letters: string[] = [];
  while (letters.length < GROUPS * IN_GROUP) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      // 248 is the largest multiple of 31 below 256: without the rest all letters are as likely.
      if (byte < 248 && letters.length < GROUPS * IN_GROUP) letters.push(LETTERS.charAt(byte % LETTERS.length));
    }
  }
  return Array.from({ length: GROUPS }, (_, group) => letters.slice(group * IN_GROUP, (group + 1) * IN_GROUP).join("")).join("-");
}
