using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Hosting;
using Platform.Core.Storage;

namespace Platform.Core.Limits;

internal sealed class Tries(Database database, CallContext call, TimeProvider clock) : ITries
{
    public async Task<TimeSpan?> Count(string thing, int most, TimeSpan within, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(thing);
        var now = clock.GetUtcNow();
        // The row's lock lets tries that come at once through one by one, on all hosts.
        var counted = (await database.Run(
            ModuleRoles.Of("core"), call.Creditor, call.Module, clock,
            session => session.First<Row>(
                """
                insert into core.tries as t (entity_id, thing, tries, until) values (@entity, @digest, 1, @until)
                on conflict (entity_id, thing) do update
                   set tries = case when t.until <= @now then 1 else least(t.tries, 1000000) + 1 end, until = case when t.until <= @now then excluded.until else t.until end
                returning tries, until
                """,
                new { entity = call.Creditor, digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{call.Module}\n{thing}")), now, until = now + within }),
            stop))!;
        if (counted.Tries <= most)
            return null;
        PorticoMeters.Limited.Add(1, new KeyValuePair<string, object?>("by", "thing"), new("of", call.Module));
        return counted.Until - now;
    }

    sealed class Row
    {
        public int Tries { get; init; }
        public DateTimeOffset Until { get; init; }
    }
}

/// <summary>Forgets tries that count no more.</summary>
internal sealed class TriesSweeper(Database database, TimeProvider clock, ILogger<TriesSweeper> log) : ExpirySweeper(database, clock, log)
{
    protected override string Name => "tries";

    protected override string Entities => "select distinct entity_id from core.tries where until <= @old";

    protected override string Forget => "delete from core.tries where entity_id = @entity and until <= @old";
}
