using System.Globalization;
using System.Net;
using Autofac;
using Platform.Core.Events;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Portico.Host.Operations;

internal static class Health
{
    /// <summary>
    /// 200 when the database answers and this host delivers the events that are due, 503 when not; services in quarantine, parts of services that are paused and jobs with
    /// parked runs are named but do not make the host unready. The reasons are for callers on this machine: they name services and what is wrong with them.
    /// </summary>
    public static async Task Ready(HttpContext http, ILifetimeScope root, ServiceCatalog catalog)
    {
        var reasons = catalog.Quarantined.Select(service => $"quarantined: {service.Id ?? Path.GetFileName(service.Folder)}: {service.Reason}").Concat(root.Resolve<ServiceGates>().Paused()).ToList();
        try
        {
            var parked = await root.Resolve<Database>().Run(
                ModuleRoles.Of("core"), null, "health", TimeProvider.System,
                session => session.List<string>("select service || ' ' || job from core.job_run where state = 'parked' group by 1 order by 1"), http.RequestAborted);
            reasons.AddRange(parked.Select(job => $"parked: {job}: runs failed for good, see \"portico jobs\""));
            if (await root.Resolve<Dispatcher>().WaitingSince(http.RequestAborted) is { } since)
            {
                http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                reasons.Insert(0, string.Create(
                    CultureInfo.InvariantCulture,
                    $"events: one waits since {since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, and for {DeliverySchedule.Patience.TotalSeconds:0} seconds this host has delivered none: see its log for the sweep of events"));
            }
        }
        catch (Exception down) when (down is Npgsql.NpgsqlException or TimeoutException)
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            reasons.Insert(0, "the database does not answer");
        }
        var ready = http.Response.StatusCode == StatusCodes.Status200OK;
        await (Callers.AreHere(http) ? http.Response.WriteAsJsonAsync(new { ready, reasons }, http.RequestAborted) : http.Response.WriteAsJsonAsync(new { ready }, http.RequestAborted));
    }
}

internal static class Callers
{
    /// <summary>Whether the caller is on this machine and comes through no proxy: who may know how the host is doing.</summary>
    public static bool AreHere(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } caller && IPAddress.IsLoopback(caller)
        && !http.Request.Headers.ContainsKey("X-Forwarded-For") && !http.Request.Headers.ContainsKey("Forwarded");
}
