using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Core.Hosting;
using Platform.Core.Storage;

namespace Portico.Host.CommandLine;

/// <summary><c>portico distribute</c>: how the tables would be spread over the nodes of Citus.</summary>
internal static class DistributeCommand
{
    public static Command Distribute(HostSettings settings)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only print: there is no other way yet.", DefaultValueFactory = _ => true };
        dryRun.Validators.Add(words =>
        {
            if (words.Tokens is [var token] && bool.TryParse(token.Value, out var dry) && !dry)
                words.AddError("--dry-run false: there is no other way yet. Run what is printed with psql.");
        });
        var command = new Command("distribute", "Print the statements that spread the tables over the nodes of Citus by entity, as a script for psql; change nothing. 3 when this database has no Citus.")
        {
            dryRun,
        };
        command.SetAction(async (parsed, stop) =>
        {
            var (options, _) = settings.Read(parsed, Profile.Production);
            PorticoApp.CheckConnection(options.OwnerDatabase);
            if (options is { Database: not null, OwnerDatabase: null })
                return PorticoCommands.Fail("The web role owns no table. Say how the owner signs in: --owner-database, or PORTICO_OwnerDatabase.");
            await using var home = await DatabaseHome.Open(options with { Database = options.OwnerDatabase }, NullLogger.Instance, stop);
            var plan = await Distribution.Plan(options.OwnerDatabase ?? home.Owner!, stop);
            Console.WriteLine($"-- {plan.EntityTables.Count} entity tables, distributed by entity_id, all beside each other: {string.Join(", ", plan.EntityTables)}");
            Console.WriteLine($"-- {plan.ReferenceTables.Count} reference tables, on every node: {string.Join(", ", plan.ReferenceTables)}");
            Console.WriteLine($"-- {plan.LocalTables.Count} that stay where they are: {string.Join(", ", plan.LocalTables)}");
            Console.WriteLine("-- Never run on Citus so far: try it on a copy. Hosts then need PORTICO_Binding=local.");
            foreach (var statement in plan.Statements)
                Console.WriteLine(statement);
            if (plan.Offences.Count > 0)
                return PorticoCommands.Fail($"It cannot work like this: {string.Join("; ", plan.Offences)}.");
            if (plan.Citus)
                return PorticoCommands.Done;
            Console.Error.WriteLine("portico: this database has no extension citus, so that these statements would fail here. Nothing was changed.");
            return PorticoCommands.NotDistributed;
        });
        return command;
    }
}
