import { expect, test } from "vitest";
import { isCollection } from "./collection";

test("a collection is told from an address and from a line of cURL", () => {
  const cases: [string, boolean][] = [
    ["https://api.test/openapi", false],
    ["https://api.test/swagger.json\n", false],
    ["curl https://api.test \\\n  -d '{\"openapi\": 1}'", false],
    ["openapi: 3.1.0\ninfo:\n  title: Shop\n", true],
    ["# ours\nopenapi: 3.1.0\n", true],
    ['{"swagger": "2.0"}', true],
    ['{"info": {"_postman_id": "1"}}', true],
    ['{"log": {"entries": []}}', true],
    ['{"orders": []}', false],
    ["meta {\n  name: List\n}\nget {\n  url: https://api.test\n}\n", true],
    ["", false],
  ];
  for (const [text, expected] of cases) expect(isCollection(text), text).toBe(expected);
});
