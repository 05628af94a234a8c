using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Portico.Host.Operations;

internal static class Health
{
    /// <summary>200 when the database answers, 503 when not; services in quarantine are named but do not make the host unready.</summary>
    public static async Task Ready(HttpContext http, Database database, ServiceCatalog catalog)
    {
        var reasons = catalog.Quarantined.Select(service => $"quarantined: {service.Id ?? Path.GetFileName(service.Folder)}: {service.Reason}").ToList();
        try
        {
            await database.Run(ModuleRoles.Of("core"), null, "health", TimeProvider.System, session => session.First<int>("select 1"), http.RequestAborted);
        }
        catch (Exception down) when (down is Npgsql.NpgsqlException or TimeoutException)
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            reasons.Insert(0, "the database does not answer");
        }
        await http.Response.WriteAsJsonAsync(new { ready = http.Response.StatusCode == StatusCodes.Status200OK, reasons }, http.RequestAborted);
    }
}
