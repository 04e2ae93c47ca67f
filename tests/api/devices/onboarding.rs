//! Setting devices up step by step.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::devices::{EASEE, OHME, TESLA};
use crate::support::server::BASE_URL;
use crate::support::world::Customer;
use crate::support::{Reply, Server, record};

const WIZARD: &str = "wizard { id deviceType displayName resumable { isResumable resumableReasons }
    currentStep { __typename id ... on SelectFromList { selectedOptionId options { id
            ... on SelectDeviceTypeListItem { label }
            ... on SelectVehicleMakeListItem { vehicleMake { make models { model } } }
            ... on SelectVehicleVariantListItem { vehicleVariant { make models { vehicleId model } } }
            ... on SelectChargePointMakeListItem { chargePointMake { make } }
            ... on SelectChargePointVariantListItem { chargePointVariant { models { variantId } } }
            ... on SelectUserVehicleListItem { userVehicle { make models { model } } } } }
        ... on AuthFlow { authorizationUri redirectUri } ... on TeslaSetupVirtualKey { uri }
        ... on UserActionRequired { userActions { userAction description } }
        ... on TestCharge { isReady isStarted status error { message errorType refusalReasons reasons descriptions } }
        ... on WaitForLiveIntegration { isLive } }
    completedSteps { __typename id ... on SelectFromList { selectedOptionId }
        ... on SelectVehicleOrChargePoint { selectedIntegration }
        ... on SmartFlexOnboardingDeviceRegistration { deviceRegistered } } }";
const START: &str = "startSmartFlexOnboarding(input: $i)";

/// The mutations that complete a step, each with its input and what else it needs.
const STEPS: [(&str, &str, &str); 10] = [
    ("selectDeviceTypeForSmartFlexOnboarding", "SelectDeviceTypeInput", "selectedOption"),
    (
        "selectVehicleOrChargePointForSmartFlexOnboarding",
        "SelectVehicleOrChargePointInput",
        "selectedIntegration",
    ),
    ("selectVehicleMakeForSmartFlexOnboarding", "SelectVehicleMakeInput", "selectedOption"),
    ("selectVehicleVariantForSmartFlexOnboarding", "SelectVehicleVariantInput", "selectedOption"),
    ("selectChargePointMakeForSmartFlexOnboarding", "SelectChargePointMakeInput", "selectedOption"),
    ("selectChargePointVariantForSmartFlexOnboarding", "SelectChargePointVariantInput", "selectedOption"),
    ("completeAuthFlowForSmartFlexOnboarding", "CompleteAuthFlowInput", "continuationUri"),
    ("selectUserVehicleForSmartFlexOnboarding", "SelectUserVehicleInput", "selectedOption"),
    ("completeTeslaSetupVirtualKeyForSmartFlexOnboarding", "CompleteSmartFlexOnboardingStepInput", ""),
    ("completeUserActionForSmartFlexOnboarding", "CompleteSmartFlexOnboardingStepInput", ""),
];
const TEST: &str = "startTestChargeForSmartFlexOnboarding";

/// Goes through a wizard as a customer does.
struct Guide<'a> {
    server: &'a Server,
    token: String,
    id: String,
    wizard: Value,
}

impl Server {
    async fn starts(&self, token: &str, account: &str, property: i64) -> Reply {
        let document = format!("mutation($i: StartSmartFlexOnboardingInput!) {{ {START} {{ {WIZARD} }} }}");
        self.put(token, &document, &json!({ "accountNumber": account, "propertyId": property })).await
    }

