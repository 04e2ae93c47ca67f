import { readFileSync } from "node:fs";

import type { CodegenConfig } from "@graphql-codegen/cli";

const file = process.env["CLIENTS_DEMO_FILE"];
if (!file) throw new Error("CLIENTS_DEMO_FILE is not set; run tests/clients/run.sh");
const { url } = JSON.parse(readFileSync(file, "utf8")) as { url: string };

const config: CodegenConfig = {
  schema: url,
  documents: "src/operations.graphql",
  importExtension: ".js",
  generates: {
    "src/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        immutableTypes: true,
        useTypeImports: true,
        // Every scalar of the contract, served already or not; an unknown one fails the generation.
        strictScalars: true,
        scalars: {
          BigInt: "number",
          BusinessRoleString: "string",
          BusinessSectorString: "string",
          CustomGrapheneDateTime: "string",
          Date: "string",
          DateTime: "string",
          Decimal: "string",
          Email: "string",
          EnergyBenchmarkType: "string",
          FloatSafeDecimal: "string",
          GenericScalar: "Record<string, unknown>",
          IndustryMidnightAlignedDateField: "string",
          JSONString: "string",
          NonEmptyID: "string",
          NonEmptyString: "string",
          RoleString: "string",
          Time: "string",
          UUID: "string",
        },
      },
    },
  },
};

export default config;
