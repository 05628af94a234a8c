using Platform.Core.Entities;
using Platform.Core.Storage;

namespace Platform.Core.Maintenance;

/// <summary>Lets services rest, and wakes them. Every host sees it within two seconds; what is paid at the bank meanwhile is taken as ever.</summary>
internal sealed class MaintenanceRegister(Database database, EntityDirectory directory, TimeProvider clock)
{
    const string Core = "portico_core";

    public async Task Set(MaintenanceWindow window, string by, CancellationToken stop)
    {
        await database.Run(
            Core, window.Entity, by, clock,
            async session =>
            {
                await session.Execute(
                    """
                    insert into core.maintenance (entity_id, service, from_at, until_at, words, words_en, set_at, set_by) values (@Entity, @Service, @From, @Until, @Words, @WordsEn, @now, @by)
                    on conflict (entity_id, service) do update set from_at = excluded.from_at, until_at = excluded.until_at, words = excluded.words, words_en = excluded.words_en,
                           set_at = excluded.set_at, set_by = excluded.set_by
                    """,
                    new { window.Entity, window.Service, window.From, window.Until, window.Words, window.WordsEn, now = clock.GetUtcNow(), by });
                session.Record("core.maintenance_set", new { window.Service, window.From, window.Until });
                return true;
            },
            stop);
        directory.Forget();
    }

    /// <returns>Whether there was any.</returns>
    public async Task<bool> End(EntityId entity, string service, string by, CancellationToken stop)
    {
        var ended = await database.Run(
            Core, entity, by, clock,
            async session =>
            {
                var gone = await session.Execute("delete from core.maintenance where entity_id = @entity and service = @service", new { entity, service });
                if (gone > 0)
                    session.Record("core.maintenance_ended", new { Service = service });
                return gone > 0;
            },
            stop);
        directory.Forget();
        return ended;
    }
}
