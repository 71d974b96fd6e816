import { expect, test } from "vitest";
import type { PlannedRequest } from "../wire/PlannedRequest";
import { tree } from "./planned";

const request = (id: string): PlannedRequest => ({ id, method: "GET", url: "https://api.test", state: "new" });

test("requests stand in their folders, in the order of the import", () => {
  const folders = tree([request("Shop/Root"), request("Shop/orders/List"), request("Shop/orders/old/List"), request("Shop/orders/Make"), request("Alone")]);
  expect(folders.map((folder) => [folder.name, folder.requests.map((one) => one.name)])).toEqual([
    ["", ["Root", "Alone"]],
    ["orders", ["List", "Make"]],
    ["orders / old", ["List"]],
  ]);
});
