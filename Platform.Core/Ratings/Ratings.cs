using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Storage;

namespace Platform.Core.Ratings;

internal sealed class RatingsOfCall(RatingStore store, CallContext call) : IRatings
{
    public RatingQuestion About(string thing) => new(store.Seal(new(
        call.Creditor.Value, call.ShownBy.Value, call.Module, SHA256.HashData(Encoding.UTF8.GetBytes($"{call.Module}\n{thing}")), store.Now + RatingStore.Lifetime)));
}

/// <summary>What is being rated, as it travels through the browser: sealed.</summary>
internal sealed record RatedThing(int Creditor, int ShownBy, string Service, byte[] Digest, DateTimeOffset Until);

internal sealed record Rating(short Stars, string? Reason, string? Words)
{
    public const int MostWords = 200;

    static readonly string[] Praise = ["clear", "complete", "guided", "flawless", "other"];
    static readonly string[] Blame = ["unclear", "incomplete", "lost", "trouble", "other"];

    /// <summary>What is asked next depends on the stars: what was liked from four on, what was hard below.</summary>
    public static IReadOnlyList<string> ReasonsFor(int stars) => stars >= 4 ? Praise : Blame;
}

/// <summary>Writes and counts ratings.</summary>
internal sealed class RatingStore(Database database, IDataProtectionProvider protection, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);
    const string Core = "portico_core";

    readonly IDataProtector _seal = protection.CreateProtector("rating");

    public DateTimeOffset Now => clock.GetUtcNow();

    public string Seal(RatedThing thing) => WebEncoders.Base64UrlEncode(_seal.Protect(JsonSerializer.SerializeToUtf8Bytes(thing)));

    /// <summary>Null when it is altered, or too old.</summary>
    public RatedThing? Open(string token)
    {
        try
        {
            return JsonSerializer.Deserialize<RatedThing>(_seal.Unprotect(WebEncoders.Base64UrlDecode(token))) is { } thing && thing.Until >= Now ? thing : null;
        }
        catch (Exception altered) when (altered is CryptographicException or FormatException)
        {
            return null;
        }
    }

    public Task<Rating?> Find(RatedThing of, CancellationToken stop) => database.Run(
        Core, new(of.Creditor), "rating", clock,
        session => session.First<Rating>(
            "select stars, reason, words from core.rating where entity_id = @entity and service = @Service and thing = @Digest", new { entity = session.Entity, of.Service, of.Digest }),
        stop);

    /// <summary>Other stars than before take back the reason that was given for those.</summary>
    public Task SetStars(RatedThing of, int stars, string language, CancellationToken stop) => database.Run(
        Core, new(of.Creditor), "rating", clock,
        session => session.Execute(
            """
            insert into core.rating as r (entity_id, service, thing, shown_by, language, stars, rated_at, changed_at)
            values (@entity, @Service, @Digest, @ShownBy, @language, @stars, @Now, @Now)
            on conflict (entity_id, service, thing) do update
               set reason = case when (r.stars >= 4) = (excluded.stars >= 4) then r.reason end, stars = excluded.stars, changed_at = excluded.changed_at
            """,
            new { entity = session.Entity, of.Service, of.Digest, of.ShownBy, language, stars = (short)stars, Now }),
        stop);

    public Task SetReason(RatedThing of, string? reason, string? words, CancellationToken stop) => database.Run(
        Core, new(of.Creditor), "rating", clock,
        session => session.Execute(
            "update core.rating set reason = @reason, words = @words, changed_at = @Now where entity_id = @entity and service = @Service and thing = @Digest",
            new { entity = session.Entity, of.Service, of.Digest, reason, words, Now }),
        stop);

    /// <summary>Per service and municipality: how many of each number of stars.</summary>
    public Task<IReadOnlyList<RatingCount>> Count(EntityId entity, DateTimeOffset from, DateTimeOffset until, CancellationToken stop) => database.Run(
        Core, entity, "rating", clock,
        session => session.List<RatingCount>(
            """
            select service, shown_by, count(*) filter (where stars = 1) as one, count(*) filter (where stars = 2) as two, count(*) filter (where stars = 3) as three,
                   count(*) filter (where stars = 4) as four, count(*) filter (where stars = 5) as five
              from core.rating where entity_id = @entity and rated_at >= @from and rated_at < @until
             group by service, shown_by order by service, shown_by
            """,
            new { entity = session.Entity, from, until }),
        stop);

    /// <summary>The last ratings with a reason or words, the newest first.</summary>
    public Task<IReadOnlyList<RatingRow>> LastWords(EntityId entity, int most, CancellationToken stop) => database.Run(
        Core, entity, "rating", clock,
        session => session.List<RatingRow>(
            """
            select rated_at, service, thing, shown_by, language, stars, reason, words
              from core.rating where entity_id = @entity and (reason is not null or words is not null) order by rated_at desc limit @most
            """,
            new { entity = session.Entity, most }),
        stop);

    /// <summary>Single ratings, the oldest first, so many at a time after the one given.</summary>
    public Task<IReadOnlyList<RatingRow>> List(EntityId entity, DateTimeOffset from, DateTimeOffset until, RatingRow? after, int most, CancellationToken stop) => database.Run(
        Core, entity, "rating", clock,
        session => session.List<RatingRow>(
            """
            select rated_at, service, thing, shown_by, language, stars, reason, words
              from core.rating
             where entity_id = @entity and rated_at >= @from and rated_at < @until and (rated_at, service, thing) > (@at, @service, @thing)
             order by rated_at, service, thing limit @most
            """,
            new { entity = session.Entity, from, until, at = after?.RatedAt ?? from, service = after?.Service ?? "", thing = after?.Thing ?? [], most }),
        stop);
}

internal sealed class RatingCount
{
    public string Service { get; init; } = "";
    public EntityId ShownBy { get; init; }
    public long One { get; init; }
    public long Two { get; init; }
    public long Three { get; init; }
    public long Four { get; init; }
    public long Five { get; init; }

    public long All => One + Two + Three + Four + Five;

    /// <summary>In hundredths of a star.</summary>
    public long AverageHundredths => (100 * (One + 2 * Two + 3 * Three + 4 * Four + 5 * Five) + All / 2) / All;
}

internal sealed class RatingRow
{
    public DateTimeOffset RatedAt { get; init; }
    public string Service { get; init; } = "";
    public byte[] Thing { get; init; } = [];
    public EntityId ShownBy { get; init; }
    public string Language { get; init; } = "";
    public short Stars { get; init; }
    public string? Reason { get; init; }
    public string? Words { get; init; }
}

/// <summary>Empties the words of ratings after a year; stars and reasons stay.</summary>
internal sealed class RatingSweeper(Database database, TimeProvider clock, ILogger<RatingSweeper> log) : ExpirySweeper(database, clock, log)
{
    protected override string Name => "ratings";

    protected override TimeSpan Pace => TimeSpan.FromHours(1);

    protected override TimeSpan Kept => TimeSpan.FromDays(365);

    protected override string Entities => "select distinct entity_id from core.rating where words is not null and changed_at <= @old";

    protected override string Forget => "update core.rating set words = null where entity_id = @entity and words is not null and changed_at <= @old";
}
