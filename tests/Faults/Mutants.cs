using System.Diagnostics;
using System.Globalization;
using Platform.Testing;

namespace Portico.Faults;

/// <summary>A guard taken out of the product, and the tests that must notice.</summary>
/// <param name="Edits">File, the guard's text, what stands there without it. A text that is not found exactly once means that this list is out of date.</param>
internal sealed record Mutant(string Name, string Guard, string Tests, IReadOnlyList<(string File, string Text, string Without)> Edits)
{
    public static IReadOnlyList<Mutant> All { get; } =
    [
        new("key", "a due is held once, by primary key", nameof(PressureTests),
        [
            ("Platform.Payments/Migrations/V1__payments.sql",
                "primary key (entity_id, due_id), foreign key (entity_id, due_id, payment_id)", "primary key (entity_id, due_id, payment_id), foreign key (entity_id, due_id, payment_id)"),
            ("Platform.Payments/Checkout/Dues.cs", "on conflict (entity_id, due_id) do nothing\n                    returning", "on conflict (entity_id, due_id, payment_id) do nothing\n                    returning"),
        ]),
        new("lock", "the payment's row is locked while a message is applied", nameof(PressureTests),
            [("Platform.Payments/Checkout/GatewayFacts.cs", "where entity_id = @entity and payment_id = @payment for update", "where entity_id = @entity and payment_id = @payment")]),
        new("store", "a message is stored before it is applied", nameof(PressureTests),
            [("Platform.Payments/Checkout/GatewayFacts.cs", "var applied = await Store(sessions, message, creditor is null ? null : order, verdict, stop);", "var applied = false;")]),
        new("outbox", "the event is written in the transaction that changes the payment", nameof(FaultTests),
        [
            ("Platform.Core/Storage/EntitySession.cs",
                """
                        if (_raised.Count > 0 || _recorded.Count > 0 || (_otherwise is not null && _mayHaveWritten))
                            await WriteAndCommit();
                        else if (_transaction is not null)
                            await _transaction.CommitAsync(stop);
                """,
                """
                        if (_transaction is not null)
                            await _transaction.CommitAsync(stop);
                        if (_raised.Count == 0 && _recorded.Count == 0)
                            return;
                        (_boundRole, _transaction) = (null, await (await Open()).BeginTransactionAsync(stop));
                        await WriteAndCommit();
                """),
        ]),
        new("answer", "the bank's listener is answered after the commit", nameof(FaultTests),
            [("Platform.Payments/Pages/PaymentPages.cs", "await facts.Receive(gateway, new GatewayMessage(\"listener\", raw), CancellationToken.None);", "_ = facts.Receive(gateway, new GatewayMessage(\"listener\", raw), CancellationToken.None);")]),
    ];
}

/// <summary>Proves that the tests can fail: builds a copy of the working tree without one guard after the other, and wants to see them red.</summary>
internal static class Mutants
{
    public static async Task<int> Run(string? only, Action<string> tell)
    {
        var source = Path.GetFullPath(Path.Combine(TestCluster.Artifacts, ".."));
        var copy = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"portico-mutants-{Environment.ProcessId}"));
        try
        {
            await Copy(source, copy);
            var survivors = 0;
            tell("| Guard taken out | Tests | Seen |\n|---|---|---|");
            if (only is null)
            {
                var (built, words) = await Build(copy);
                var (green, seen) = built ? await Test(copy, $"{nameof(PressureTests)}|FullyQualifiedName~{nameof(FaultTests)}") : (false, words);
                tell($"| none | all | {(green ? "green, as it must be" : $"**RED**: {seen}")} |");
                survivors += green ? 0 : 1;
            }
            foreach (var mutant in Mutant.All.Where(mutant => only is null || mutant.Name == only))
            {
                var originals = await Apply(copy, mutant);
                var (built, words) = await Build(copy);
                var (green, seen) = built ? await Test(copy, mutant.Tests) : (true, words);
                tell($"| {mutant.Guard} | {mutant.Tests} | {(green ? $"**NOT NOTICED** {seen}" : $"red: {seen}")} |");
                survivors += green ? 1 : 0;
                foreach (var (file, text) in originals)
                    await File.WriteAllTextAsync(file, text);
            }
            return survivors == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>What git knows or would add, as it stands now; fetched packages are shared.</summary>
    static async Task Copy(string source, string copy)
    {
        var (code, files) = await Command(source, "git", "ls-files", "-co", "--exclude-standard");
        if (code != 0)
            throw new InvalidOperationException($"git: {files}");
        foreach (var file in files.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(file => File.Exists(Path.Combine(source, file))))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(copy, file))!);
            File.Copy(Path.Combine(source, file), Path.Combine(copy, file));
        }
        Directory.CreateSymbolicLink(Path.Combine(copy, "node_modules"), Path.Combine(source, "node_modules"));
    }

    static async Task<IReadOnlyList<(string File, string Text)>> Apply(string copy, Mutant mutant)
    {
        var originals = new List<(string, string)>();
        foreach (var (name, text, without) in mutant.Edits)
        {
            var file = Path.Combine(copy, name);
            var before = await File.ReadAllTextAsync(file);
            if (before.Split(text).Length != 2)
                throw new InvalidOperationException($"{name} does not hold the guard \"{mutant.Name}\" exactly once any more: bring the list in Mutants.cs up to date.");
            originals.Add((file, before));
            await File.WriteAllTextAsync(file, before.Replace(text, without, StringComparison.Ordinal));
        }
        return originals;
    }

    static async Task<(bool Ok, string Words)> Build(string copy)
    {
        var (code, words) = await Command(copy, "dotnet", "build", "tests/Faults", "-c", "Release", "-v", "q", "-nologo", "-p:UseSharedCompilation=false", "-nodeReuse:false");
        return (code == 0, code == 0 ? "" : "does not compile: " + (words.Split('\n').FirstOrDefault(line => line.Contains("error", StringComparison.Ordinal)) ?? "").Trim());
    }

    static async Task<(bool Green, string Seen)> Test(string copy, string tests)
    {
        var (code, words) = await Command(copy, "dotnet", "test", "tests/Faults", "-c", "Release", "--no-build", "--nologo", "--logger", "console;verbosity=normal", "--filter", $"FullyQualifiedName~{tests}");
        var lines = words.Split('\n').Select(line => line.Trim()).ToList();
        var failed = lines.Where(line => line.StartsWith("Failed ", StringComparison.Ordinal)).Select(line => line[7..].Split(" [")[0]);
        var why = lines.SkipWhile(line => line != "Error Message:").Skip(1).FirstOrDefault() ?? "";
        // Red for another reason than a test that failed proves nothing of the guard.
        if (code != 0 && !failed.Any())
            throw new InvalidOperationException($"The tests did not run to their end: {words[^Math.Min(words.Length, 2000)..]}");
        return (code == 0, $"{string.Join(", ", failed)}: {(why.Length > 160 ? why[..160] + "…" : why)}".Replace('|', '/'));
    }

    static async Task<(int Code, string Words)> Command(string folder, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var words = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await words + errors);
    }
}
