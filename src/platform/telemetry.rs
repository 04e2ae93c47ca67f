//! Logs and traces of the process.
//!
//! Log lines go to standard error: for people on a terminal, one JSON object a line otherwise. `KRAKEN_LOG`
//! filters them (`info` by default; `kraken_api=debug,request=warn`). If `OTEL_EXPORTER_OTLP_ENDPOINT` is
//! set, one span an operation goes there by OTLP over plain HTTP, where a collector beside the server
//! takes it; the other `OTEL_…` variables of the specification (headers, sampler, service name) hold.

use std::collections::HashMap;
use std::io::{self, IsTerminal};

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use super::tls;

const FILTER: &str = "KRAKEN_LOG";
/// What is logged where nobody asked for anything: Postgres' own notices are of no use.
const UNASKED: &str = "info,sqlx=warn";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const SERVICE: &str = env!("CARGO_PKG_NAME");
/// Spans of this target are exported.
const TARGET: &str = "request";

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    #[error("KRAKEN_LOG is not a log filter: {0}")]
    Filter(String),
    #[error("traces cannot be exported to OTEL_EXPORTER_OTLP_ENDPOINT: {0}")]
    Exporter(String),
    #[error("logging is set up already")]
    Again,
}

/// Keeps the export of traces going; what is pending is sent when it is dropped.
#[must_use = "traces end with it"]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces are lost");
        }
    }
}

/// Sets up logging and tracing for the whole process. Call it once, first of all.
///
/// # Errors
/// If the environment asks for something impossible, or logging is set up already.
pub fn init(format: LogFormat) -> Result<Telemetry, TelemetryError> {
    let provider = exporter()?;
    let traces = provider.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer(SERVICE));
        // Without locations and threads: they say nothing of an operation.
        layer.with_location(false).with_threads(false).with_filter(filter_fn(exported))
    });
    tracing_subscriber::registry()
        .with(lines(format).with_filter(filter()?))
        .with(traces)
        .try_init()
        .map_err(|_| TelemetryError::Again)?;
    Ok(Telemetry(provider))
}

/// Makes `span` part of the trace that the caller is in, as its `traceparent` header says.
pub fn continue_trace(span: &Span, trace_parent: Option<&str>) {
    let Some(parent) = trace_parent else { return };
    let header = HashMap::from([("traceparent".to_owned(), parent.to_owned())]);
    let context = TraceContextPropagator::new().extract(&header);
    // Fails where nothing is exported: then there is nothing to continue.
    let _ = span.set_parent(context);
}

/// Names `span` in what is exported: its name may be known only at its end.
pub fn name(span: &Span, name: String) {
    span.context().span().update_name(name);
}

fn filter() -> Result<EnvFilter, TelemetryError> {
    let builder = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    let written = std::env::var(FILTER).unwrap_or_else(|_| UNASKED.to_owned());
    builder.parse(written).map_err(|error| TelemetryError::Filter(error.to_string()))
}

fn lines(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let terminal = io::stderr().is_terminal();
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let layer = fmt::layer().with_writer(io::stderr);
    match json {
        true => layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        false => layer.with_ansi(terminal).boxed(),
    }
}

fn exported(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == TARGET
}

fn exporter() -> Result<Option<SdkTracerProvider>, TelemetryError> {
    if std::env::var_os(ENDPOINT).is_none_or(|endpoint| endpoint.is_empty()) {
        return Ok(None);
    }
    tls::by_default();
    let exporter = SpanExporter::builder()
        .with_http()
        .build()
        .map_err(|error| TelemetryError::Exporter(error.to_string()))?;
    let resource = Resource::builder();
    // The variable of the specification wins.
    let resource = match std::env::var_os("OTEL_SERVICE_NAME") {
        Some(_) => resource,
        None => resource.with_service_name(SERVICE),
    };
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build());
    Ok(Some(provider.build()))
}
