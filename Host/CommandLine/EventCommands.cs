using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Events;

namespace Portico.Host.CommandLine;

/// <summary><c>portico events</c>: what could not be delivered, and another try at it.</summary>
internal static class EventCommands
{
    public static Command Events(HostSettings settings) => new("events", "Deliveries of events that failed too often: see them, and have them tried again.") { Parked(settings), Replay(settings) };

    static Command Parked(HostSettings settings)
    {
        var code = new Option<string?>("--entity") { Description = "Code of one entity; without it, all.", HelpName = "code" };
        var command = new Command("parked", "List parked deliveries, the oldest event first: entity, event, handler, type, tries, error, when it happened.") { code };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            if (parsed.GetValue(code) is { } wanted && known.ByCode(wanted) is null)
                return PorticoCommands.Fail($"No entity has the code {wanted}.");
            var parked = await app.Container.Resolve<ParkedDeliveries>().Find(parsed.GetValue(code) is { } one ? known.ByCode(one)!.Id : null, stop);
            foreach (var delivery in parked)
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{known.ById(new(delivery.Entity))?.Code ?? $"{delivery.Entity}"}\t{delivery.Event}\t{delivery.Handler}\t{delivery.Type}\t{delivery.Tries} tries\t{delivery.Error}\t{delivery.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC"));
            Console.WriteLine(parked.Count == 0 ? "Nothing is parked." : $"{parked.Count} parked. Mend what failed, then: portico events replay CODE EVENT, or portico events replay CODE --all.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Replay(HostSettings settings)
    {
        var code = new Argument<string>("entity") { Description = "Code of the entity, for instance URG." };
        var wanted = new Argument<Guid?>("event") { Description = "The event's number, as \"portico events parked\" prints it.", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "All parked deliveries of the entity." };
        var handler = new Option<string?>("--handler") { Description = "Only this handler's.", HelpName = "name" };
        var by = new Option<string>("--by") { Description = "Who wants it, for the journal.", DefaultValueFactory = _ => Environment.UserName, HelpName = "name" };
        var command = new Command("replay", "Make parked deliveries due again, in the order of their streams; a running host delivers them at once. 1 when none was parked.") { code, wanted, all, handler, by };
        command.Validators.Add(words =>
        {
            // Read as text: asked for its value, an argument that cannot be read throws here and is passed over elsewhere.
            var named = words.GetResult(wanted) is { Tokens: [var token, ..] } ? token.Value : null;
            if (named is null != words.GetValue(all))
                words.AddError("Name an event, or say --all.");
            else if (named is not null && !Guid.TryParse(named, out _))
                words.AddError($"\"{named}\" is no event's number; \"portico events parked\" prints them.");
        });
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            if ((await app.Container.Resolve<EntityDirectory>().Current(stop)).ByCode(parsed.GetValue(code)!) is not { } entity)
                return PorticoCommands.Fail($"No entity has the code {parsed.GetValue(code)}.");
            var replayed = await app.Container.Resolve<ParkedDeliveries>().Replay(entity.Id, parsed.GetValue(wanted), parsed.GetValue(handler), $"cli:{parsed.GetValue(by)}", stop);
            if (replayed == 0)
                return PorticoCommands.Fail("Nothing of that is parked.");
            Console.WriteLine($"{replayed} due again.");
            return PorticoCommands.Done;
        });
        return command;
    }
}
