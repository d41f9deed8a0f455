/** A violation of the protocol, and what it is called on the wire (RFC 9113, section 7). */

export const ERROR_CODES = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;

export type ErrorName = keyof typeof ERROR_CODES;

export class Http2Error extends Error {
  readonly code: number;

  constructor(name: ErrorName, message: string) {
    super(message);
    this.code = ERROR_CODES[name];
  }
}
