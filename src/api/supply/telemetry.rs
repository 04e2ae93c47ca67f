//! `smartMeterTelemetry`.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::supply::telemetry::{self, Ask, Step, TelemetryError};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.smartMeterTelemetry", told);
    b.leaves::<Step>(
        "SmartMeterTelemetryType",
        &[
            ("readAt", |s| s.start.into()),
            ("consumption", |s| s.total_wh.into()),
            ("consumptionDelta", |s| s.wh().into()),
            ("demand", |s| s.watts.into()),
            ("export", |s| s.out_total_wh.into()),
            ("costDelta", |s| exact(s.net).into()),
            ("costDeltaWithTax", |s| exact(s.gross).into()),
        ],
    );
}

fn exact(minor: Option<Decimal>) -> Option<Decimal> {
    minor.map(|minor| minor.round_dp(6).normalize())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Args {
    device_id: String,
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    grouping: Option<String>,
}

async fn told(call: Call<'_>) -> Result<Resolved, FieldError> {
    let args: Args = call.args()?;
    let step = match args.grouping.as_deref() {
        Some("ONE_MINUTE") => 60,
        Some("FIVE_MINUTES") => 300,
        Some("HALF_HOURLY") => 1800,
        Some("HOURLY") => 3600,
        _ => 10,
    };
    let ask = Ask { step, from: args.start, to: args.end };
    let mut view = call.cx.read().await?;
    let told = telemetry::told(&mut view, call.cx.viewer(), &args.device_id, &ask).await;
    told.map(Resolved::nodes).map_err(|error| match error {
        TelemetryError::NotThere => FieldError::code("KT-CT-4301").at_input(&["deviceId"]),
        TelemetryError::Period(why) => FieldError::code("KT-CT-4321").describe(why).at_input(&["start"]),
        TelemetryError::Silent => FieldError::code("KT-GB-4039"),
        TelemetryError::Database(error) => FieldError::internal(error),
    })
}
