//! The smart devices of a home: networks, and what each meter is among them.

use crate::api::session::{Bindings, Call};
use crate::domain::supply::meters::Meter;
use crate::domain::supply::properties::Property;
use crate::domain::supply::smart_meters::{self, Network, SmartDevice};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("PropertyType.smartDeviceNetworks", networks);
    b.batch("SmartMeterDeviceNetworkType.smartDevices", devices);
    b.leaves::<Network>("SmartMeterDeviceNetworkType", &[("id", |n| n.id.into())]);
    b.leaves::<SmartDevice>(
        "SmartMeterDeviceType",
        &[
            ("id", |d| d.id.into()),
            ("deviceId", |d| (&d.device_id).into()),
            ("manufacturer", |d| (&d.manufacturer).into()),
            ("model", |d| (&d.model).into()),
            ("firmwareVersion", |d| (&d.firmware_version).into()),
            ("type", |d| (&d.kind).into()),
            ("status", |d| (&d.status).into()),
            ("serialNumber", |d| (&d.serial_number).into()),
            ("paymentMode", |d| (&d.payment_mode).into()),
        ],
    );
    b.batch("SmartMeterDeviceType.deviceNetwork", networks_of_devices);
    b.batch("SmartMeterDeviceType.importElectricityMeter", import_meters);
    b.batch("SmartMeterDeviceType.exportElectricityMeter", export_meters);
    b.batch("SmartMeterDeviceType.gasMeter", gas_meters);
    b.batch("ElectricityMeterType.smartDevices", of_meters);
    b.batch("ElectricityMeterType.smartImportElectricityMeter", importing);
    b.batch("ElectricityMeterType.smartExportElectricityMeter", exporting);
    b.batch("GasMeterType.smartDevices", of_meters);
    b.batch("GasMeterType.smartGasMeter", counting_gas);
}

async fn networks(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Property>()?.iter().map(|p| p.id).collect();
    let mut view = call.cx.read().await?;
    let found = smart_meters::of_properties(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

async fn devices(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let statuses: Option<Vec<Option<String>>> = call.arg("statuses")?;
    let ids: Vec<i64> = call.parents::<Network>()?.iter().map(|n| n.id).collect();
    let mut view = call.cx.read().await?;
    let found = smart_meters::devices(&mut view, call.cx.viewer(), &ids).await;
    let wants = |device: &SmartDevice| {
        statuses.as_ref().is_none_or(|wanted| wanted.iter().flatten().any(|status| *status == device.status))
    };
    let list = |devices: Vec<SmartDevice>| Resolved::nodes(devices.into_iter().filter(wants));
    Ok(found.map_err(FieldError::internal)?.into_iter().map(list).collect())
}

async fn networks_of_devices(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<SmartDevice>()?.iter().map(|d| d.network_id).collect();
    let mut view = call.cx.read().await?;
    let found = smart_meters::by_ids(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

/// The first of the meters of each device of which `wants` holds.
async fn meter_of_devices(call: Call<'_>, wants: fn(&Meter) -> bool) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<SmartDevice>()?.iter().map(|d| d.id).collect();
    let mut view = call.cx.read().await?;
    let found = smart_meters::meters_of(&mut view, call.cx.viewer(), &ids).await;
    let first = |meters: Vec<Meter>| Resolved::maybe(meters.into_iter().find(wants));
    Ok(found.map_err(FieldError::internal)?.into_iter().map(first).collect())
}

async fn import_meters(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    meter_of_devices(call, |meter| !meter.is_gas() && meter.direction == "IMPORT").await
}

async fn export_meters(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    meter_of_devices(call, |meter| !meter.is_gas() && meter.direction == "EXPORT").await
}

async fn gas_meters(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    meter_of_devices(call, Meter::is_gas).await
}

async fn devices_of_meters(call: Call<'_>) -> Result<Vec<Vec<SmartDevice>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Meter>()?.iter().map(|m| m.id).collect();
    let mut view = call.cx.read().await?;
    smart_meters::of_meters(&mut view, &ids).await.map_err(FieldError::internal)
}

async fn of_meters(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(devices_of_meters(call).await?.into_iter().map(Resolved::nodes).collect())
}

/// The device that each meter is, if `wants` holds of the meter.
async fn device_of_meters(call: Call<'_>, wants: fn(&Meter) -> bool) -> Result<Vec<Resolved>, FieldError> {
    let meters = call.parents::<Meter>()?;
    let found = devices_of_meters(call).await?;
    let first = |(meter, devices): (&Meter, Vec<SmartDevice>)| {
        Resolved::maybe(devices.into_iter().find(|_| wants(meter)))
    };
    Ok(meters.into_iter().zip(found).map(first).collect())
}

async fn importing(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    device_of_meters(call, |meter| meter.direction == "IMPORT").await
}

async fn exporting(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    device_of_meters(call, |meter| meter.direction == "EXPORT").await
}

async fn counting_gas(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    device_of_meters(call, |_| true).await
}
