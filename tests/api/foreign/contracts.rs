//! The calls about contracts.

use serde_json::json;

use super::attempts::Attempt;

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "varyContractTerms",
        document: "mutation($i: VaryContractTermsInput!) { varyContractTerms(input: $i) { contract { identifier } } }",
        variables: |bob| json!({ "i": { "identifier": bob.contract, "terms": [{ "latepaymentfees": { "flatFeeAmount": 900 } }] } }),
    },
    Attempt {
        mutation: "instigateAccountContractTermination",
        document: "mutation($i: BaseInstigateAccountContractTerminationInput!) {
            instigateAccountContractTermination(input: $i) { message } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "contractIdentifier": bob.contract,
                "requestedTerminationDate": "2026-06-01" } })
        },
    },
    Attempt {
        mutation: "instigateBusinessContractTermination",
        document: "mutation($i: BaseInstigateContractTerminationInput!) {
            instigateBusinessContractTermination(input: $i) { message } }",
        variables: |bob| json!({ "i": { "contractIdentifier": bob.contract, "requestedTerminationDate": "2026-06-01" } }),
    },
    Attempt {
        mutation: "cancelContract",
        document: "mutation($i: CancelContractInput!) { cancelContract(input: $i) { cancelledContract } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account } }),
    },
    Attempt {
        mutation: "specialCancelContract",
        document: "mutation($i: SpecialCancelContractInput!) { specialCancelContract(input: $i) { cancelledContract } }",
        variables: |bob| json!({ "i": { "identifier": bob.contract, "terminationDate": "2026-06-01" } }),
    },
    Attempt {
        mutation: "revokeContract",
        document: "mutation($i: RevokeContractInput!) { revokeContract(input: $i) { contractRevoked } }",
        variables: |bob| json!({ "i": { "identifier": bob.contract } }),
    },
];
