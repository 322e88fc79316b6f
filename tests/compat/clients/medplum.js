import { MedplumClient } from "@medplum/core";
import { tell } from "./story.js";

const base = new URL(`${process.argv[2]}/`);
const client = new MedplumClient({
  baseUrl: `${base.origin}/`,
  fhirUrlPath: base.pathname.slice(1, -1),
  cacheTime: 0,
});

// This client keeps of a failure what the OperationOutcome says, and not the status.
await tell("medplum", {
  fhirVersion: async () => (await client.get(client.fhirUrl("metadata"))).fhirVersion,
  read: (type, id) => client.readResource(type, id),
  async searchAll(type, query) {
    const found = [];
    for await (const page of client.searchResourcePages(type, query)) {
      found.push(...page);
    }
    return found;
  },
  create: (body) => client.createResource(body),
  update: (body, version) => client.updateResource(body, { headers: { "If-Match": version } }),
  patch: (type, id, operations) => client.patchResource(type, id, operations),
  history: (type, id) => client.readHistory(type, id),
  createUnlessThere: (body, query) => client.createResourceIfNoneExist(body, query),
  bundle: (body) => client.executeBatch(body),
  compartment: (owner, type) => client.get(client.fhirUrl(...owner.split("/"), type)),
  operationByGet: (type, name, input) => {
    const url = client.fhirUrl(type, `$${name}`);
    url.search = new URLSearchParams(input).toString();
    return client.get(url);
  },
  operationByPost: (type, name, input) => client.post(client.fhirUrl(type, `$${name}`), input),
  delete: (type, id) => client.deleteResource(type, id),
  told: (error) => `${error.outcome.issue[0].code} ${error.message}`,
});
