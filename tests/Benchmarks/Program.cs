using System.Diagnostics;
using System.Globalization;
using Platform.Testing;
using Portico.Benchmarks;

// ./build.sh bench [--large] [--only trips,payment,lookup,search,pages,entities,background,host]
string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

var only = Option("--only")?.Split(',') ?? [];
if (only.Except(Suite.Parts, StringComparer.Ordinal).ToList() is { Count: > 0 } unknown)
{
    Console.Error.WriteLine($"No part is called {string.Join(", ", unknown)}. There are: {string.Join(", ", Suite.Parts)}.");
    return 1;
}

using var scratch = new Scratch();
var begun = Stopwatch.GetTimestamp();
Console.WriteLine("Measures Portico against its budgets on a PostgreSQL of its own, with full durability, and removes it afterwards. Close what else works on this machine.");
var report = new Report(Console.WriteLine);
Machine machine;
await using (var database = await TestCluster.NewDatabase())
    machine = await Machine.Of(database);
foreach (var (name, value) in machine.Facts)
    Console.WriteLine($"{name}: {value}");
if (machine.Lie is { } lie)
{
    Console.Error.WriteLine($"{lie}. Set TMPDIR to a folder on a disk.");
    return 1;
}
scratch.RemoveAtEnd();

var scale = args.Contains("--large", StringComparer.Ordinal) ? Scale.Large : Scale.Normal;
try
{
    await Suite.Run(report, scale, only, Option("--host"));
}
catch (Exception wrong)
{
    // In an orderly way, so that PostgreSQL stops and nothing is left.
    Console.Error.WriteLine($"What is to be measured does not work: {wrong}");
    return 1;
}

var over = report.Rows.Count(row => row.Within == false);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Rows.Count(row => row.Within == true)} within budget, {over} over, in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s."));
if (Option("--write") is { } file && only.Length == 0)
{
    await File.WriteAllTextAsync(file, report.Markdown(machine,
        $"""
        # Benchmarks

        Written by `./build.sh bench{(scale == Scale.Large ? " --large" : "")}`; do not edit. The budgets are the house's: ratios and counts within one run, never timed tests. Everything ran
        in this order in one run, {Stopwatch.GetElapsedTime(begun).TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s, on a PostgreSQL of its own with full durability.

        """.ReplaceLineEndings("\n")));
    Console.WriteLine($"Written: {Path.GetFileName(file)}");
}
return 0;
