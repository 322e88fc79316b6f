// What every client does, in order. Each client says how; what it saw is printed as JSON.
//
// Usage: node CLIENT.js BASE_ADDRESS

const number = (value) => ({ system: "http://clinic.example/mrn", value });

export async function tell(name, client) {
  const seen = {};
  const mrn = number(`${name}-1`);
  const slots = { schedule: "Schedule/s1", _sort: "start", _count: "2" };

  seen.fhirVersion = await client.fhirVersion();
  seen.read = (await client.read("Patient", "ann")).name[0].family;
  seen.paged = (await client.searchAll("Slot", slots)).map((each) => each.id);

  const made = await client.create({ resourceType: "Patient", identifier: [mrn] });
  const { id } = made;
  const updated = await client.update({ ...made, gender: "female" }, 'W/"1"');
  seen.versions = [made.meta.versionId, updated.meta.versionId];
  seen.stale = await refusal(client, () => client.update({ ...made, gender: "male" }, 'W/"1"'));
  const change = [{ op: "add", path: "/active", value: true }];
  seen.patched = (await client.patch("Patient", id, change)).active;
  seen.history = (await client.history("Patient", id)).entry.map((each) => each.response.etag);

  const again = await client.createUnlessThere(
    { resourceType: "Patient", identifier: [mrn] },
    `identifier=${mrn.system}|${mrn.value}`,
  );
  seen.createdOnce = again.id === id;

  const patient = "urn:uuid:11111111-1111-4111-8111-111111111111";
  const answer = await client.bundle({
    resourceType: "Bundle",
    type: "transaction",
    entry: [
      {
        fullUrl: patient,
        resource: { resourceType: "Patient", identifier: [number(`${name}-2`)] },
        request: { method: "POST", url: "Patient" },
      },
      {
        resource: { resourceType: "RelatedPerson", patient: { reference: patient } },
        request: { method: "POST", url: "RelatedPerson" },
      },
    ],
  });
  const [first, second] = answer.entry.map((each) => each.resource);
  seen.resolved = second.patient.reference === `Patient/${first.id}`;

  seen.compartment = (await client.compartment("Patient/ann", "Appointment")).entry.length;
  const booked = (await client.read("Appointment", "booked"));
  const question = { actor: "Practitioner/p1", start: booked.start, end: booked.end };
  const parameters = {
    resourceType: "Parameters",
    parameter: [
      { name: "actor", valueReference: { reference: question.actor } },
      { name: "start", valueDateTime: question.start },
      { name: "end", valueDateTime: question.end },
    ],
  };
  const conflict = (found) => found.parameter[0].valueReference.reference;
  seen.operationByGet = conflict(await client.operationByGet("Appointment", "check-conflicts", question));
  seen.operationByPost = conflict(
    await client.operationByPost("Appointment", "check-conflicts", parameters),
  );

  const rival = { ...booked, id: undefined, participant: booked.participant.slice(1) };
  seen.taken = await refusal(client, () => client.create(rival));
  seen.wrong = await refusal(client, () => client.searchAll("Slot", { colour: "red" }));

  await client.delete("Patient", id);
  seen.gone = await refusal(client, () => client.read("Patient", id));
  console.log(JSON.stringify(seen));
}

// What the client says about a request that fails.
async function refusal(client, request) {
  try {
    await request();
  } catch (error) {
    return client.told(error);
  }
  return "nothing was refused";
}
