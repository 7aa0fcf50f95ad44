/** Longest message of the engine that is passed on. */
const MOST_LENGTH = 2000;
/** A place in the engine's sources, and the function there. */
const SOURCE =
  /(?:[\w./-]{1,200}\.(?:cc|cpp|h|hpp):\d{1,6})\s?(?:[\w:]{1,60}\s)?(?:[\w:~]{1,200}(?:\([^)]{0,800}\))\s?)?/g;

/** What the engine says of a model, in words for whose model it is: without places in the engine's sources. */
export function wordsOfEngine(message: string): string {
  const text = message.slice(0, MOST_LENGTH);
  const version = /Unsupported model IR version: (\d+), max supported IR version: (\d+)/.exec(text);
  if (version !== null)
    return `its format is ONNX IR version ${version[1]}, the engine reads up to ${version[2]}; export it for an older version`;
  const opset = /Opset (\d+) is under development.*official support for domain (\S+) is till opset (\d+)/s.exec(text);
  if (opset !== null)
    return `it uses operator set ${opset[1]} of ${opset[2]}, the engine knows up to ${opset[3]}; export it with a lower opset_version`;
  if (text.includes('External data path'))
    return 'it keeps weights in other files in a way that biolens does not read; save it as one file (onnx.save)';
  return text.replace(SOURCE, '').replace(/\s+/g, ' ').trim();
}
