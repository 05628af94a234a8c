using System.Globalization;

namespace PagOnLine.Emulator;

internal sealed class UsageException(string message) : Exception(message);

internal sealed record CommandLine
{
    public const string Help = """
        pagonline-emulator plays UniCredit's PagOnLine bank for tests.

          --urls URL                  where to listen, plain http; port 0 takes a free one (default http://127.0.0.1:5090)
          --mode MODE                 classic (initInsert.do) or imprese (SOAP: Init, Verify, Credit) (default classic)
          --journal FILE              writes the bank's journal there and starts from what it holds
          --listener URL              the shop's address for changes of state
          --listener-retries SECONDS  pauses before calling the listener again (default 1,5,30)
          --die-with-parent PID       stops when that process is gone
          --help                      this text
        """;

    public string Urls { get; private init; } = "http://127.0.0.1:5090";

    public bool Imprese { get; private init; }

    public string? JournalFile { get; private init; }

    public string? Listener { get; private init; }

    public IReadOnlyList<TimeSpan> ListenerRetries { get; private init; } = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30)];

    public int? Parent { get; private init; }

    public static CommandLine Parse(IReadOnlyList<string> args)
    {
        var line = new CommandLine();
        for (var at = 0; at < args.Count; at += 2)
        {
            var (name, value) = (args[at], at + 1 < args.Count ? args[at + 1] : throw new UsageException($"{args[at]} needs a value, or is unknown"));
            line = name switch
            {
                "--urls" => line with { Urls = Listening(value) },
                "--mode" => line with { Imprese = value is "classic" or "imprese" ? value == "imprese" : throw new UsageException("--mode is classic or imprese") },
                "--journal" => line with { JournalFile = value },
                "--listener" => line with { Listener = PaymentRequest.IsAddress(value) ? value : throw new UsageException("--listener takes an http or https address") },
                "--listener-retries" => line with { ListenerRetries = [.. value.Split(',').Select(Seconds)] },
                "--die-with-parent" => line with { Parent = Process(value) },
                _ => throw new UsageException($"unknown option {name}"),
            };
        }

        return line;
    }

    private static string Listening(string value)
        => value.Split(';').All(url => Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttp) ? value : throw new UsageException("--urls takes plain http addresses");

    private static TimeSpan Seconds(string value)
        => double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= 3600
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException("--listener-retries takes seconds, such as 1,5,30");

    private static int Process(string value)
        => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0 ? id : throw new UsageException("--die-with-parent takes a process id");
}
