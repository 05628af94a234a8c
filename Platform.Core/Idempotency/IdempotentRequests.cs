using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Platform.Core.Commands;
using Platform.Core.Events;
using Platform.Core.Storage;

namespace Platform.Core.Idempotency;

/// <summary>How long things last.</summary>
internal sealed record IdempotencyTerms
{
    /// <summary>For this long an attempt that says nothing is taken to be alive.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>For this long an answer is given again, from the first request on.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromHours(48);

    /// <summary>For this long the same request waits for the one that runs. Of machine time: somebody holds a connection open.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(10);
}

internal sealed class IdempotentRequests(Database database, CallContextHolder call, IdempotencyTerms terms, TimeProvider clock) : IIdempotency
{
    public async Task<Outcome<StoredAnswer>> Once(IdempotentRequest request, Func<IRecovery, Task<StoredAnswer>> work, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(work);
        OpenTransaction.Refuse("begin an idempotent request");
        var sha256 = SHA256.HashData(request.Request.Span);
        var began = Stopwatch.GetTimestamp();
        for (var look = 0; ; look++)
        {
            var (attempt, found) = await Claim(request, sha256, stop);
            if (attempt is not null)
                return await Run(attempt, work, stop);
            if (found is not null && !found.RequestSha256.AsSpan().SequenceEqual(sha256))
                return new Refusal(IdempotencyRefusals.Conflict, request.Key);
            if (found is { Status: { } status, Response: { } response })
                return new StoredAnswer(status, response);
            if (Stopwatch.GetElapsedTime(began) > terms.Wait)
                return new Refusal(IdempotencyRefusals.InProgress, request.Key);
            // The other attempt may run in any host, so that only looking again tells. Machine time, not the clock that tests move.
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(500, 10 << Math.Min(look, 6)) * (0.5 + Random.Shared.NextDouble())), stop);
        }
    }

    async Task<StoredAnswer> Run(Attempt attempt, Func<IRecovery, Task<StoredAnswer>> work, CancellationToken stop)
    {
        try
        {
            var answer = await work(attempt);
            return await InCore(session => attempt.Finish(session, answer), stop);
        }
        catch (Exception)
        {
            await LetGo(attempt);
            throw;
        }
    }

    /// <summary>Nothing is remembered of a failure but the point that was reached before it.</summary>
    async Task LetGo(Attempt attempt)
    {
        try
        {
            await InCore(
                session => session.Execute(
                    """
                    delete from core.idempotency where entity_id = @entity and client = @Client and key = @Key and attempt = @Id and status is null and point = '';
                    update core.idempotency set leased_until = @now where entity_id = @entity and client = @Client and key = @Key and attempt = @Id and status is null;
                    """,
                    new { entity = session.Entity.Value, attempt.Request.Client, attempt.Request.Key, attempt.Id, now = clock.GetUtcNow() }),
                CancellationToken.None);
        }
        catch (Npgsql.NpgsqlException)
        {
            // The database is away, which may be why the work failed. The lease ends by itself.
            return;
        }
    }

    Task<(Attempt? Ours, Found? Other)> Claim(IdempotentRequest request, byte[] sha256, CancellationToken stop) => InCore(
        async session =>
        {
            var now = clock.GetUtcNow();
            var claim = new
            {
                entity = session.Entity.Value, request.Client, request.Key, sha256, now,
                attempt = Guid.CreateVersion7(now), until = now + terms.Lease, expires = now + terms.Keep,
            };
            var ours = await session.First<Claimed>(
                """
                delete from core.idempotency
                 where entity_id = @entity and client = @Client and key = @Key and expires_at <= @now and (status is not null or leased_until <= @now);

                insert into core.idempotency as i (entity_id, client, key, request_sha256, attempt, leased_until, point, started_at, expires_at)
                values (@entity, @Client, @Key, @sha256, @attempt, @until, '', @now, @expires)
                on conflict (entity_id, client, key) do update set attempt = excluded.attempt, leased_until = excluded.leased_until
                 where i.request_sha256 = excluded.request_sha256 and i.status is null and i.leased_until <= @now
                returning i.point, i.carried::text as carried
                """,
                claim);
            if (ours is not null)
                return (new Attempt(request, claim.attempt, ours.Point, ours.Carried, terms, clock), (Found?)null);
            return ((Attempt?)null, await session.First<Found>(
                "select request_sha256, status, response from core.idempotency where entity_id = @entity and client = @Client and key = @Key", claim));
        },
        stop);

    Task<T> InCore<T>(Func<EntitySession, Task<T>> work, CancellationToken stop) =>
        database.Run(ModuleRoles.Of("core"), call.Context.Creditor, "idempotency", clock, work, stop);

    /// <summary>One run of the work. Whatever it writes is fenced by its id: once another attempt has taken over, nothing of this one commits.</summary>
    sealed class Attempt(IdempotentRequest request, Guid id, string point, string? carried, IdempotencyTerms terms, TimeProvider clock) : IRecovery
    {
        string? _carried = carried;

        public IdempotentRequest Request => request;

        public Guid Id => id;

        public string Point { get; private set; } = point;

        public T? Carried<T>() => _carried is null ? default : JsonSerializer.Deserialize<T>(_carried, EventCatalog.Json);

        public async Task Advance(IEntitySession session, string point, object? carry = null)
        {
            ArgumentException.ThrowIfNullOrEmpty(point);
            var json = carry is null ? null : JsonSerializer.Serialize(carry, carry.GetType(), EventCatalog.Json);
            await Fenced(
                session,
                "update core.idempotency set point = @point, carried = @json::jsonb, leased_until = @until where entity_id = @entity and client = @Client and key = @Key and attempt = @id and status is null",
                new { entity = session.Entity.Value, request.Client, request.Key, id, point, json, until = clock.GetUtcNow() + terms.Lease });
            (Point, _carried) = (point, json);
        }

        public Task Answer<TAnswer>(IEntitySession session, TAnswer answer)
        {
            var stored = answer as StoredAnswer ?? CommandAnswer.Write(answer);
            return Fenced(
                session,
                "update core.idempotency set status = @Status, response = @Body where entity_id = @entity and client = @Client and key = @Key and attempt = @id and status is null",
                new { entity = session.Entity.Value, request.Client, request.Key, id, stored.Status, stored.Body });
        }

        /// <summary>Keeps the answer, unless the work kept one by itself, which then is the one.</summary>
        public async Task<StoredAnswer> Finish(EntitySession session, StoredAnswer answer) =>
            await session.First<Kept>(
                """
                update core.idempotency set status = coalesce(status, @Status), response = coalesce(response, @Body)
                 where entity_id = @entity and client = @Client and key = @Key and attempt = @id
                returning status, response
                """,
                new { entity = session.Entity.Value, request.Client, request.Key, id, answer.Status, answer.Body }) is { } kept
                ? new(kept.Status, kept.Response)
                : throw new IdempotencyLostException(request.Key);

        async Task Fenced(IEntitySession session, string sql, object args)
        {
            if (await ((EntitySession)session).Under(ModuleRoles.Of("core"), core => core.Execute(sql, args)) == 0)
                throw new IdempotencyLostException(request.Key);
        }
    }

    sealed class Kept
    {
        public short Status { get; init; }
        public byte[] Response { get; init; } = [];
    }

    sealed class Claimed
    {
        public string Point { get; init; } = "";
        public string? Carried { get; init; }
    }

    sealed class Found
    {
        public byte[] RequestSha256 { get; init; } = [];
        public short? Status { get; init; }
        public byte[]? Response { get; init; }
    }
}
