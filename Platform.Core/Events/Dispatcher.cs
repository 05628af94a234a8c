using System.Text.Json;
using Autofac;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Platform.Core.Events;

/// <summary>
/// Brings events from the outbox to their handlers: at least once, in the order of each stream, each effect exactly once. Any number of hosts may run one.
/// </summary>
internal sealed class Dispatcher(
    Lazy<ServiceCatalog> catalog, ServiceGates gates, Database database, Lazy<CallScopes> scopes, EntityDirectory directory, TimeProvider clock, ILogger<Dispatcher> log) : Sweeper(log)
{
    const int MostTries = 10;
    const string Core = "portico_core";

    // Seconds until the next try; the last one repeats. Published in docs/reliability.md.
    static readonly int[] BackOff = [1, 5, 15, 60, 300, 900, 3600];

    protected override string Name => "events";

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        var known = Known();
        if (known.Length == 0)
            return 0;
        var entities = await database.Run(
            ModuleRoles.Centre, null, "core", clock,
            session => session.List<int>(
                "select distinct entity_id from core.delivery where state = 'due' and due_at <= @now and handler = any(@known)",
                new { now = clock.GetUtcNow(), known }),
            stop);
        // Handlers run inside a transaction, in which the directory cannot be read afresh.
        if (entities.Count > 0)
            await directory.Current(stop);
        var handled = 0;
        foreach (var entity in entities)
            while (!stop.IsCancellationRequested && await DeliverOne(new EntityId(entity), Known(), stop))
                handled++;
        return handled;
    }

    /// <summary>The handlers that are here and not paused. What waits for a paused one loses no try.</summary>
    internal string[] Known() =>
    [
        .. catalog.Value.Reactions.Values.Where(reaction => GateOf(reaction) is not { IsPaused: true }).Select(reaction => reaction.Handler).Distinct(StringComparer.Ordinal),
    ];

    /// <summary>Null for the platform's own reactions: those are never paused.</summary>
    ServiceGate? GateOf(Reaction reaction) => catalog.Value.Find(reaction.Module) is null ? null : gates.Of(reaction.Module, ServiceWork.Reactions);

    async Task<bool> DeliverOne(EntityId entity, string[] known, CancellationToken stop)
    {
        Claim? claim = null;
        try
        {
            var delivered = await scopes.Value.In(entity, entity, "core", scope => database.Run(
                Core, entity, "core", clock,
                async session =>
                {
                    claim = await session.First<Claim>(ClaimNext, new { entity = entity.Value, now = clock.GetUtcNow(), known });
                    if (claim is null)
                        return false;
                    var reaction = catalog.Value.Reactions[(claim.Handler, claim.Type)];
                    var happened = JsonSerializer.Deserialize(claim.Payload, reaction.EventType, EventCatalog.Json)
                        ?? throw new InvalidOperationException($"Event {claim.EventId} is empty.");
                    scope.Resolve<CallContextHolder>().Context = new CallContext(entity, entity, reaction.Module, reaction.Module);
                    session.Become(ModuleRoles.Of(reaction.Module));
                    await (GateOf(reaction) is { } gate
                        ? gate.Run(async cut => { await Invoke(scope, reaction, happened, session, cut); return true; }, null, stop)
                        : Invoke(scope, reaction, happened, session, stop));
                    session.Become(Core);
                    await session.Execute(
                        "update core.delivery set state = 'done', tries = tries + 1, error = null where entity_id = @entity and event_id = @EventId and handler = @Handler",
                        new { entity = entity.Value, claim.EventId, claim.Handler });
                    return true;
                },
                stop));
            if (delivered)
                Count(claim!.Handler, "done");
            return delivered;
        }
        catch (Exception wrong) when (claim is not null && !stop.IsCancellationRequested)
        {
            var parked = claim.Tries + 1 >= MostTries;
            log.Log(
                parked ? LogLevel.Error : LogLevel.Warning, wrong, "{Handler} failed on event {Event} of entity {Entity} (try {Try}){Parked}.",
                claim.Handler, claim.EventId, entity.Value, claim.Tries + 1, parked ? "; it is parked" : "");
            await database.Run(
                Core, entity, "core", clock,
                session => session.Execute(
                    """
                    update core.delivery set state = @state, tries = tries + 1, due_at = @dueAt, error = @error
                     where entity_id = @entity and event_id = @EventId and handler = @Handler and state = 'due'
                    """,
                    new
                    {
                        entity = entity.Value,
                        claim.EventId,
                        claim.Handler,
                        state = parked ? "parked" : "due",
                        dueAt = clock.GetUtcNow().AddSeconds(BackOff[Math.Min(claim.Tries, BackOff.Length - 1)]),
                        error = wrong.GetType().Name,
                    }),
                CancellationToken.None);
            Count(claim.Handler, parked ? "parked" : "failed");
            return true;
        }
    }

    static void Count(string handler, string outcome) =>
        PorticoMeters.Deliveries.Add(1, new KeyValuePair<string, object?>("handler", handler), new KeyValuePair<string, object?>("outcome", outcome));

    static Task Invoke(ILifetimeScope scope, Reaction reaction, object happened, EntitySession session, CancellationToken stop)
    {
        var contract = typeof(IReact<>).MakeGenericType(reaction.EventType);
        var handler = scope.Resolve(reaction.HandlerType);
        return (Task)contract.GetMethod(nameof(IReact<>.On))!.Invoke(
            handler, System.Reflection.BindingFlags.DoNotWrapExceptions, null, [happened, session, stop], null)!;
    }

    // A delivery may go when no earlier event of its stream is unfinished for the same handler: a parked one holds back only its own stream.
    const string ClaimNext =
        """
        select d.event_id, d.handler, d.tries::int as tries, o.type, o.payload::text as payload
          from core.delivery d
          join core.outbox o on o.entity_id = d.entity_id and o.event_id = d.event_id
         where d.entity_id = @entity and d.state = 'due' and d.due_at <= @now and d.handler = any(@known)
           and not exists (
               select from core.delivery p
                where p.entity_id = d.entity_id and p.handler = d.handler and p.stream = d.stream and p.seq < d.seq and p.state <> 'done')
         order by d.due_at, d.seq
         limit 1
           for update of d skip locked
        """;

    sealed record Claim(Guid EventId, string Handler, int Tries, string Type, string Payload);
}
