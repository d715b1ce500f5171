// fillIn is a plugin of Swagger UI, which fills in every parameter that has an
// `example`, the optional ones too, and none whose schema has `examples`. With all
// optional ones a list would be filtered by every filter at once, and a second POST
// would repeat the first one's Idempotency-Key. So required parameters are filled
// in, with the demo user as {user_id} where there is one, and the examples of the
// others become part of their descriptions.
function fillIn(demoUser) {
  const prepare = (contract) => {
    const { parameters } = contract.components;
    for (const parameter of Object.values(parameters)) {
      const example = parameter.example ?? parameter.schema.examples?.[0];
      delete parameter.example;
      if (example === undefined) continue;
      if (parameter.required) {
        parameter.example = example;
      } else {
        parameter.description += `\n\nExample: \`${[example].flat().join(', ')}\``;
      }
    }
    if (demoUser) {
      parameters.user_id.example = demoUser;
    }
    return contract;
  };
  return () => ({
    statePlugins: {
      spec: {
        wrapActions: {
          updateJsonSpec: (original) => (contract) => original(prepare(contract)),
        },
      },
    },
  });
}
