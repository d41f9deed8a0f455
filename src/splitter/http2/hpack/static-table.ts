/** The static table (RFC 7541, appendix A): indexes from 1. */

const TEXT =
  ':authority||:method|GET|:method|POST|:path|/|:path|/index.html|:scheme|http|:scheme|https|:status|200|:status|204|:status|206|:status|304|:status|400|:status|404|:status|500|accept-charset||accept-encoding|gzip, deflate|accept-language||accept-ranges||accept||access-control-allow-origin||age||allow||authorization||cache-control||content-disposition||content-encoding||content-language||content-length||content-location||content-range||content-type||cookie||date||etag||expect||expires||from||host||if-match||if-modified-since||if-none-match||if-range||if-unmodified-since||last-modified||link||location||max-forwards||proxy-authenticate||proxy-authorization||range||referer||refresh||retry-after||server||set-cookie||strict-transport-security||transfer-encoding||user-agent||vary||via||www-authenticate|';

/** Name, value, name, value...; the entry with index i stands at 2 * (i - 1). */
export const STATIC: readonly string[] = TEXT.split('|');

export const STATIC_LENGTH = STATIC.length / 2;

/** The lowest index of each name. */
export const STATIC_NAMES: ReadonlyMap<string, number> = new Map(
  Array.from({ length: STATIC_LENGTH }, (_, at): [string, number] => [STATIC[2 * at], at + 1]).toReversed(),
);
