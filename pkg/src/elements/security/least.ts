/** The fewest characters of a new passphrase; with fewer the vault itself refuses it, too. */
export const LEAST_CHARACTERS = 8;