    async fn guide(&self, customer: &Customer, property: i64) -> Guide<'_> {
        let reply = self.starts(&customer.token, &customer.account, property).await;
        let wizard = reply.json["data"]["startSmartFlexOnboarding"]["wizard"].clone();
        let id = wizard["id"].as_str().unwrap_or_else(|| panic!("{}", reply.json)).to_owned();
        Guide { server: self, token: customer.token.clone(), id, wizard }
    }

    async fn cancels(&self, token: &str, wizard: &str) -> Reply {
        let document = format!(
            "mutation($i: CancelSmartFlexOnboardingInput!) {{ cancelSmartFlexOnboarding(input: $i) {{ {WIZARD} }} }}"
        );
        self.put(token, &document, &json!({ "wizardId": wizard })).await
    }

    /// Sends the mutation of a step.
    async fn step(&self, token: &str, mutation: &str, wizard: &str, step: &str, said: &str) -> Reply {
        let known = STEPS.iter().find(|(name, ..)| *name == mutation);
        let (_, input_type, field) =
            known.copied().unwrap_or((TEST, "CompleteSmartFlexOnboardingStepInput", ""));
        let document = format!("mutation($i: {input_type}!) {{ {mutation}(input: $i) {{ {WIZARD} }} }}");
        let mut input = json!({ "wizardId": wizard, "stepId": step });
        if !field.is_empty() {
            input[field] = json!(said);
        }
        self.put(token, &document, &input).await
    }
}

impl Guide<'_> {
    fn current(&self) -> &Value {
        &self.wizard["currentStep"]
    }

    fn step_id(&self) -> String {
        self.current()["id"].as_str().unwrap_or_else(|| panic!("no step: {}", self.wizard)).to_owned()
    }

    fn options(&self) -> Vec<&str> {
        let options = self.current()["options"].as_array().expect("options");
        options.iter().map(|option| option["id"].as_str().expect("an id")).collect()
    }

    async fn send(&self, mutation: &str, said: &str) -> Reply {
        self.server.step(&self.token, mutation, &self.id, &self.step_id(), said).await
    }

    /// Completes the current step, which is of the right type.
    async fn goes(&mut self, expected: &str, mutation: &str, said: &str) {
        assert_eq!(self.current()["__typename"], expected, "{}", self.wizard);
        let reply = self.send(mutation, said).await;
        assert!(reply.errors().is_empty(), "{mutation}: {}", reply.json);
        self.wizard = reply.json["data"][mutation]["wizard"].clone();
    }

    /// Says what there is, of a car that is reached itself.
    async fn has_car(&mut self, make: &str, model: i32) {
        self.goes("SelectDeviceType", STEPS[0].0, "ELECTRIC_VEHICLES").await;
        self.goes("SelectVehicleOrChargePoint", STEPS[1].0, "ELECTRIC_VEHICLE").await;
        assert!(self.options().contains(&make), "{}", self.wizard);
        self.goes("SelectVehicleMake", STEPS[2].0, make).await;
        assert!(self.options().contains(&model.to_string().as_str()), "{}", self.wizard);
        self.goes("SelectVehicleVariant", STEPS[3].0, &model.to_string()).await;
        assert!(self.options().contains(&"Easee"), "beside a car any charge point will do");
        self.goes("SelectChargePointMake", STEPS[4].0, "Ohme").await;
        self.goes("SelectChargePointVariant", STEPS[5].0, &OHME.to_string()).await;
    }

    /// The address that somebody is sent back to who signed in.
    fn returned(&self, with: &str) -> String {
        format!("https://app.example/back?state={}&{with}", self.step_id())
    }

    /// The wizard of the first device, as the device shows it.
    async fn look(&mut self, customer: &Customer) {
        let fields = format!("onboardingWizard {}", WIZARD.trim_start_matches("wizard "));
        self.wizard = self.server.device_of(&self.token, customer, &fields).await["onboardingWizard"].clone();
    }
}

