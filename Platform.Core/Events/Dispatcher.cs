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
/// <remarks>Several streams side by side: one that waits for a lock holds back nobody but itself. It looks for streams by a plain read over all entities, and locks inside an entity's session.</remarks>
internal sealed class Dispatcher(
    Lazy<ServiceCatalog> catalog, ServiceGates gates, Database database, Lazy<CallScopes> scopes, EntityDirectory directory, DispatchTerms terms, TimeProvider clock, ILogger<Dispatcher> log) : Sweeper(log)
{
    const string Core = "portico_core";
    const int MostFound = 200;
    const int MostInTurn = 50;

    readonly int _atOnce = Math.Clamp(database.MostConnections / 2, 1, terms.AtOnce);
    long _progress = clock.GetUtcNow().UtcTicks;

    protected override string Name => "events";

    protected override TimeSpan Poll => terms.Poll;

    /// <summary>Since when a delivery waits although this host had time for it, or null when all is well. Asks the database by another way than the sweeps do.</summary>
    public async Task<DateTimeOffset?> WaitingSince(CancellationToken stop)
    {
        var longAgo = clock.GetUtcNow() - DeliverySchedule.Patience;
        var known = Known();
        if (known.Length == 0 || Interlocked.Read(ref _progress) > longAgo.UtcTicks)
            return null;
        var waiting = await database.Run(
            Core, null, "health", clock, session => session.First<Waiting>("select since from core.oldest_waiting(@known, @longAgo) as since where since is not null", new { known, longAgo }), stop);
        return waiting?.Since;
    }

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        if (Known().Length == 0)
            return 0;
        var found = new Queue<DueStream>();
        var running = new Dictionary<DueStream, Task<int>>();
        // Another host has them in hand. It, or the next sweep, sees to what follows.
        var elsewhere = new HashSet<DueStream>();
        var handled = 0;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                if (found.Count == 0)
                    found = new((await Look(stop)).Where(stream => !running.ContainsKey(stream) && !elsewhere.Contains(stream)));
                while (running.Count < _atOnce && found.TryDequeue(out var next))
                    if (!running.ContainsKey(next))
                        running.Add(next, Task.Run(() => DeliverStream(next, stop), CancellationToken.None));
                if (running.Count == 0)
                    break;
                await FirstOf(running.Values, orWoken: running.Count < _atOnce, stop);
                foreach (var (stream, done) in running.Where(stream => stream.Value.IsCompleted).ToList())
                {
                    running.Remove(stream);
                    var delivered = await done;
                    handled += delivered;
                    if (delivered == 0)
                        elsewhere.Add(stream);
                }
            }
            return handled;
        }
        finally
        {
            await Task.WhenAll(running.Values.Cast<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Until a stream is through; where there is room for another one also until there may be work.</summary>
    async Task FirstOf(IEnumerable<Task> running, bool orWoken, CancellationToken stop)
    {
        if (!orWoken)
        {
            await Task.WhenAny(running);
            return;
        }
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var woken = Woken(enough.Token);
        await Task.WhenAny([woken, .. running]);
        await enough.CancelAsync();
        await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    Task<IReadOnlyList<DueStream>> Look(CancellationToken stop) => database.Run(
        ModuleRoles.Centre, null, "core", clock,
        session => session.List<DueStream>(
            """
            select d.entity_id as entity, d.handler, d.stream
              from core.delivery d
             where d.state = 'due' and d.due_at <= @now and d.handler = any(@known)
               and not exists (
                   select from core.delivery p
                    where p.entity_id = d.entity_id and p.handler = d.handler and p.stream = d.stream and p.seq < d.seq and p.state <> 'done')
             order by d.due_at
             limit @MostFound
            """,
            new { now = clock.GetUtcNow(), known = Known(), MostFound }),
        stop);

    /// <summary>Delivers what is due of one stream to one handler, in order, for a turn.</summary>
    async Task<int> DeliverStream(DueStream stream, CancellationToken stop)
    {
        // Handlers run inside a transaction, in which the directory cannot be read afresh.
        await directory.Current(stop);
        var handled = 0;
        for (var conflicts = 0; handled < MostInTurn && !stop.IsCancellationRequested;)
        {
            try
            {
                if (!await DeliverOne(stream, lastTry: conflicts == Conflicts.Most - 1, stop))
                    break;
                (handled, conflicts) = (handled + 1, 0);
                Interlocked.Exchange(ref _progress, clock.GetUtcNow().UtcTicks);
            }
            catch (TransientStorageException rival) when (rival.Trouble == StorageTrouble.Conflict && conflicts < Conflicts.Most - 1)
            {
                // Effect and mark were rolled back together, so that nothing speaks against doing it again now: it is no failure of the handler.
                await Conflicts.Pause(++conflicts, stop);
            }
        }
        return handled;
    }

    /// <summary>The handlers that are here and not paused. What waits for a paused one loses no try.</summary>
    internal string[] Known() =>
    [
        .. catalog.Value.Reactions.Values.Where(reaction => GateOf(reaction) is not { IsPaused: true }).Select(reaction => reaction.Handler).Distinct(StringComparer.Ordinal),
    ];

    /// <summary>Null for the platform's own reactions: those are never paused.</summary>
    ServiceGate? GateOf(Reaction reaction) => catalog.Value.Find(reaction.Module) is null ? null : gates.Of(reaction.Module, ServiceWork.Reactions);

    async Task<bool> DeliverOne(DueStream stream, bool lastTry, CancellationToken stop)
    {
        var entity = new EntityId(stream.Entity);
        Claim? claim = null;
        try
        {
            var delivered = await scopes.Value.In(entity, entity, "core", scope => database.Run(
                Core, entity, "core", clock,
                async session =>
                {
                    claim = await session.First<Claim>(ClaimNext, new { entity = entity.Value, stream.Handler, stream.Stream, now = clock.GetUtcNow() });
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
        catch (ServiceUnavailableException paused) when (paused.InnerException is null)
        {
            // It was not called: another stream's fault has paused the handler meanwhile. The delivery waits, and loses no try.
            return false;
        }
        catch (Exception wrong) when (claim is not null && !stop.IsCancellationRequested && (lastTry || wrong is not TransientStorageException { Trouble: StorageTrouble.Conflict }))
        {
            var parked = claim.Tries + 1 >= DeliverySchedule.MostTries;
            log.Log(
                parked ? LogLevel.Error : LogLevel.Warning, wrong, "{Handler} failed on event {Event} of entity {Entity} (try {Try}){Parked}.",
                claim.Handler, claim.EventId, entity.Value, claim.Tries + 1, parked ? "; it is parked" : "");
            // Between the roll-back and this another host may have tried and failed too: the two count as one.
            await database.Run(
                Core, entity, "core", clock,
                session => session.Execute(
                    """
                    update core.delivery set state = @state, tries = tries + 1, due_at = @dueAt, error = @error
                     where entity_id = @entity and event_id = @EventId and handler = @Handler and state = 'due' and tries = @Tries
                    """,
                    new
                    {
                        entity = entity.Value,
                        claim.EventId,
                        claim.Handler,
                        claim.Tries,
                        state = parked ? "parked" : "due",
                        dueAt = clock.GetUtcNow() + DeliverySchedule.After(claim.Tries),
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
         where d.entity_id = @entity and d.handler = @Handler and d.stream = @Stream and d.state = 'due' and d.due_at <= @now
           and not exists (
               select from core.delivery p
                where p.entity_id = d.entity_id and p.handler = d.handler and p.stream = d.stream and p.seq < d.seq and p.state <> 'done')
         order by d.seq
         limit 1
           for update of d skip locked
        """;

    /// <summary>A stream with something due for a handler.</summary>
    sealed record DueStream(int Entity, string Handler, Guid Stream);

    sealed record Waiting(DateTimeOffset Since);

    sealed record Claim(Guid EventId, string Handler, int Tries, string Type, string Payload);
}
