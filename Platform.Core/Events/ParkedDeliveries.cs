using Platform.Core.Entities;
using Platform.Core.Storage;

namespace Platform.Core.Events;

/// <summary>A delivery that failed too often and waits for somebody. It holds back what follows in its stream for its handler, and nothing else.</summary>
/// <param name="Event">Its number; with the handler's name it names the delivery.</param>
/// <param name="At">When the event happened.</param>
/// <param name="Error">What was thrown last, by the name of its class: messages may hold personal data.</param>
internal sealed record ParkedDelivery(int Entity, Guid Event, string Handler, string Type, Guid Stream, int Seq, int Tries, string? Error, DateTimeOffset At);

/// <summary>What an officer does about deliveries that are parked.</summary>
internal sealed class ParkedDeliveries(Database database, Dispatcher dispatcher, TimeProvider clock)
{
    const int Most = 1000;

    /// <summary>Those of one entity, or of all; the oldest event first, at most 1,000 unless less is asked for.</summary>
    public Task<IReadOnlyList<ParkedDelivery>> Find(EntityId? entity, CancellationToken stop, int most = Most, int skip = 0) => database.Run(
        ModuleRoles.Centre, null, "events", clock,
        session => session.List<ParkedDelivery>(
            """
            select d.entity_id as entity, d.event_id as event, d.handler, o.type, d.stream, d.seq, d.tries::int as tries, d.error, o.at
              from core.delivery d
              join core.outbox o on o.entity_id = d.entity_id and o.event_id = d.event_id
             where d.state = 'parked' and (@entity::int is null or d.entity_id = @entity)
             order by o.at, d.entity_id, d.stream, d.seq
             limit @most offset @skip
            """,
            new { entity = entity?.Value, most, skip }),
        stop);

    /// <summary>
    /// Makes parked deliveries of one entity due again, with all their tries before them, and notes in the entity's journal who wanted it.
    /// They run in the order of their stream, and after them what they held back. May be repeated: what is not parked is left alone.
    /// </summary>
    /// <param name="entity">Whose.</param>
    /// <param name="wanted">The event, or null for all of them.</param>
    /// <param name="handler">One handler, or null for all of them.</param>
    /// <param name="by">Who wants it; the journal's actor.</param>
    /// <param name="stop">Ends it; nothing is done then.</param>
    /// <returns>How many.</returns>
    public async Task<int> Replay(EntityId entity, Guid? wanted, string? handler, string by, CancellationToken stop)
    {
        var replayed = await database.Run(
            ModuleRoles.Of("core"), entity, by, clock,
            async session =>
            {
                var again = await session.List<Replayed>(
                    """
                    update core.delivery d set state = 'due', tries = 0, due_at = @now
                      from core.delivery was
                     where d.entity_id = @entity and d.state = 'parked' and (@wanted::uuid is null or d.event_id = @wanted) and (@handler::text is null or d.handler = @handler)
                       and was.entity_id = d.entity_id and was.event_id = d.event_id and was.handler = d.handler
                    returning d.event_id as event, d.handler, was.tries::int as tries, d.error
                    """,
                    new { entity = entity.Value, wanted, handler, now = clock.GetUtcNow() });
                foreach (var one in again)
                    session.Record("core.event_replayed", one);
                if (again.Count > 0)
                    await session.Execute("select pg_notify('portico_events', '')");
                return again.Count;
            },
            stop);
        dispatcher.Wake();
        return replayed;
    }

    sealed record Replayed(Guid Event, string Handler, int Tries, string? Error);
}