#[tokio::test]
async fn a_tesla_is_set_up_step_by_step_until_it_is_in_service() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.new_home(&world.ada).await;
    let mut guide = server.guide(&world.ada, home).await;
    assert_eq!(guide.wizard["resumable"], json!({ "isResumable": true, "resumableReasons": [] }));
    assert_eq!(guide.options(), ["ELECTRIC_VEHICLES"]);
    let again = server.guide(&world.ada, home).await;
    assert_eq!(again.id, guide.id, "what was begun goes on");
    record::read_back("startSmartFlexOnboarding");

    guide.has_car("Tesla", TESLA).await;
    let page = guide.current()["authorizationUri"].as_str().expect("a page").to_owned();
    let text = async |page: &str| {
        let path = page.strip_prefix(BASE_URL).expect("a page of this server");
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = server.router.clone().oneshot(request).await.expect("an answer");
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        (status, String::from_utf8(bytes.to_vec()).expect("text"))
    };
    let (status, shown) = text(&page).await;
    assert!(status == StatusCode::OK && shown.contains(&guide.step_id()), "{shown}");
    assert_eq!(text(guide.current()["redirectUri"].as_str().expect("a page")).await.0, StatusCode::OK);
    assert_eq!(text(&format!("{BASE_URL}/authorize/nothing")).await.0, StatusCode::NOT_FOUND);
    for (address, code) in [
        (guide.returned("error=access_denied"), "KT-CT-4376"),
        (guide.returned("code=ada-DENIED"), "KT-CT-4376"),
        (guide.returned("code=ada-NONE"), "KT-CT-4376"),
        (guide.returned("code="), "KT-CT-4375"),
        ("https://app.example/back?state=another&code=ada".to_owned(), "KT-CT-4375"),
        ("back to the app".to_owned(), "KT-CT-4375"),
    ] {
        let reply = guide.send("completeAuthFlowForSmartFlexOnboarding", &address).await;
        assert_eq!(reply.codes(), [code], "{address}");
    }
    let address = guide.returned("code=ada-PARKED");
    guide.goes("AuthFlow", "completeAuthFlowForSmartFlexOnboarding", &address).await;
    let page = guide.current()["uri"].as_str().expect("a page").to_owned();
    assert_eq!(text(&page).await.0, StatusCode::OK);
    assert_eq!(text(&format!("{BASE_URL}/virtual-key/nothing")).await.0, StatusCode::NOT_FOUND);
    guide.goes("TeslaSetupVirtualKey", "completeTeslaSetupVirtualKeyForSmartFlexOnboarding", "").await;
    assert_eq!(guide.current()["__typename"], "WaitForTransition");
    assert_eq!(server.cancels(&guide.token, &guide.id).await.codes(), ["KT-CT-4371"], "it is registered");

    let found = server.device_of(&guide.token, &world.ada, "... on SmartFlexVehicle { make }").await;
    assert_eq!(found["make"], "Tesla");
    guide.look(&world.ada).await;
    let done = guide.wizard["completedSteps"].as_array().expect("steps").clone();
    let told: Vec<(&str, &Value)> = done
        .iter()
        .map(|step| (step["__typename"].as_str().expect("a type"), &step["selectedOptionId"]))
        .collect();
    let (tesla, ohme) = (json!(TESLA.to_string()), json!(OHME.to_string()));
    assert_eq!(
        told,
        [
            ("SelectDeviceType", &json!("ELECTRIC_VEHICLES")),
            ("SelectVehicleOrChargePoint", &Value::Null),
            ("SelectVehicleMake", &json!("Tesla")),
            ("SelectVehicleVariant", &tesla),
            ("SelectChargePointMake", &json!("Ohme")),
            ("SelectChargePointVariant", &ohme),
            ("AuthFlow", &Value::Null),
            ("TeslaSetupVirtualKey", &Value::Null),
            ("SmartFlexOnboardingDeviceRegistration", &Value::Null),
        ]
    );
    assert_eq!(done[1]["selectedIntegration"], "ELECTRIC_VEHICLE");
    assert_eq!(done[8]["deviceRegistered"], true);
    for mutation in
        [STEPS[0].0, STEPS[1].0, STEPS[2].0, STEPS[3].0, STEPS[4].0, STEPS[5].0, STEPS[6].0, STEPS[8].0]
    {
        record::read_back(mutation);
    }
    server.time_passes(TimeDelta::minutes(2)).await;
    guide.look(&world.ada).await;
    let test = guide.current();
    assert_eq!(
        (&test["__typename"], &test["status"], &test["isStarted"]),
        (&json!("TestCharge"), &json!("TRIGGERED"), &json!(true))
    );
    guide.goes("TestCharge", TEST, "").await;
    assert_eq!(guide.current()["status"], "TRIGGERED", "it goes on");
    server.time_passes(TimeDelta::minutes(11)).await;
    guide.look(&world.ada).await;
    assert_eq!(
        (&guide.current()["__typename"], &guide.current()["isLive"]),
        (&json!("WaitForLiveIntegration"), &json!(false))
    );
    server.time_passes(TimeDelta::minutes(6)).await;
    guide.look(&world.ada).await;
    assert_eq!(guide.current(), &Value::Null);
    assert_eq!(guide.wizard["resumable"], json!({ "isResumable": false, "resumableReasons": ["COMPLETED"] }));
    // The next device is another wizard's.
    assert_ne!(server.guide(&world.ada, home).await.id, guide.id);
}

