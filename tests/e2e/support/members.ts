import { fileURLToPath } from "node:url";
import ts from "typescript";

const dist = fileURLToPath(new URL("../../../pkg/dist/", import.meta.url));

/**
 * All that a module gives to whoever imports it, read from its declarations: functions by name, and
 * members of classes and of the interfaces named as `Class.member`.
 */
export function membersOf(file: string, interfaces: readonly string[] = []): string[] {
  const program = ts.createProgram([dist + file], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    skipLibCheck: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(dist + file);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${file} declares nothing`);
  const found = checker.getExportsOfModule(module).flatMap((exported) => {
    const alias = exported.flags & ts.SymbolFlags.Alias;
    const symbol = alias ? checker.getAliasedSymbol(exported) : exported;
    const { name } = exported;
    if (symbol.flags & ts.SymbolFlags.Class || interfaces.includes(name)) {
      const own = [...(symbol.members ?? []), ...(symbol.exports ?? [])];
      const names = own.map(([member]) => String(member)).filter(isPublic);
      return names.map((member) => `${name}.${member}`);
    }
    return symbol.flags & ts.SymbolFlags.Value ? [name] : [];
  });
  return found.sort();
}

/** Constructors are asked through what they make; the others no script can name. */
const isPublic = (name: string) => !/^__|^#|^prototype$/.test(name);
