using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Portico.Faults;

/// <param name="Kills">How often the host is killed, named points included.</param>
/// <param name="Postmasters">How often PostgreSQL itself is.</param>
/// <param name="Limit">When this much time has passed, no further fault begins.</param>
internal sealed record Plan(int Kills, int Postmasters, int Seed, TimeSpan Limit);

/// <summary>Faults one after the other under a steady load of citizens, then the comparison.</summary>
internal sealed class Campaign(World world, Citizens citizens, Plan plan, Action<string> tell)
{
    static readonly TimeSpan PointPatience = TimeSpan.FromSeconds(20);

    readonly Random _dice = new(plan.Seed);
    readonly SortedDictionary<string, int> _injected = new(StringComparer.Ordinal);
    readonly HashSet<string> _reached = new(StringComparer.Ordinal);

    /// <summary>Named points that no host ever came to.</summary>
    public IReadOnlyList<string> Missed => [.. CrashPoint.All.Select(point => point.Name).Where(name => !_reached.Contains(name))];

    public async Task<Findings> Run()
    {
        var begun = Stopwatch.GetTimestamp();
        await world.Host.Start();
        citizens.Open();
        await Task.Delay(500);
        var kills = 0;
        var postmasters = 0;
        while (kills < plan.Kills && Stopwatch.GetElapsedTime(begun) < plan.Limit)
        {
            // Every point comes once before chance decides.
            if (kills < CrashPoint.All.Count)
                kills += await AtPoint(CrashPoint.All[kills % CrashPoint.All.Count]);
            else if (_dice.Next(2) == 0)
                kills += await AtPoint(CrashPoint.All[_dice.Next(CrashPoint.All.Count)]);
            else
                kills += await AtRandom();

            if (kills % 3 == 0)
                await Network();
            if (postmasters < plan.Postmasters && kills >= (postmasters + 1) * plan.Kills / (plan.Postmasters + 1))
            {
                await Postmaster();
                postmasters++;
            }
            if (kills % 50 == 0)
                tell(string.Create(CultureInfo.InvariantCulture, $"  {kills} kills, {citizens.Started} citizens, {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s"));
        }
        await Ghost();
        await Task.Delay(1000);
        await citizens.Close();
        // What is half-open stays so: the rest must get through without anybody's help.
        var audit = new Audit(world, citizens);
        try
        {
            await audit.Quiet();
        }
        finally
        {
            world.ToPostgres.Thaw();
        }
        return await audit.Compare();
    }

    async Task<int> AtPoint(CrashPoint point)
    {
        var sprung = world.Trap.Set(point, world.Host.Kill);
        if (await Task.WhenAny(sprung, Task.Delay(PointPatience)) != sprung)
        {
            world.Trap.Clear();
            tell($"  not reached: {point.Name}");
            Count("point not reached");
            await world.Host.Killed();
        }
        else
        {
            _reached.Add(point.Name);
            Count("kill -9 of the host at a named point");
        }
        await Restart();
        return 1;
    }

    async Task<int> AtRandom()
    {
        await Task.Delay(_dice.Next(50, 900));
        world.Host.Kill();
        Count("kill -9 of the host at random");
        await Restart();
        return 1;
    }

    async Task Restart()
    {
        await world.Host.Killed();
        await world.Host.Start();
    }

    async Task Network()
    {
        var (name, proxy) = _dice.Next(5) switch
        {
            0 => ("host and bank", world.ToBank),
            1 => ("host and browsers", world.ToHost),
            _ => ("host and PostgreSQL", world.ToPostgres),
        };
        switch (_dice.Next(5))
        {
            case 0: proxy.Cut(); Count($"cut, {name}"); break;
            case 1: proxy.Reset(); Count($"reset, {name}"); break;
            case 2: proxy.BreakAfter(_dice.Next(1, 2000)); Count($"cut in a message, {name}"); break;
            case 3: proxy.Freeze(); Count($"half-open, {name}"); break;
            default:
                proxy.Delay = TimeSpan.FromMilliseconds(_dice.Next(20, 200));
                await Task.Delay(1500);
                proxy.Delay = TimeSpan.Zero;
                Count($"slow, {name}");
                break;
        }
        await Task.Delay(_dice.Next(100, 500));
    }

    async Task Postmaster()
    {
        world.KillPostmaster();
        Count("kill -9 of the postmaster");
        await world.PostgresAnswers();
        await Task.Delay(500);
    }

    /// <summary>The host's machine loses its power while a payment's row is locked: PostgreSQL still believes in the connection, and nobody lets go of the lock.</summary>
    async Task Ghost()
    {
        var sprung = world.Trap.Set(CrashPoint.All.First(point => point.Moment == Moment.AfterStatement && point.Name.StartsWith("success", StringComparison.Ordinal)), () =>
        {
            world.ToPostgres.Freeze();
            world.Host.Kill();
        });
        if (await Task.WhenAny(sprung, Task.Delay(PointPatience)) == sprung)
            Count("power cut of the host while it holds a lock");
        world.Trap.Clear();
        await Restart();
    }

    void Count(string fault) => _injected[fault] = _injected.GetValueOrDefault(fault) + 1;

    /// <summary>The table, as it stands in docs/reliability.md.</summary>
    public string Table(Findings found)
    {
        var text = new StringBuilder();
        var successes = world.Host.FirstSuccesses.Select(time => time.TotalSeconds).Order().ToList();
        string At(double share) => successes.Count == 0 ? "-" : successes[(int)Math.Ceiling(share * successes.Count) - 1].ToString("0.0 s", CultureInfo.InvariantCulture);
        void Row(string what, object value) => text.AppendLine(CultureInfo.InvariantCulture, $"| {what} | {value} |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| seed {plan.Seed} | |").AppendLine("|---|---:|");
        foreach (var (fault, times) in _injected)
            Row(fault, times);
        Row("**faults injected**", _injected.Where(fault => fault.Key != "point not reached").Sum(fault => fault.Value));
        Row("citizens", citizens.Started);
        Row("orders for which the bank took money", found.Taken);
        Row("of them second payments of a due, kept and flagged", found.Surplus);
        Row("messages acknowledged", found.Acknowledged);
        Row("acknowledged and not stored", found.Forgotten);
        Row("**lost**", found.Lost);
        Row("**doubled**", found.Doubled);
        Row("**invented**", found.Invented);
        Row("events undelivered", found.Undelivered);
        Row("start to first citizen served, median", At(0.5));
        Row("start to first citizen served, p99", At(0.99));
        foreach (var detail in found.Details.Take(40))
            text.AppendLine(CultureInfo.InvariantCulture, $"{detail}");
        return text.ToString();
    }
}
