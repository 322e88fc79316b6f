import { Client } from "fhir-kit-client";
import { tell } from "./story.js";

const client = new Client({ baseUrl: process.argv[2] });

await tell("fhir-kit-client", {
  async fhirVersion() {
    const signIn = Object.keys(await client.smartAuthMetadata());
    if (signIn.length) throw new Error(`Nobody signs in here, and yet: ${signIn}`);
    return (await client.capabilityStatement()).fhirVersion;
  },
  read: (resourceType, id) => client.read({ resourceType, id }),
  async searchAll(resourceType, searchParams) {
    const found = [];
    let bundle = await client.search({ resourceType, searchParams, options: { postSearch: true } });
    while (bundle) {
      found.push(...bundle.entry.map((each) => each.resource));
      bundle = await client.nextPage({ bundle });
    }
    return found;
  },
  create: (body) => client.create({ resourceType: body.resourceType, body }),
  update: (body, version) =>
    client.update({
      resourceType: body.resourceType,
      id: body.id,
      body,
      options: { headers: { "If-Match": version } },
    }),
  patch: (resourceType, id, jsonPatch) => client.patch({ resourceType, id, jsonPatch }),
  history: (resourceType, id) => client.history({ resourceType, id }),
  createUnlessThere: (body, query) =>
    client.create({
      resourceType: body.resourceType,
      body,
      options: { headers: { "If-None-Exist": query } },
    }),
  bundle: (body) => client.transaction({ body }),
  compartment: (owner, resourceType) => {
    const [type, id] = owner.split("/");
    return client.search({ resourceType, compartment: { resourceType: type, id } });
  },
  operationByGet: (resourceType, name, input) =>
    client.operation({ resourceType, name, method: "GET", input }),
  operationByPost: (resourceType, name, input) =>
    client.operation({ resourceType, name, method: "POST", input }),
  delete: (resourceType, id) => client.delete({ resourceType, id }),
  told: (error) => `${error.response.status} ${error.response.data.issue[0].diagnostics}`,
});