#[tokio::test]
async fn a_charge_point_calls_by_itself_and_of_several_cars_one_is_meant() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let mut guide = server.guide(ada, server.new_home(ada).await).await;
    guide.goes("SelectDeviceType", STEPS[0].0, "ELECTRIC_VEHICLES").await;
    guide.goes("SelectVehicleOrChargePoint", STEPS[1].0, "CHARGE_POINT").await;
    guide.goes("SelectChargePointMake", STEPS[4].0, "Easee").await;
    guide.goes("SelectChargePointVariant", STEPS[5].0, &EASEE.to_string()).await;
    guide.goes("SelectVehicleMake", STEPS[2].0, "Volkswagen").await;
    guide.goes("SelectVehicleVariant", STEPS[3].0, "145").await;
    let action = &guide.current()["userActions"][0];
    assert_eq!(action["userAction"], "CONNECT_CHARGE_POINT");
    assert!(action["description"].as_str().is_some_and(|text| text.contains(&guide.id)), "{action}");
    guide.goes("UserActionRequired", "completeUserActionForSmartFlexOnboarding", "").await;
    let found =
        server.device_of(&ada.token, ada, "__typename integrationDeviceId onboardingWizard { id }").await;
    assert_eq!(found["__typename"], "SmartFlexChargePoint");
    assert_eq!(
        (&found["integrationDeviceId"], &found["onboardingWizard"]["id"]),
        (&json!(guide.id), &json!(guide.id))
    );
    record::read_back("completeUserActionForSmartFlexOnboarding");

    let mut guide = server.guide(bob, server.new_home(bob).await).await;
    guide.has_car("Volkswagen", 145).await;
    let address = guide.returned("code=bob-TWO");
    guide.goes("AuthFlow", "completeAuthFlowForSmartFlexOnboarding", &address).await;
    let cars: Vec<String> = guide.options().into_iter().map(str::to_owned).collect();
    let [one, two] = cars.as_slice() else { panic!("{cars:?}") };
    assert_eq!(guide.current()["options"][1]["userVehicle"]["make"], "Volkswagen");
    assert_eq!(guide.send(STEPS[7].0, "another").await.codes(), ["KT-CT-4375"]);
    guide.goes("SelectUserVehicle", STEPS[7].0, two).await;
    let found = server.device_of(&bob.token, bob, "integrationDeviceId").await;
    assert_eq!(found["integrationDeviceId"], json!(two));
    record::read_back("selectUserVehicleForSmartFlexOnboarding");
    // Nobody else can bring the same car; the other one is free.
    let mut guide = server.guide(ada, server.new_home(ada).await).await;
    guide.has_car("Volkswagen", 145).await;
    let address = guide.returned("code=bob-TWO");
    guide.goes("AuthFlow", "completeAuthFlowForSmartFlexOnboarding", &address).await;
    assert_eq!(guide.send(STEPS[7].0, two).await.codes(), ["KT-CT-4376"]);
    guide.goes("SelectUserVehicle", STEPS[7].0, one).await;
}

