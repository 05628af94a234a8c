using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Time;
using Platform.Payments.Tasks;

namespace Portico.Host.CommandLine;

/// <summary><c>portico tasks</c>: what about money waits for a person.</summary>
internal static class TaskCommands
{
    public static Command Tasks(HostSettings settings) => new("tasks", "What about money only a person can settle.") { List(settings), Resolve(settings) };

    static Command List(HostSettings settings)
    {
        var entity = new Option<string?>("--entity") { Description = "Code of one creditor; without it, all.", HelpName = "code" };
        var command = new Command("list", "Surplus that nobody decided about, messages of banks about orders we do not know, those of a day that do not verify, refunds that wait for an officer, parked deliveries; the oldest first.") { entity };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var known = await app.Container.Resolve<EntityDirectory>().Current(stop);
            var creditor = parsed.GetValue(entity) is { } code ? (await SettingsCommands.Named(app, code, stop)).Id : (EntityId?)null;
            var tasks = await app.Container.Resolve<OfficerTasks>().Find(creditor, stop);
            foreach (var task in tasks)
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{known.ById(new(task.Entity))?.Code}\t{task.Kind}\t{task.Task}\t{task.Amount?.ToString() ?? "-"}\t{LegalTime.Local(task.Since):yyyy-MM-dd HH:mm}\t{task.What}"));
            Console.WriteLine(tasks.Count == 0
                ? "Nothing waits for a person."
                : $"{tasks.Count} tasks. Surplus: portico refund ask ORDER, or portico tasks resolve. unmatched, strays: portico tasks resolve. refund_…: portico refund list. parked: portico events replay.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static Command Resolve(HostSettings settings)
    {
        var entity = new Option<string>("--entity") { Description = "Code of the creditor, as the list prints it.", Required = true, HelpName = "code" };
        var task = new Argument<string>("task") { Description = "Its name, as the list prints it." };
        var (reason, by) = (RefundCommands.Words("--reason", "What was done about it, for the journal, without personal data."), RefundCommands.By());
        var command = new Command("resolve", "Settle a surplus or messages that are nobody's with words. The books stay as they are.") { task, entity, reason, by };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var creditor = await SettingsCommands.Named(app, parsed.GetValue(entity)!, stop);
            var outcome = await app.Container.Resolve<OfficerTasks>().Resolve(
                creditor.Id, parsed.GetValue(task)!, parsed.GetValue(reason)!.Trim(), RefundCommands.Actor(parsed.GetValue(by)!), stop);
            if (outcome.Refusal is not null)
                return PorticoCommands.Fail($"{creditor.Code} has no task {parsed.GetValue(task)} that words settle.");
            Console.WriteLine($"{outcome.Value} is settled.");
            return PorticoCommands.Done;
        });
        return command;
    }
}
