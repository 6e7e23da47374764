// Writes the package to dist: ES modules and CommonJS, each with its types.
//     node build.mjs [DIRECTORY]
// The compiler is that of the web interface.
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const schema = join(here, "src/schema.d.ts");
const output = resolve(process.argv[2] ?? join(here, "dist"));
const FORMATS = [
  {
    name: "esm",
    type: "module",
    options: ["--module", "ES2022", "--moduleResolution", "Bundler"],
  },
  {
    name: "cjs",
    type: "commonjs",
    options: ["--module", "CommonJS", "--moduleResolution", "Node10"],
  },
];

if (!existsSync(schema)) {
  console.error("The types of the contract are missing. Run 'make sdk-js'.");
  process.exit(1);
}
const tsc = createRequire(join(here, "../../web/package.json")).resolve(
  "typescript/bin/tsc",
);
copyFileSync(join(here, "../../LICENSE"), join(here, "LICENSE"));
rmSync(output, { recursive: true, force: true });
for (const { name, type, options } of FORMATS) {
  const directory = join(output, name);
  mkdirSync(directory, { recursive: true });
  const emitted = [
    "--noEmit",
    "false",
    "--declaration",
    "--verbatimModuleSyntax",
    "false",
    "--isolatedModules",
  ];
  const arguments_ = [
    tsc,
    "-p",
    here,
    "--outDir",
    directory,
    "--rootDir",
    join(here, "src"),
    ...emitted,
    ...options,
  ];
  execFileSync(process.execPath, arguments_, { stdio: ["ignore", 2, 2] });
  copyFileSync(schema, join(directory, "schema.d.ts"));
  writeFileSync(
    join(directory, "package.json"),
    `${JSON.stringify({ type })}\n`,
  );
}
