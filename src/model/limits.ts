/** Every limit that more than one stage must agree on, and what happens when it is reached. */
export const limits = {
  /** A request body as it was sent. Larger: 413, nothing kept. */
  bodyBytesMax: 16 * 1024 * 1024,
  /** The same after decompression. Larger: 413, nothing kept. */
  bodyPlainBytesMax: 64 * 1024 * 1024,
  /** Lines in one batch. More: 413, nothing kept. */
  batchEventsMax: 100_000,
  /** One line of NDJSON. Longer: that line is refused. */
  lineBytesMax: 256 * 1024,
  /** Nesting of `attributes`. Deeper: that line is refused. */
  depthMax: 16,
  /** `attributes` as JSON text, unknown fields included. Larger: that line is refused. */
  attributesBytesMax: 64 * 1024,
  /** Keys in `attributes`. More: that line is refused. */
  attributesKeysMax: 512,
  /** One key of `attributes`, in bytes. Longer: that line is refused. */
  attributeKeyBytesMax: 256,
  /** How far ahead of the server an event may be. Further: that line is refused. */
  futureMsMax: 24 * 3_600_000,
  /** How old an event may be. Older: that line is refused. */
  pastMsMax: 10 * 365 * 86_400_000,
  /** Refused lines named one by one in an answer; the rest are only counted. */
  refusalsListedMax: 100,
  /** A batch or source name in a header. Longer: 400. */
  batchIdLengthMax: 128,
  /** Rows in one page of an answer. A larger `limit` is refused. */
  pageRowsMax: 1000,
} as const;
