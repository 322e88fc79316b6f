import FHIR from "fhirclient";
import { tell } from "./story.js";

// What a web server of its own would pass on; nobody signs in here.
const request = { headers: {}, session: {} };
const client = FHIR(request, {}).client({ serverUrl: process.argv[2] });

await tell("fhirclient-js", {
  fhirVersion: () => client.getFhirVersion(),
  read: (type, id) => client.request(`${type}/${id}`),
  searchAll: (type, query) =>
    client.request(`${type}?${new URLSearchParams(query)}`, { pageLimit: 0, flat: true }),
  create: (body) => client.create(body),
  update: (body, version) => client.update(body, { headers: { "If-Match": version } }),
  patch: (type, id, operations) => client.patch(`${type}/${id}`, operations),
  history: (type, id) => client.request(`${type}/${id}/_history`),
  createUnlessThere: (body, query) =>
    client.create(body, { headers: { "If-None-Exist": query } }),
  bundle: (body) =>
    client.request({
      url: "",
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    }),
  compartment: (owner, type) => client.request(`${owner}/${type}`),
  operationByGet: (type, name, input) =>
    client.request(`${type}/$${name}?${new URLSearchParams(input)}`),
  operationByPost: (type, name, input) =>
    client.request({
      url: `${type}/$${name}`,
      method: "POST",
      body: JSON.stringify(input),
      headers: { "Content-Type": "application/json" },
    }),
  delete: (type, id) => client.delete(`${type}/${id}`),
  // The message has the body of the answer behind the status.
  told: (error) => {
    const outcome = JSON.parse(error.message.slice(error.message.indexOf("{")));
    return `${error.status} ${outcome.issue[0].diagnostics}`;
  },
});
