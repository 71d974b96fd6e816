import { expect, test } from "vitest";
import { cookiesOf } from "./set-cookie";

test("cookies are read in order, with what their attributes mean", () => {
  expect(cookiesOf([["date", "x"], ["Set-Cookie", "sid=***; Path=/; HttpOnly; Secure; Max-Age=60"], ["set-cookie", "theme=a=b; path=/app"], ["set-cookie", "lonely"]])).toEqual([
    { name: "sid", value: "***", attributes: ["Path=/", "HttpOnly", "Secure", "Max-Age=60"], remarks: [] },
    { name: "theme", value: "a=b", attributes: ["path=/app"], remarks: ["also sent without TLS", "readable by scripts", "ends with the browser"] },
    { name: "", value: "lonely", attributes: [], remarks: ["also sent without TLS", "readable by scripts", "ends with the browser"] },
  ]);
});
