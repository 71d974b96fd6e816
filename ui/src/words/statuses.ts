// The names of HTTP statuses (RFC 9110 and its companions): the wire's own phrase says nothing reliable.

const NAMES: Record<number, string> = {
  200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently", 302: "Found", 303: "See Other",
  304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
  404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone", 412: "Precondition Failed",
  413: "Content Too Large", 415: "Unsupported Media Type", 418: "I'm a Teapot", 422: "Unprocessable Content", 425: "Too Early", 428: "Precondition Required",
  429: "Too Many Requests", 431: "Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
};

/** The name of a status, or nothing where it has none. */
export function statusName(status: number): string {
  return NAMES[status] ?? "";
}
