using System.Diagnostics;

namespace PagOnLine.Emulator.Tests;

/// <summary>The program as a process: its line, its signals, its parent.</summary>
internal sealed class ProgramTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [TestCase("-TERM")]
    [TestCase("-INT")]
    public async Task It_tells_where_it_listens_and_stops_clean_on_a_signal(string signal)
    {
        using var bank = Run("--urls", "http://127.0.0.1:0");
        (await bank.StandardOutput.ReadLineAsync().WaitAsync(Patience)).Should().MatchRegex("^PagOnLine emulator listens on http://127.0.0.1:[0-9]+$");
        using var kill = Process.Start("kill", [signal, bank.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await bank.WaitForExitAsync().WaitAsync(Patience);
        bank.ExitCode.Should().Be(0);
        (await bank.StandardError.ReadToEndAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task A_port_in_use_is_told_in_one_line()
    {
        await using var first = await RunningBank.Start();
        using var second = Run("--urls", first.Http.BaseAddress!.GetLeftPart(UriPartial.Authority));
        var said = await second.StandardError.ReadToEndAsync().WaitAsync(Patience);
        await second.WaitForExitAsync().WaitAsync(Patience);
        second.ExitCode.Should().Be(1);
        said.Trim().Should().StartWith("The emulator cannot start:").And.NotContain("\n");
        (await second.StandardOutput.ReadToEndAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task It_dies_with_its_parent()
    {
        using var parent = Process.Start("sleep", ["600"]);
        using var bank = Run("--urls", "http://127.0.0.1:0", "--die-with-parent", parent.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        (await bank.StandardOutput.ReadLineAsync().WaitAsync(Patience)).Should().Contain("listens");
        bank.HasExited.Should().BeFalse();
        parent.Kill();
        await bank.WaitForExitAsync().WaitAsync(Patience);
        bank.ExitCode.Should().Be(0);
    }

    [TestCase("--port", "1")]
    [TestCase("--urls")]
    [TestCase("--urls", "https://127.0.0.1:1")]
    [TestCase("--urls", "http://127.0.0.1:99999")]
    [TestCase("--listener", "nowhere")]
    [TestCase("--listener-retries", "soon")]
    [TestCase("--die-with-parent", "-1")]
    public void A_wrong_command_line_is_refused_in_words(params string[] args)
    {
        var parse = () => CommandLine.Parse(args);
        parse.Should().Throw<UsageException>().WithMessage("*--*");
    }

    private static Process Run(params string[] args)
    {
        // A shell that runs the tests in the background has them ignore SIGINT, and their children inherit it.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, "pagonline-emulator.dll"), .. args]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        return Process.Start(start)!;
    }
}
