using System.CommandLine;
using System.Globalization;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Jobs;
using Platform.Core.Time;

namespace Portico.Host.CommandLine;

/// <summary>What services do by the clock.</summary>
internal static class JobCommands
{
    public static Command Jobs(HostSettings settings)
    {
        var command = new Command("jobs", "Say what services do by the clock: when last, when next, and which runs failed for good. 1 when any did. Times are Rome's.") { Restart(settings) };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            var board = app.Container.Resolve<JobBoard>();
            var (jobs, parked) = (await board.Jobs(stop), await board.Parked(200, 0, stop));
            // Plain lines: a table would cut the times on a narrow console.
            foreach (var job in jobs)
            {
                var here = app.Catalog.Find(job.Service)?.Jobs.Any(plan => plan.Name == job.Job) == true;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{job.Service} {job.Job} ({job.Cron}): last done {At(job.LastDone)}, next {(here ? At(job.NextAt) : "never: no such job is here")}; {job.Waiting} waiting, {job.Running} running, {job.Parked} parked"));
            }
            if (jobs.Count == 0)
                Console.WriteLine("No service does anything by the clock, or none was ever started here.");
            foreach (var run in parked)
                Console.WriteLine($"{run.Service} {run.Job} for {run.Code}, due {At(run.DueAt)}: parked after {run.Tries} tries ({run.Error})");
            return parked.Count == 0 ? PorticoCommands.Done : PorticoCommands.NotDone;
        });
        return command;
    }

    static Command Restart(HostSettings settings)
    {
        var service = new Argument<string>("service") { Description = "The service's id." };
        var job = new Argument<string>("job") { Description = "The job's name, as \"portico jobs\" prints it." };
        var code = new Option<string?>("--entity") { Description = "Code of one creditor; without it, all of them.", HelpName = "code" };
        var by = new Option<string>("--by") { Description = "Who wants it, for the journal.", DefaultValueFactory = _ => Environment.UserName, HelpName = "name" };
        var command = new Command("restart", "Make parked runs of a job due again; a running host does them at once. 1 when none was parked.") { service, job, code, by };
        command.SetAction(async (parsed, stop) =>
        {
            await using var app = await PorticoCommands.BuildOnly(settings, parsed, stop);
            EntityId? entity = null;
            if (parsed.GetValue(code) is { } wanted)
            {
                if ((await app.Container.Resolve<EntityDirectory>().Current(stop)).ByCode(wanted) is not { } known)
                    return PorticoCommands.Fail($"No entity has the code {wanted}.");
                entity = known.Id;
            }
            if (app.Catalog.Find(parsed.GetValue(service)!)?.Jobs.Any(plan => plan.Name == parsed.GetValue(job)) != true)
                return PorticoCommands.Fail($"There is no job {parsed.GetValue(job)} of a service {parsed.GetValue(service)} here; \"portico jobs\" names them.");
            var restarted = await app.Container.Resolve<ParkedRuns>().Restart(parsed.GetValue(service)!, parsed.GetValue(job)!, entity, $"cli:{parsed.GetValue(by)}", stop);
            if (restarted == 0)
                return PorticoCommands.Fail("Nothing of that is parked.");
            Console.WriteLine($"{restarted} due again.");
            return PorticoCommands.Done;
        });
        return command;
    }

    static string At(DateTimeOffset? instant) => instant is { } at ? LegalTime.Local(at).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) : "never";
}
