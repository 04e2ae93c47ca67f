//! The calls about readings of meters.

use serde_json::json;

use super::attempts::Attempt;
use crate::readings::{MPAN, MPRN};

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "billToLatestSmartMeterSnapshot",
        document: "mutation($i: BillToLatestSmartMeterSnapshotInput!) {
            billToLatestSmartMeterSnapshot(input: $i) { billedToDate currentBalance } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "mpan": MPAN } }),
    },
    Attempt {
        mutation: "createElectricityMeterReading",
        document: "mutation($p: String) {
            createElectricityMeterReading(mpan: $p, readings: [{ reading: 1 }]) { id readingErrors { field } } }",
        variables: |_| json!({ "p": MPAN }),
    },
    Attempt {
        mutation: "createGasMeterReading",
        document: "mutation($p: String) {
            createGasMeterReading(mprn: $p, reading: 1) { id readingErrors { field } } }",
        variables: |_| json!({ "p": MPRN }),
    },
    Attempt {
        mutation: "createElectricityMeterReadings",
        document: "mutation($i: ReadingsInput!) { createElectricityMeterReadings(input: $i) { readingDate } }",
        variables: |bob| json!({ "i": { "meterId": bob.german_meter, "readings": [{ "value": "1" }] } }),
    },
    Attempt {
        mutation: "createGasMeterReadings",
        document: "mutation($i: ReadingsInput!) { createGasMeterReadings(input: $i) { readingDate } }",
        variables: |bob| json!({ "i": { "meterId": bob.german_gas_meter, "readings": [{ "value": "1" }] } }),
    },
    Attempt {
        mutation: "initiateProductSwitch",
        document: "mutation($i: InitiateProductSwitchInput!) { initiateProductSwitch(input: $i) { productCode } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "quotedProductId": "1", "switchDate": "2026-04-01" } })
        },
    },
];
