// Why something that was pasted was not taken over.
import type { WhyLeftOut } from "../wire/WhyLeftOut";

/** One sentence for each reason. */
export const WHY_LEFT_OUT: Record<WhyLeftOut, string> = {
  names_file: "it names a file, and none is opened by a pasted line",
  reads_settings: "it takes settings from somewhere else",
  loosens_tls: "it would trust any server; a certificate is trusted one by one here",
  connection: "it is about the way to the server, not about the request",
  not_supported: "it cannot be sent from here yet",
  unknown: "cURL has no such option",
  shell: "a shell would have done this; nothing was run or filled in",
  second_request: "it belongs to a second request",
};
