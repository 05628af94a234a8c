using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Journal;

namespace Portico.Host.CommandLine;

/// <summary><c>portico journal</c>: is the record of who did what still the one that was written?</summary>
internal static class JournalCommands
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static Command Journal(HostSettings settings) => new("journal", "The record of who did what: check it, and export what proves its end.") { Verify(settings), Heads(settings) };

    static Command Verify(HostSettings settings)
    {
        var code = new Option<string?>("--entity") { Description = "Code of one entity; without it, all.", HelpName = "code" };
        var file = new Option<FileInfo?>("--heads") { Description = "What \"portico journal heads\" printed earlier, one day or many: shows whether the end was cut off or all was rewritten.", HelpName = "file" };
        var command = new Command("verify", "Compare the journal with its chain and name the first row or block that is not as it was sealed. 1 when there is one.") { code, file };
        command.SetAction(async (parsed, stop) =>
        {
            var heads = parsed.GetValue(file) is { } kept ? await Read(kept, stop) : [];
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            var verifier = app.Container.Resolve<JournalVerifier>();
            if (parsed.GetValue(code) is { } wanted && known.ByCode(wanted) is null)
                return PorticoCommands.Fail($"No entity has the code {wanted}.");
            var entities = parsed.GetValue(code) is { } one
                ? [known.ByCode(one)!.Id]
                : (await verifier.Entities(stop)).Select(id => new EntityId(id)).Union(heads.Select(head => known.ByCode(head.Entity)?.Id).OfType<EntityId>()).ToList();

            var good = true;
            foreach (var stranger in heads.Select(head => head.Entity).Distinct(StringComparer.Ordinal).Where(name => known.ByCode(name) is null))
            {
                PorticoCommands.Fail($"{stranger}: the heads file knows its journal, and no entity here has this code.");
                good = false;
            }
            foreach (var entity in entities)
            {
                var name = NameOf(known, entity);
                var report = await verifier.Verify(entity, [.. heads.Where(head => head.Entity == name)], stop);
                good &= report.Finding is null;
                if (report.Finding is { } finding)
                    PorticoCommands.Fail($"{name}: {finding}.");
                else
                    Console.WriteLine($"{name}: {report.Sealed} entries in {report.Blocks} blocks are as they were sealed.{Tail(report)}");
            }
            if (good && parsed.GetValue(file) is null)
                Console.WriteLine("Without --heads nothing tells whether the end was cut off, or all written anew.");
            return good ? PorticoCommands.Done : PorticoCommands.NotDone;
        });
        return command;
    }

    static Command Heads(HostSettings settings)
    {
        var command = new Command("heads", "Print the last block of each entity as JSON lines. Keep them daily where the database's administrators cannot write.");
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            foreach (var head in await app.Container.Resolve<JournalVerifier>().Heads(stop))
                Console.WriteLine(JsonSerializer.Serialize(new JournalHead(NameOf(known, new(head.EntityId)), head.Block, Convert.ToHexStringLower(head.Hash), head.SealedAt), Json));
            return PorticoCommands.Done;
        });
        return command;
    }

    static string Tail(JournalReport report) => report.Unsealed == 0
        ? ""
        : $" {report.Unsealed} more are not sealed yet, the oldest of {report.OldestUnsealed?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC: nothing proves them.";

    /// <summary>An entity that is no longer in the table has no code; its number has to do.</summary>
    static string NameOf(EntitySnapshot known, EntityId id) => known.ById(id)?.Code ?? id.ToString();

    static async Task<List<JournalHead>> Read(FileInfo file, CancellationToken stop)
    {
        await using var input = PorticoCommands.Open(file);
        using var reader = new StreamReader(input);
        var heads = new List<JournalHead>();
        for (var line = 1; await reader.ReadLineAsync(stop) is { } text; line++)
        {
            if (string.IsNullOrWhiteSpace(text))
                continue;
            heads.Add(Parse(text) ?? throw new FormatException($"{file.Name}, line {line}: this is no line of \"portico journal heads\"."));
        }
        return heads;
    }

    static JournalHead? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<JournalHead>(text, Json) is { Entity: not null, Hash.Length: 64, Block: > 0 } head ? head : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
