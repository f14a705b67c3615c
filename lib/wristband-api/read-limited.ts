/** No answer of Wristband comes near this; an endless one must not fill the memory. */
const MAX_BODY_BYTES = 1024 * 1024;

/** The body of a response as text, without a byte order mark, as `Response.json()` reads it. @throws {RangeError} when it is larger than any answer of Wristband can be */
export async function readLimited(response: Response): Promise<string> {
  if (!response.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new RangeError('answered with too much data');
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