#[tokio::test]
async fn a_test_that_failed_is_made_again_once_the_car_is_plugged_in() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let mut guide = server.guide(ada, server.new_home(ada).await).await;
    guide.has_car("Volkswagen", 145).await;
    let address = guide.returned("code=ada-FAILS-TEST");
    guide.goes("AuthFlow", "completeAuthFlowForSmartFlexOnboarding", &address).await;
    assert_eq!(guide.current()["__typename"], "WaitForTransition");
    let test = "select id::text from onboarding_steps where wizard_id = $1::uuid and kind = 'TEST_CHARGE'";
    let test: String =
        sqlx::query_scalar(test).bind(&guide.id).fetch_one(server.database.pool()).await.expect("a step");
    let reply = server.step(&ada.token, TEST, &guide.id, &test, "").await;
    assert_eq!(reply.codes(), ["KT-CT-4379"], "its maker still asks");
    server.time_passes(TimeDelta::minutes(5)).await;
    guide.look(ada).await;
    let shown = guide.current().clone();
    assert_eq!(
        (&shown["__typename"], &shown["isReady"], &shown["status"]),
        (&json!("TestCharge"), &json!(false), &Value::Null)
    );
    assert_eq!(shown["error"]["errorType"], "UNABLE_TO_INITIATE_TEST_CHARGE", "it is away by day");
    assert_eq!(shown["error"]["refusalReasons"], json!(["DEVICE_AWAY_FROM_HOME"]));
    assert_eq!(guide.send(TEST, "").await.codes(), ["KT-CT-4379"]);
    guide.token = server.at("2026-03-03T02:00:00Z", ada).await;
    guide.look(ada).await;
    let shown = guide.current().clone();
    assert_eq!((&shown["status"], &shown["isReady"]), (&json!("FAILED"), &json!(true)), "{shown}");
    assert_eq!(shown["error"]["errorType"], "UNABLE_TO_COMPLETE_TEST_CHARGE");
    assert_eq!(shown["error"]["reasons"], json!(["ASSESSMENTS_FAILED"]));
    guide.goes("TestCharge", TEST, "").await;
    guide.look(ada).await;
    assert_eq!(guide.current()["status"], "TRIGGERED");
    record::read_back(TEST);
}

