using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Autofac;
using Dapper;
using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>Finding one fine among few and among many: what PostgreSQL reads for it, by which plan, and how long the whole command takes.</summary>
internal static class LookUp
{
    public const string Part = "Look-up of a fine";
    const int MostBuffers = 20;

    /// <param name="sql">The product's own statement, as PostgreSQL got it.</param>
    public static async Task Measure(Report report, Scale scale, string sql)
    {
        await using var host = await PorticoTestHost.Start();
        var find = new FindFineCommand(host);
        var entities = (await host.Database.Rows<Entity>("select entity_id as id, code from core.entity")).ToDictionary(entity => entity.Code, entity => entity.Id, StringComparer.Ordinal);
        var plans = new List<string>();
        var size = 0;
        foreach (var register in scale.Registers)
        {
            report.Doing($"filling the register to {register.Whole()} fines");
            await Register.Grow(host.Database, size, register);
            size = register;

            var dice = new Random(register);
            var times = new List<double>();
            for (var n = -scale.LookUps / 10; n < scale.LookUps; n++)
            {
                var asked = dice.Next(register);
                var begun = Stopwatch.GetTimestamp();
                await find.Send(asked);
                if (n >= 0)
                    times.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
            }

            var most = 0L;
            foreach (var mode in (string[])["force_custom_plan", "force_generic_plan"])
                for (var n = 0; n < 20; n++)
                {
                    var (plan, buffers) = await Explain(host.Database, sql, mode, entities, dice.Next(register));
                    plans.Add(plan);
                    most = Math.Max(most, buffers);
                }
            report.Add(Part, $"shared buffers, {register.Whole()} fines", $"<= {MostBuffers}", string.Create(CultureInfo.InvariantCulture, $"{most} at most, in 40 look-ups"), most <= MostBuffers);
            report.Add(Part, $"the whole command, {register.Whole()} fines", "", $"p50 {times.At(0.5).Milliseconds()}, p95 {times.At(0.95).Milliseconds()}", null);
        }
        var kinds = plans.Distinct(StringComparer.Ordinal).ToList();
        report.Add(Part, "plan at every size", "the same", string.Join(" / ", kinds), kinds.Count == 1);
        report.Note(Part,
            $"The statement is the product's own, taken from the protocol, explained under its role with row-level security in force, both as a plan made for the values and as a prepared one. "
            + $"The command is timed from its sender to its answer, one after the other, {scale.LookUps.Whole()} fines at random, all found.");
    }

    static async Task<(string Plan, long Buffers)> Explain(TestDatabase database, string sql, string mode, Dictionary<string, int> entities, int n)
    {
        var (creditor, year, number, _, _) = Register.At(n);
        await using var connection = new NpgsqlConnection(database.Owner);
        await connection.OpenAsync();
        var entity = entities[creditor].ToString(CultureInfo.InvariantCulture);
        await connection.ExecuteAsync($"set role portico_fines; set portico.entity = '{entity}'; set plan_cache_mode = {mode}; prepare look (int, text, int, int) as {sql}");
        using var answer = JsonDocument.Parse((await connection.ExecuteScalarAsync<string>(
            string.Create(CultureInfo.InvariantCulture, $"explain (analyze, buffers, format json) execute look ({entity}, 'V', {year}, {number})")))!);
        await connection.ExecuteAsync("deallocate look; reset role; reset portico.entity; reset plan_cache_mode");
        var plan = answer.RootElement[0].GetProperty("Plan");
        return plan.GetProperty("Actual Rows").GetDouble() is 1
            ? (Name(plan), plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64())
            : throw new InvalidOperationException($"Fine {n} is not found.");
    }

    static string Name(JsonElement plan) =>
        plan.GetProperty("Node Type").GetString()
        + (plan.TryGetProperty("Index Name", out var index) ? $" on {index.GetString()}" : "")
        + (plan.TryGetProperty("Plans", out var below) ? $" ({string.Join(", ", below.EnumerateArray().Select(Name))})" : "");

    /// <summary>The service's own command. Its type lives in the service, which nobody references.</summary>
    sealed class FindFineCommand(PorticoTestHost host)
    {
        readonly Assembly _service = host.Catalog.Find("fines")!.Assembly;

        public async Task Send(int n)
        {
            var (creditor, year, number, seen, plate) = Register.At(n);
            var command = (ICommand<Outcome<Guid>>)Make("FindFine", Make("Register.FineNumber", "V", year, number), seen, Make("Register.Plate", plate));
            var found = await host.As("fines", creditor, creditor, scope => scope.Resolve<ICommands>().Send(command, CancellationToken.None));
            if (found.Refusal is not null)
                throw new InvalidOperationException($"Fine {n} is not found: {found.Refusal.Code}.");
        }

        object Make(string type, params object[] parts) => Activator.CreateInstance(_service.GetType($"Services.Fines.{type}", throwOnError: true)!, parts)!;
    }

    sealed record Entity(int Id, string Code);
}
