using Npgsql;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Platform.Core.Hosting;

namespace Portico.Host.Operations;

/// <summary>
/// Traces and metrics by OpenTelemetry. They leave by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector; <c>/metrics</c> answers in Prometheus'
/// format to callers on this machine.
/// </summary>
internal static class Telemetry
{
    public static void Add(WebApplicationBuilder builder)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("portico", serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3)))
            .WithMetrics(metrics => metrics
                .AddMeter(PorticoMeters.Name, "Npgsql", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddPrometheusExporter());
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT")))
            return;
        telemetry
            .WithTracing(tracing => tracing
                .AddSource("Portico.*")
                .AddNpgsql()
                // Addresses hold codes that open a payment's page: the route's pattern is told, the path is not.
                .AddAspNetCoreInstrumentation(web => web.EnrichWithHttpRequest = (span, _) => span.SetTag("url.path", null))
                .AddHttpClientInstrumentation()
                .AddOtlpExporter())
            .WithMetrics(metrics => metrics.AddOtlpExporter());
    }

    /// <summary><c>/metrics</c>, for callers on this machine that come through no proxy; for others there is no such page.</summary>
    public static void Map(WebApplication web) => web.UseOpenTelemetryPrometheusScrapingEndpoint(http => http.Request.Path == "/metrics" && Callers.AreHere(http));
}
