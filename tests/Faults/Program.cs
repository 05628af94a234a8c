using System.Globalization;
using Portico.Faults;

// ./build.sh faults [--long] [--kills N] [--seed N] [--only campaign|disk|events|simulation|bills|hosts|repeats]      ./build.sh mutants [name …]      ./build.sh release-dump FILE
string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
int Number(string name, int otherwise) => int.TryParse(Option(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;

if (args is ["dump", var file])
    return await ReleaseDump.Write(file, Console.WriteLine);
if (args is ["mutants", ..])
    return await Mutants.Run(args[1..], Console.WriteLine);

var code = 0;
if (Option("--only") is null or "campaign")
{
    var kills = Number("--kills", args.Contains("--long", StringComparer.Ordinal) ? 1000 : 300);
    var plan = new Plan(kills, Math.Max(1, kills / 30), Number("--seed", Environment.TickCount & 0xFFFF), TimeSpan.FromSeconds(20 * kills));
    Console.WriteLine($"{kills} kills, seed {plan.Seed}");
    await using var world = await World.Create(fines: 200 + kills * 25);
    await using var citizens = new Citizens(world, plan.Seed, TimeSpan.FromMilliseconds(150));
    var campaign = new Campaign(world, citizens, plan, Console.WriteLine);
    var found = await campaign.Run();
    Console.WriteLine(campaign.Table(found));
    foreach (var missed in campaign.Missed)
        Console.WriteLine($"never reached: {missed}");
    code = found.Clean && campaign.Missed.Count == 0 ? 0 : 1;
}
if (Option("--only") is null or "events")
{
    var plan = new StormPlan(Events: 10_000, Streams: 500, Kills: Math.Min(Number("--kills", 20), 100), Number("--seed", Environment.TickCount & 0xFFFF));
    Console.WriteLine($"events, seed {plan.Seed}");
    await using var storm = await EventStorm.Create(plan);
    var found = await storm.Run();
    Console.WriteLine(found);
    code |= found.Clean && found.Events == plan.Events ? 0 : 1;
}
if (Option("--only") is null or "simulation")
{
    var found = new Simulation(Number("--seed", Environment.TickCount & 0xFFFF)).Run(Number("--steps", 1_000_000));
    Console.WriteLine(found);
    code |= found.Clean ? 0 : 1;
}
if (Option("--only") is null or "bills")
{
    var plan = new BillPlan(Number("--bills", 50_000), Kills: 3, Number("--seed", Environment.TickCount & 0xFFFF));
    Console.WriteLine($"{plan.Bills} bills, seed {plan.Seed}");
    await using var world = await World.Create(fines: 1);
    await using var bills = new BillRuns(world, plan, Console.WriteLine);
    var found = await bills.Run();
    Console.WriteLine(found);
    code |= found.Clean && found.Bills == plan.Bills ? 0 : 1;
}
if (Option("--only") is null or "hosts")
{
    var plan = new TwoHostsPlan(Math.Min(Number("--kills", 20), 200), Number("--seed", Environment.TickCount & 0xFFFF));
    Console.WriteLine($"two hosts, seed {plan.Seed}");
    var found = await new TwoHosts(plan, Console.WriteLine).Run();
    Console.WriteLine(found);
    code |= found.Clean ? 0 : 1;
}
if (Option("--only") is "repeats" || Option("--only") is null && args.Contains("--long", StringComparer.Ordinal))
    code |= await Repeats.Run(Number("--rounds", 1000), Console.WriteLine) ? 0 : 1;
if (Option("--only") is null or "disk")
    code |= await DiskFull.Run(Console.WriteLine) ? 0 : 1;
return code;
