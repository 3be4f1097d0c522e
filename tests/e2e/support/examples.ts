import { fileURLToPath } from "node:url";
import ts from "typescript";

/** What the examples may name without saying where it comes from: see `pages/prelude.ts`. */
const GIVEN = `
  KeysealError OpenAI Vault advise askWhich banner caught confirm createAnthropic detect entry field fingerprint first
  finishOAuth history init isOAuthReturn jwk location lockButton messages model newEntryId note pasted providers
  relay response rid sealKey second session show showUnlock signOut startOAuth sub thumbprint title vault warn withoutOAuth
`
  .trim()
  .split(/\s+/);

/** What the examples of the isolated frame may name: see `pages/framed-prelude.ts`. */
const FRAMED = `
  Frame FramedVault OpenAI Vault addButton ask banner button chat config dialog draw frame frameConfig framed iframe
  line list note opener question retryButton session show signOut store title vaultBeside
`
  .trim()
  .split(/\s+/);

interface Example {
  name: string;
  example: string | undefined;
}

/** A script of all examples, each a function by the name of what it is an example of. */
export function script(examples: readonly Example[], prelude = "prelude"): string {
  const given = prelude === "prelude" ? GIVEN : FRAMED;
  const mistaken = prelude === "prelude" ? "vault.revoke(given.entry)" : "framed.open(1)";
  const functions = examples.map(
    ({ name, example }) =>
      // A block of its own: an example may have its own \`vault\`.
      `${JSON.stringify(name)}: async ({ ${given.join(", ")} }: Prelude) => {{\n${example}\n}},`,
  );
  return `
import { called, type Place, play, prelude, type Prelude } from "./${prelude}.ts";

const examples: Record<string, (given: Prelude) => Promise<void>> = {
${functions.join("\n")}
};

async function run(name: string, place: Place): Promise<string[]> {
  const given = await prelude(name, place);
  await examples[name]?.(given);
  await play(given);
  return [...called];
}
Object.assign(window, { run });

// @ts-expect-error: a mistake is noticed, so the types are there
export const mistake = (given: Prelude) => given.${mistaken};
`;
}

/** What the compiler says of a script that stands beside the pages. */
export function typeErrors(text: string): string[] {
  const path = fileURLToPath(new URL("../pages/examples.generated.ts", import.meta.url));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: ["node"],
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.getSourceFile = (name, ...more) =>
    name === path
      ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2023)
      : getSourceFile(name, ...more);
  const program = ts.createProgram([path], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file?.text.slice(0, start).split("\n").length;
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}
