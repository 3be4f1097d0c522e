// The `@example`s of the package, read from the types as they are published.

import { join } from "node:path";
import ts from "typescript";
import { root } from "./paths.mjs";

const ENTRIES = ["keyseal", "keyseal/frame", "keyseal/oauth", "keyseal/relay", "keyseal/server"];
const TYPES = ["", "frame/", "oauth/", "relay/", "server/"].map((path) =>
  join(root, `pkg/dist/${path}index.d.ts`),
);

/**
 * Everything public that can be called, and every accessor: functions, classes, and what classes have. Each with where
 * it is imported from, its name, and its example if it has one.
 *
 * @returns {{ entry: string, name: string, example: string | undefined }[]}
 */
export function publicMembers() {
  const options = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const program = ts.createProgram(TYPES, options);
  const checker = program.getTypeChecker();
  const members = new Map();
  for (const [at, path] of TYPES.entries()) {
    for (const exported of checker.getExportsOfModule(
      checker.getSymbolAtLocation(program.getSourceFile(path)),
    )) {
      const alias = exported.flags & ts.SymbolFlags.Alias;
      const { declarations = [] } = alias ? checker.getAliasedSymbol(exported) : exported;
      for (const { name, node } of declarations.flatMap((it) => withMembers(it, checker))) {
        // A getter and its setter are one member, and one of them has the example.
        const example = members.get(name)?.example ?? exampleOf(node);
        members.set(name, { entry: members.get(name)?.entry ?? ENTRIES[at], name, example });
      }
    }
  }
  return [...members.values()];
}

function withMembers(node, checker) {
  const name = node.name?.text;
  if (ts.isFunctionDeclaration(node)) return [{ name, node }];
  if (!ts.isClassDeclaration(node)) return [];
  const members = node.members
    .filter((member) => !isPrivate(member) && !isFact(member, checker))
    .map((member) => ({
      name: `${name}.${member.name?.getText() ?? "constructor"}`,
      node: member,
    }));
  return [{ name, node }, ...members];
}

function isPrivate(member) {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  const named = member.name && ts.isPrivateIdentifier(member.name);
  return named || (ts.getCombinedModifierFlags(member) & hidden) !== 0;
}

/** A field that is only read, such as an error's code. */
function isFact(member, checker) {
  if (!ts.isPropertyDeclaration(member)) return false;
  return checker.getTypeAtLocation(member).getCallSignatures().length === 0;
}

function exampleOf(node) {
  const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === "example");
  return tag && ts.getTextOfJSDocComment(tag.comment);
}
