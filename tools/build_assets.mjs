// Bundles views/static/src into views/static/dist: every *.js and *.css directly in src is an entry of its own
// (a classic script, a style sheet), named by content, with a gzip sibling; icons.txt becomes one sprite.
// dist/manifest.json maps "panel.js" to "panel-HASH.js". Does nothing when nothing has changed.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const SOURCE = path.join(ROOT, "views/static/src");
const TARGET = path.join(ROOT, "views/static/dist");
const DRAFT = `${TARGET}.new`;
const MODULES = path.join(ROOT, "node_modules");
// Chromium 108 is the oldest browser we serve (Windows 7 in schools); esbuild lowers syntax to it, but not these.
const OLDEST = "chrome108";
const TOO_NEW = { "oklch()": /oklch\(/, "color-mix()": /color-mix\(/, "relative colours": /\b(?:rgb|hsl)a?\(from\s/ };
const COMPRESSED = new Set([".js", ".css", ".svg", ".json"]);

const hash = (content) => createHash("sha256").update(content).digest("hex").slice(0, 10);

function filesBelow(folder) {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

// tom-select ships one Sass call that was never compiled; no browser reads it, and it hides real ones from the check.
const compiledTomSelect = {
  name: "compiled-tom-select",
  setup(build) {
    build.onLoad({ filter: /tom-select\.css$/ }, ({ path: file }) => ({
      contents: fs.readFileSync(file, "utf8").replace("color-mix(#fff, #d0d0d0, 85%)", "#f8f8f8"),
      loader: "css",
    }));
  },
};

// One hash over everything the result depends on.
function stamp() {
  const all = createHash("sha256");
  const inputs = [...filesBelow(SOURCE), path.join(ROOT, "package-lock.json"), fileURLToPath(import.meta.url)];
  for (const file of inputs) all.update(path.relative(ROOT, file)).update("\0").update(fs.readFileSync(file));
  return all.digest("hex");
}

async function bundle() {
  const { build } = await import("esbuild");
  const entries = fs
    .readdirSync(SOURCE)
    .filter((name) => [".js", ".css"].includes(path.extname(name)))
    .map((name) => path.join(SOURCE, name));
  const { metafile } = await build({
    entryPoints: entries,
    outdir: DRAFT,
    absWorkingDir: ROOT,
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    metafile: true,
    format: "iife",
    charset: "utf8",
    target: OLDEST,
    legalComments: "external",
    loader: { ".svg": "file", ".png": "file", ".woff2": "file" },
    plugins: [compiledTomSelect],
    logLevel: "warning",
  });
  const named = {};
  for (const [output, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint) named[path.basename(entryPoint)] = path.basename(output);
  }
  return named;
}

// One <symbol> an icon, with the drawing attributes of the original on it, so that `<use href="…#name">` suffices.
function sprite() {
  const list = path.join(SOURCE, "icons.txt");
  if (!fs.existsSync(list)) return {};
  const names = fs.readFileSync(list, "utf8").split(/\s+/).filter((word) => word && !word.startsWith("#"));
  const missing = names.filter((name) => !fs.existsSync(iconFile(name)));
  if (missing.length) throw new Error(`icons.txt names icons that Tabler has not: ${missing.join(", ")}`);
  const symbols = [...new Set(names)].sort().map((name) => {
    const drawing = fs.readFileSync(iconFile(name), "utf8").replace(/<!--[\s\S]*?-->/g, "");
    const inner = drawing.match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1].replace(/\s*\n\s*/g, "");
    return (
      `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"` +
      ` stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`
    );
  });
  const content = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
  const name = `icons-${hash(content)}.svg`;
  fs.writeFileSync(path.join(DRAFT, name), content);
  return { "icons.svg": name };
}

const iconFile = (name) => path.join(MODULES, "@tabler/icons/icons/outline", `${name}.svg`);

// The accessibility checker of the browser tests; no page refers to it.
function checker() {
  fs.copyFileSync(path.join(MODULES, "axe-core/axe.min.js"), path.join(DRAFT, "axe.min.js"));
  return { "axe.min.js": "axe.min.js" };
}

function refuseTooNew(names) {
  for (const name of names) {
    const content = fs.readFileSync(path.join(DRAFT, name), "utf8");
    for (const [what, pattern] of Object.entries(TOO_NEW)) {
      if (pattern.test(content)) throw new Error(`${name} uses ${what}, which ${OLDEST} does not understand`);
    }
  }
}

function compress() {
  for (const file of filesBelow(DRAFT)) {
    if (COMPRESSED.has(path.extname(file))) fs.writeFileSync(`${file}.gz`, gzipSync(fs.readFileSync(file), { level: 9 }));
  }
}

async function make() {
  const bundled = await bundle();
  refuseTooNew(Object.values(bundled));
  const manifest = { ...bundled, ...sprite(), ...checker() };
  fs.writeFileSync(path.join(DRAFT, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  compress();
  return manifest;
}

const now = stamp();
const stampFile = path.join(TARGET, ".stamp");
if (!fs.existsSync(stampFile) || fs.readFileSync(stampFile, "utf8") !== now) {
  fs.rmSync(DRAFT, { recursive: true, force: true });
  fs.mkdirSync(DRAFT, { recursive: true });
  try {
    const manifest = await make();
    fs.writeFileSync(path.join(DRAFT, ".stamp"), now);
    fs.rmSync(TARGET, { recursive: true, force: true });
    fs.renameSync(DRAFT, TARGET);
    console.log(`front end: ${Object.keys(manifest).sort().join(", ")}`);
  } finally {
    fs.rmSync(DRAFT, { recursive: true, force: true });
  }
}