#[tokio::test]
async fn every_step_is_refused_for_what_its_codes_say() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let home = server.new_home(ada).await;
    let mut done = server.guide(ada, home).await;
    done.has_car("Volkswagen", 145).await;
    let address = done.returned("code=ada");
    done.goes("AuthFlow", "completeAuthFlowForSmartFlexOnboarding", &address).await;
    let mut open = server.guide(ada, home).await;
    open.goes("SelectDeviceType", STEPS[0].0, "ELECTRIC_VEHICLES").await;
    let first =
        |guide: &Guide<'_>| guide.wizard["completedSteps"][0]["id"].as_str().expect("a step").to_owned();
    let (closed, passed) = (first(&done), first(&open));
    let nothing = "0a0a0a0a-0b0b-4c0c-8d0d-0e0e0e0e0e0e";
    let mutations: Vec<&str> = STEPS.iter().map(|(name, ..)| *name).chain([TEST]).collect();
    for mutation in &mutations {
        for (token, wizard, step, code) in [
            (&ada.token, nothing, passed.as_str(), "KT-CT-4371"),
            (&ada.token, "nothing", passed.as_str(), "KT-CT-4371"),
            (&bob.token, open.id.as_str(), passed.as_str(), "KT-CT-4371"),
            (&ada.token, "", passed.as_str(), "KT-CT-4375"),
            (&ada.token, open.id.as_str(), "", "KT-CT-4375"),
            (&ada.token, open.id.as_str(), nothing, "KT-CT-4377"),
            (&ada.token, open.id.as_str(), "nothing", "KT-CT-4377"),
            (&ada.token, open.id.as_str(), passed.as_str(), "KT-CT-4378"),
            (&ada.token, done.id.as_str(), closed.as_str(), "KT-CT-4379"),
            (&world.reader, open.id.as_str(), passed.as_str(), "KT-CT-1111"),
        ] {
            let said = if *mutation == STEPS[1].0 { "CHARGE_POINT" } else { "Tesla" };
            let reply = server.step(token, mutation, wizard, step, said).await;
            assert_eq!(reply.codes(), [code], "{mutation} {wizard} {step}: {}", reply.json);
        }
    }
    // Nobody chooses what is not there.
    let make = async |said: &str| open.send(STEPS[1].0, said).await;
    assert!(make("ELECTRIC_VEHICLE").await.errors().is_empty());
    let again = server.guide(ada, home).await;
    assert_eq!(again.send(STEPS[2].0, "Trabant").await.codes(), ["KT-CT-4375"]);

    let mut elsewhere = server.tx().await;
    let lock = "select 1 from onboarding_wizards where id = $1::uuid for update";
    sqlx::query(lock).bind(&open.id).execute(&mut elsewhere).await.expect("held");
    for mutation in &mutations {
        let said = if *mutation == STEPS[1].0 { "CHARGE_POINT" } else { "Tesla" };
        let reply = server.step(&ada.token, mutation, &open.id, &passed, said).await;
        assert_eq!(reply.codes(), ["KT-CT-4372"], "{mutation}");
    }
    assert_eq!(server.cancels(&ada.token, &open.id).await.codes(), ["KT-CT-4372"]);
    drop(elsewhere);

    for (token, account, property) in [
        (&ada.token, "A-00000000", home),
        (&bob.token, ada.account.as_str(), home),
        (&bob.token, bob.account.as_str(), home),
    ] {
        assert_eq!(server.starts(token, account, property).await.codes(), ["KT-CT-4321"], "{account}");
    }
    assert_eq!(server.starts(&world.reader, &ada.account, home).await.codes(), ["KT-CT-1111"]);

    server
        .tamper("update occupancies set during = tstzrange(lower(during), lower(during) + interval '1 day')")
        .await;
    for mutation in &mutations {
        let said = if *mutation == STEPS[1].0 { "CHARGE_POINT" } else { "Tesla" };
        let reply = server.step(&ada.token, mutation, &open.id, &passed, said).await;
        assert_eq!(reply.codes(), ["KT-CT-4376"], "{mutation}: they have moved out");
    }

    for (token, wizard, code) in [
        (&bob.token, open.id.as_str(), "KT-CT-4371"),
        (&ada.token, nothing, "KT-CT-4371"),
        (&ada.token, "", "KT-CT-4371"),
    ] {
        assert_eq!(server.cancels(token, wizard).await.codes(), [code]);
    }
    let cancelled = server.cancels(&ada.token, &open.id).await;
    let wizard = &cancelled.json["data"]["cancelSmartFlexOnboarding"]["wizard"];
    assert_eq!(wizard["currentStep"], Value::Null, "{}", cancelled.json);
    assert_eq!(wizard["resumable"]["resumableReasons"], json!(["CANCELLED"]));
    assert_eq!(server.cancels(&ada.token, &open.id).await.codes(), ["KT-CT-4371"]);
    let moved = server.new_home(ada).await;
    assert_ne!(server.guide(ada, moved).await.id, open.id);
    record::read_back("cancelSmartFlexOnboarding");
}
