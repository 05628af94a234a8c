using System.Globalization;
using Autofac;
using Platform.Core.Events;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Portico.Host.Operations;

internal static class Health
{
    /// <summary>
    /// 200 when the database answers and this host delivers the events that are due, 503 when not; services in quarantine, parts of services that are paused and jobs with
    /// parked runs are named but do not make the host unready.
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
        await http.Response.WriteAsJsonAsync(new { ready = http.Response.StatusCode == StatusCodes.Status200OK, reasons }, http.RequestAborted);
    }
}
