//! The calls about Bob's car and heat pump.

use serde_json::{Value, json};

use super::attempts::{Attempt, Bobs};

fn by_account(bob: &Bobs) -> Value {
    json!({ "i": { "accountNumber": bob.account } })
}

/// Something for his heat pump.
fn with(bob: &Bobs, parameters: Value) -> Value {
    json!({ "n": bob.account, "e": bob.heat_pump, "p": parameters })
}

fn cold_days() -> Value {
    let never = json!({ "days": "1111111", "settings": [{ "time": "00:00:00", "action": "OFF" }] });
    json!({ "zone": "ZONE_1", "schedules": [never] })
}

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "deauthenticateDevice",
        document: "mutation($i: DeAuthenticationInput) {
            deauthenticateDevice(input: $i) { krakenflexDevice { provider } } }",
        variables: by_account,
    },
    Attempt {
        mutation: "deauthenticateFlexDevice",
        document: "mutation($i: DeauthenticateFlexDeviceInput) {
            deauthenticateFlexDevice(input: $i) { krakenflexDevice { provider } } }",
        variables: |bob| json!({ "i": { "deviceId": bob.device } }),
    },
    Attempt {
        mutation: "deleteDeviceConnectionDetails",
        document: "mutation($i: AccountNumberInput) {
            deleteDeviceConnectionDetails(input: $i) { krakenflexDevice { status } } }",
        variables: by_account,
    },
    Attempt {
        mutation: "deviceRegistration",
        document: "mutation($i: DeviceRegistrationInput) { deviceRegistration(input: $i) { registeredDeviceIds } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "propertyId": 1, "deviceType": "INVERTERS",
                "provider": "GIVENERGY", "authentication": { "accessToken": "sun-and-wind" } } })
        },
    },
    Attempt {
        mutation: "registerDevice",
        document: "mutation($i: RegisterDeviceInput) { registerDevice(input: $i) { krakenflexDevice { status } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "vehicle": { "vehicleId": 138 }, "chargePoint": {},
                "supportedProvider": "TESLA_V2", "authentication": { "accessToken": "sun-and-wind" } } })
        },
    },
    Attempt {
        mutation: "octoHeatPumpSetZoneSchedules",
        document: "mutation($n: String!, $e: ID!, $p: SetZoneSchedulesParameters!) {
            octoHeatPumpSetZoneSchedules(accountNumber: $n, euid: $e, zoneScheduleParameters: $p) { transactionId } }",
        variables: |bob| with(bob, cold_days()),
    },
    Attempt {
        mutation: "setZoneSchedules",
        document: "mutation($n: String!, $e: ID!, $p: SetZoneSchedulesParameters!) {
            setZoneSchedules(accountNumber: $n, euid: $e, zoneScheduleParameters: $p) { transactionId } }",
        variables: |bob| with(bob, cold_days()),
    },
    Attempt {
        mutation: "setBatteryChargingPreferences",
        document: "mutation($i: BatteryChargingPreferencesInput) {
            setBatteryChargingPreferences(input: $i) { krakenflexDevice { provider } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "minimumSocPercentage": 5 } }),
    },
    Attempt {
        mutation: "setClimateControlState",
        document: "mutation($i: ClimateControlStateInput) {
            setClimateControlState(input: $i) { heatPumpDevice { provider } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "state": false } }),
    },
    Attempt {
        mutation: "setHotWaterState",
        document: "mutation($i: HotWaterStateInput) { setHotWaterState(input: $i) { heatPumpDevice { provider } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "state": false } }),
    },
    Attempt {
        mutation: "setRoomTemperature",
        document: "mutation($i: RoomTemperatureInput) {
            setRoomTemperature(input: $i) { heatPumpDevice { provider } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "temperature": 8.0 } }),
    },
    Attempt {
        mutation: "triggerTestCharge",
        document: "mutation($i: AccountNumberInput) { triggerTestCharge(input: $i) { krakenflexDevice { status } } }",
        variables: by_account,
    },
    Attempt {
        mutation: "updateDeviceGridExport",
        document: "mutation($i: UpdateDeviceGridExportInput) { updateDeviceGridExport(input: $i) { id } }",
        variables: |bob| json!({ "i": { "deviceId": bob.device, "enabled": false } }),
    },
    Attempt {
        mutation: "deleteBoostCharge",
        document: "mutation($i: DeleteBoostChargeInput) { deleteBoostCharge(input: $i) { krakenflexDevice { status } } }",
        variables: by_account,
    },
    Attempt {
        mutation: "resumeControl",
        document: "mutation($i: AccountNumberInput) { resumeControl(input: $i) { krakenflexDevice { status } } }",
        variables: by_account,
    },
    Attempt {
        mutation: "setDevicePreferences",
        document: "mutation($i: SmartFlexDevicePreferencesInput!) { setDevicePreferences(input: $i) { id } }",
        variables: |bob| {
            let days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
            let schedules = days.map(|day| json!({ "dayOfWeek": day, "time": "07:00:00", "max": "50" }));
            json!({ "i": { "deviceId": bob.device, "mode": "CHARGE", "unit": "PERCENTAGE", "schedules": schedules } })
        },
    },
    Attempt {
        mutation: "setVehicleChargePreferences",
        document: "mutation($i: VehicleChargingPreferencesInput) {
            setVehicleChargePreferences(input: $i) { krakenflexDevice { status } } }",
        variables: |bob| {
            json!({ "i": { "accountNumber": bob.account, "weekdayTargetTime": "06:00", "weekdayTargetSoc": 50,
                "weekendTargetTime": "06:00", "weekendTargetSoc": 50 } })
        },
    },
    Attempt {
        mutation: "suspendControl",
        document: "mutation($i: AccountNumberInput) { suspendControl(input: $i) { krakenflexDevice { status } } }",
        variables: by_account,
    },
    Attempt {
        mutation: "triggerBoostCharge",
        document: "mutation($i: AccountNumberInput) { triggerBoostCharge(input: $i) { krakenflexDevice { status } } }",
        variables: by_account,
    },
    Attempt {
        mutation: "updateBoostCharge",
        document: "mutation($i: UpdateBoostChargeInput) { updateBoostCharge(input: $i) { id } }",
        variables: |bob| json!({ "i": { "deviceId": bob.device, "action": "BOOST" } }),
    },
    Attempt {
        mutation: "updateDeviceSmartControl",
        document: "mutation($i: SmartControlInput!) { updateDeviceSmartControl(input: $i) { id } }",
        variables: |bob| json!({ "i": { "deviceId": bob.device, "action": "SUSPEND" } }),
    },
    Attempt {
        mutation: "octoHeatPumpSetZoneMode",
        document: "mutation($n: String!, $e: ID!, $p: SetZoneModeParameters!) { octoHeatPumpSetZoneMode(accountNumber: $n, euid: $e, operationParameters: $p) { transactionId } }",
        variables: |bob| with(bob, json!({ "zone": "ZONE_1", "mode": "OFF" })),
    },
    Attempt {
        mutation: "setZoneMode",
        document: "mutation($n: String!, $e: ID!, $p: SetZoneModeParameters!) { setZoneMode(accountNumber: $n, euid: $e, operationParameters: $p) { transactionId } }",
        variables: |bob| with(bob, json!({ "zone": "ZONE_1", "mode": "OFF" })),
    },
    Attempt {
        mutation: "octoHeatPumpUpdateWaterSetpoint",
        document: "mutation($n: String!, $e: ID!, $p: Int!) { octoHeatPumpUpdateWaterSetpoint(accountNumber: $n, euid: $e, setpoint: $p) { transactionId } }",
        variables: |bob| with(bob, json!(45)),
    },
    Attempt {
        mutation: "updateWaterSetpoint",
        document: "mutation($n: String!, $e: ID!, $p: Int!) { updateWaterSetpoint(accountNumber: $n, euid: $e, setpoint: $p) { transactionId } }",
        variables: |bob| with(bob, json!(45)),
    },
    Attempt {
        mutation: "octoHeatPumpUpdateFlowTemperatureConfiguration",
        document: "mutation($e: ID!, $p: FlowTemperatureInput!) { octoHeatPumpUpdateFlowTemperatureConfiguration(euid: $e, flowTemperatureInput: $p) { transactionId } }",
        variables: |bob| with(bob, json!({ "useWeatherCompensation": false })),
    },
    Attempt {
        mutation: "octoHeatPumpSetZonePrimarySensor",
        document: "mutation($n: String!, $e: ID!, $p: SetZonePrimarySensorParameters!) { octoHeatPumpSetZonePrimarySensor(accountNumber: $n, euid: $e, operationParameters: $p) { transactionId } }",
        variables: |bob| with(bob, json!({ "zone": "ZONE_1", "sensorCode": "SENSOR02" })),
    },
    Attempt {
        mutation: "octoHeatPumpUpdateSensorDisplayName",
        document: "mutation($n: String!, $e: ID!, $p: String!) { octoHeatPumpUpdateSensorDisplayName(accountNumber: $n, euid: $e, sensorCode: \"SENSOR01\", displayName: $p) { transactionId } }",
        variables: |bob| with(bob, json!("Eve")),
    },
    Attempt {
        mutation: "updateSensorDisplayName",
        document: "mutation($n: String!, $e: ID!, $p: String!) { updateSensorDisplayName(accountNumber: $n, euid: $e, sensorCode: \"SENSOR01\", displayName: $p) { transactionId } }",
        variables: |bob| with(bob, json!("Eve")),
    },
    Attempt {
        mutation: "octoHeatPumpBulkUpdateSensorDisplayName",
        document: "mutation($n: String!, $e: ID!, $p: [SensorDisplayNameUpdate]!) { octoHeatPumpBulkUpdateSensorDisplayName(accountNumber: $n, euid: $e, updates: $p) { transactionIds { sensorCode } } }",
        variables: |bob| with(bob, json!([{ "sensorCode": "SENSOR01", "newDisplayName": "Eve" }])),
    },
    Attempt {
        mutation: "bulkUpdateSensorDisplayName",
        document: "mutation($n: String!, $e: ID!, $p: [SensorDisplayNameUpdate]!) { bulkUpdateSensorDisplayName(accountNumber: $n, euid: $e, updates: $p) { transactionIds { sensorCode } } }",
        variables: |bob| with(bob, json!([{ "sensorCode": "SENSOR01", "newDisplayName": "Eve" }])),
    },
    Attempt {
        mutation: "octoHeatPumpRemoveSensor",
        document: "mutation($n: String!, $e: ID!, $p: String!) { octoHeatPumpRemoveSensor(accountNumber: $n, euid: $e, sensorId: $p) { transactionId } }",
        variables: |bob| with(bob, json!("SENSOR02")),
    },
    Attempt {
        mutation: "removeSensor",
        document: "mutation($n: String!, $e: ID!, $p: String!) { removeSensor(accountNumber: $n, euid: $e, sensorId: $p) { transactionId } }",
        variables: |bob| with(bob, json!("SENSOR02")),
    },
    Attempt {
        mutation: "octoHeatPumpDeprovisionHeatingController",
        document: "mutation($n: String!, $e: ID!) { octoHeatPumpDeprovisionHeatingController(accountNumber: $n, euid: $e) { message } }",
        variables: |bob| with(bob, json!(null)),
    },
    Attempt {
        mutation: "deprovisionHeatingController",
        document: "mutation($n: String!, $e: ID!) { deprovisionHeatingController(accountNumber: $n, euid: $e) { message } }",
        variables: |bob| with(bob, json!(null)),
    },
];
