//! Makes and models that can be controlled.

use crate::platform::db::{Tx, row, statement};

row! {
    /// A car.
    pub struct VehicleModel {
        /// Tells it apart.
        pub id: i32,
        /// Who makes it.
        pub make: String,
        /// What it is.
        pub model: String,
        /// The first year that it was sold in.
        pub available_from: i16,
        /// The last one; none, if it still is.
        pub available_to: Option<i16>,
        /// What can be used of its battery.
        pub battery_wh: i64,
        /// The services through which it is reached.
        pub providers: Vec<String>,
        /// One of `IntegrationStatus`.
        pub integration_status: String,
    }
}

row! {
    /// A charge point.
    pub struct ChargePointModel {
        /// Tells it apart.
        pub id: i32,
        /// Who makes it.
        pub make: String,
        /// What it is.
        pub model: String,
        /// The most that it gives.
        pub power_w: i64,
        /// The most that it gives, in amperes a phase.
        pub amperage: i16,
        /// The services through which it is reached.
        pub providers: Vec<String>,
        /// One of `IntegrationStatus`.
        pub integration_status: String,
    }
}

row! {
    /// A heat pump.
    pub struct HeatPumpModel {
        /// Tells it apart.
        pub id: i32,
        /// Who makes it.
        pub make: String,
        /// What it is.
        pub model: String,
        /// The heat that it gives.
        pub power_w: i64,
        /// Whether it is no longer for new installations.
        pub is_deprecated: bool,
    }
}

/// A maker with what it makes.
#[derive(Clone, Debug)]
pub struct Make<M> {
    /// Who.
    pub make: String,
    /// What, by name.
    pub models: Vec<M>,
}

/// Whether everybody can have it controlled.
pub fn is_live(status: &str) -> bool {
    status == "GENERALLY_AVAILABLE"
}

statement!(static VEHICLES: VehicleModel = "
    select id, make, model, available_from, available_to, battery_wh, providers, integration_status from vehicle_models
    where ($1::text is null or lower(make) = lower($1)) and ($2::text is null or $2 = any(providers))
        and ($3::boolean is null or (integration_status = 'GENERALLY_AVAILABLE') = $3)
    order by lower(make) collate \"C\", model collate \"C\", available_from");
statement!(static VEHICLES_BY_ID: VehicleModel = "
    select id, make, model, available_from, available_to, battery_wh, providers, integration_status from vehicle_models
    where id = any($1::integer[])");
statement!(static CHARGE_POINTS: ChargePointModel = "
    select id, make, model, power_w, amperage, providers, integration_status from charge_point_models
    where ($1::integer[] is null or id = any($1)) order by lower(make) collate \"C\", model collate \"C\"");
statement!(static HEAT_PUMPS: HeatPumpModel = "
    select id, make, model, power_w, is_deprecated from heat_pump_models
    where ($1::text is null or lower(make) = lower($1)) and ($2::boolean is null or is_deprecated = $2)
    order by lower(make) collate \"C\", model collate \"C\"");

statement!(static HEAT_PUMPS_BY_ID: HeatPumpModel = "
    select id, make, model, power_w, is_deprecated from heat_pump_models where id = any($1::integer[])");

fn by_make<M>(models: Vec<M>, make: fn(&M) -> &str) -> Vec<Make<M>> {
    let mut makes: Vec<Make<M>> = Vec::new();
    for model in models {
        match makes.last_mut().filter(|last| last.make == make(&model)) {
            Some(last) => last.models.push(model),
            None => makes.push(Make { make: make(&model).to_owned(), models: vec![model] }),
        }
    }
    makes
}

/// Cars by who makes them, as far as they are of this make, reached through this provider, and ready for everybody or not.
pub async fn vehicles(
    tx: &mut Tx,
    make: Option<&str>,
    provider: Option<&str>,
    is_live: Option<bool>,
) -> Result<Vec<Make<VehicleModel>>, sqlx::Error> {
    let query = VEHICLES.query().bind(make).bind(provider).bind(is_live);
    Ok(by_make(query.fetch_all(&mut *tx).await?, |model| &model.make))
}

/// The cars with these numbers, in no order.
pub async fn vehicles_by_id(tx: &mut Tx, ids: &[i32]) -> Result<Vec<VehicleModel>, sqlx::Error> {
    VEHICLES_BY_ID.query().bind(ids).fetch_all(&mut *tx).await
}

/// Charge points by who makes them.
pub async fn charge_points(tx: &mut Tx) -> Result<Vec<Make<ChargePointModel>>, sqlx::Error> {
    let all = CHARGE_POINTS.query().bind(None::<Vec<i32>>).fetch_all(&mut *tx).await?;
    Ok(by_make(all, |model| &model.make))
}

/// The charge points with these numbers, by name.
pub async fn charge_points_by_id(tx: &mut Tx, ids: &[i32]) -> Result<Vec<ChargePointModel>, sqlx::Error> {
    CHARGE_POINTS.query().bind(ids).fetch_all(&mut *tx).await
}

/// Heat pumps by who makes them, as far as they are of this make, and for new installations or not.
pub async fn heat_pumps(
    tx: &mut Tx,
    make: Option<&str>,
    is_deprecated: Option<bool>,
) -> Result<Vec<Make<HeatPumpModel>>, sqlx::Error> {
    let all = HEAT_PUMPS.query().bind(make).bind(is_deprecated).fetch_all(&mut *tx).await?;
    Ok(by_make(all, |model| &model.make))
}

/// The heat pumps with these numbers, in no order.
pub async fn heat_pumps_by_id(tx: &mut Tx, ids: &[i32]) -> Result<Vec<HeatPumpModel>, sqlx::Error> {
    HEAT_PUMPS_BY_ID.query().bind(ids).fetch_all(&mut *tx).await
}
